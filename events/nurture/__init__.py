"""Event types of the nurture application."""
