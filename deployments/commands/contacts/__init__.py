"""Commands of the contacts application."""
