"""Steps, and the functions that they call."""

import groundwork.blocks  # noqa: F401 - switches telemetry off before Prefect is imported
