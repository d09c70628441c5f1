"""Each part in a process of its own, started by its command."""
