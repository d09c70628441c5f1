"""Webhooks of agencies: signed as the Standard Webhooks specification says, and kept from our own network."""
