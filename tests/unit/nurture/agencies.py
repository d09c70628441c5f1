"""Agencies for tests."""

from datetime import time
from typing import Any

from groundwork.tasks.nurture.agency import Agency

DEFAULTS: dict[str, Any] = {
    "workspace_id": "acme",
    "name": "Harbour & Hill",
    "website": "https://harbour.example",
    "domains": ("harbour.example",),
    "email": "hello@harbour.example",
    "phone": None,
    "postal_address": "1 Quay, Bristol",
    "time_zone": "Europe/London",
    "quiet_from": time(20),
    "quiet_until": time(8),
    "writing": "templates",
    "daily_budget_micros": 0,
    "half_life_days": 14.0,
    "warm_from": 20.0,
    "hot_from": 60.0,
    "hot_until": 45.0,
    "crm": "table",
    "crm_account": None,
    "webhook_url": None,
    "webhook_secret_version": 1,
}


def agency(**columns: Any) -> Agency:
    return Agency(**DEFAULTS | columns)
