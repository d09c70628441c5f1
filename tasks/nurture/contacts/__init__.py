"""Contacts of agencies: their category, and whether they may be written to."""
