"""Where an event, as Inngest's clients send it, says its workspace: a path such as ``data.orgId``."""

WORKSPACE_PATTERN = r"^(data|user)(\.[^.\s]+)+$"
"""Paths begin at the event, in its data or its user: ``data.workspaceId``, ``data.organization.id``."""
