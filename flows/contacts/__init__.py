"""Jobs of the contacts application."""
