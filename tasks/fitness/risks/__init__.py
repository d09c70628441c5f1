"""Risks: figures held against the thresholds of a workspace."""
