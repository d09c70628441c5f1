"""Traces, as a collector of OpenTelemetry receives them."""
