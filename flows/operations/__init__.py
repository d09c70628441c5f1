"""Flows that look after Groundwork itself."""
