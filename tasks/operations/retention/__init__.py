"""Retention: what has ended long ago is forgotten."""
