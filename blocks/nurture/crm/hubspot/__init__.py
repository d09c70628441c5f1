"""HubSpot, by its official client."""
