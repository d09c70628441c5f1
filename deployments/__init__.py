"""What runs: gateway, relay, worker, all of it on one machine, and the command line."""

import groundwork.blocks  # noqa: F401 - switches telemetry off before Prefect is imported
