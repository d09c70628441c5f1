"""What a job talks to. Every other package imports this one first, before it can import Prefect."""

import os

from groundwork.blocks.telemetry import switch_telemetry_off

switch_telemetry_off(os.environ)
