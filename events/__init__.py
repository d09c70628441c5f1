"""Event types, and the inbox."""

import blocks  # noqa: F401 - switches telemetry off before Prefect is imported
