"""Blocks of the nurture application."""
