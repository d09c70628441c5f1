"""Scores of training load and strength."""
