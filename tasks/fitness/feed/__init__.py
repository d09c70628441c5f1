"""Feeds: activities reach those who follow their actor, and are read in pages."""
