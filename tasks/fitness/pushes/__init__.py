"""Scores and alerts, pushed to an endpoint of the workspace's own as Standard Webhooks."""
