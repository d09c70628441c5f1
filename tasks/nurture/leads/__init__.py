"""Leads: engagement, intent scores, and alerts of hot ones."""
