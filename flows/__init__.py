"""Jobs, one per file."""

import groundwork.blocks  # noqa: F401 - switches telemetry off before Prefect is imported
