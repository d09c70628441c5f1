"""Sources of webhooks of the fitness application."""
