"""Event types of the fitness application."""
