"""Jobs, one per file."""

import blocks  # noqa: F401 - switches telemetry off before Prefect is imported
