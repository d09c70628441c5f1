"""What ``groundwork demo platform`` shows."""
