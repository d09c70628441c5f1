"""An agency for tests that need no database."""

from datetime import time
from typing import Any

from groundwork.tasks.nurture.agency import Agency


def agency(**fields: Any) -> Agency:
    said: dict[str, Any] = {
        "workspace_id": "acme",
        "name": "Acme Homes",
        "website": "https://www.acme-homes.example",
        "domains": ("acme.co.uk",),
        "email": "hello@acme-homes.example",
        "phone": "+44 20 7946 0123",
        "postal_address": "1 High Street",
        "time_zone": "Europe/London",
        "quiet_from": time(20),
        "quiet_until": time(8),
        "writing": "templates",
        "daily_budget_micros": 5_000_000,
        "half_life_days": 14.0,
        "warm_from": 20.0,
        "hot_from": 60.0,
        "hot_until": 45.0,
        "crm": "table",
        "crm_account": None,
        "webhook_url": None,
        "webhook_secret_version": 1,
    }
    return Agency(**said | fields)
