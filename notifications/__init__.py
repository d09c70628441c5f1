"""Notifications: templates, and the one way to send them."""

from notifications.user import notify_once, notify_user

__all__ = ["notify_once", "notify_user"]
