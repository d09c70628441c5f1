"""What ``groundwork demo nurture`` shows."""
