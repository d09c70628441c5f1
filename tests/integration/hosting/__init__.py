"""The installation of ``compose.yaml``: each container's command as a process of its own, with its environment."""
