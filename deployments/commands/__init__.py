"""The commands of ``groundwork``, one per file."""
