"""Readings: one typed form for what every source measures, judged, and stored whatever the order of arrival."""
