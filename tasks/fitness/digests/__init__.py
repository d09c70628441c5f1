"""Digests: what others did to a member's posts, in one mail."""
