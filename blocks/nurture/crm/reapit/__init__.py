"""Reapit Foundations, the platform behind AgencyCloud, by its REST API."""
