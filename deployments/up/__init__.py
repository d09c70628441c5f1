"""``groundwork up``: every part on one machine, in the foreground."""
