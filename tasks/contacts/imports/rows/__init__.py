"""Rows: Arrow batches become contacts."""
