"""Event types of the contacts application."""
