"""The Python client, a distribution of its own: ``groundwork-client``."""
