"""Connections of members to providers of wearables: whose account it is, and the tokens that open it."""
