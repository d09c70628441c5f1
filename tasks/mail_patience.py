"""How long a mail waits for a server that puts it off: four hours, without holding a worker for it.

Greylisting takes minutes, a server's restart or a full queue up to hours. Steps of batches, which cannot wait without
their run, have less.
"""

RETRIES = 14
"""Tries after the first: after 2, 4, 8 s and so on, from the eleventh on once in an hour."""
FIRST_DELAY = 2.0
"""Seconds."""
LONGEST_DELAY = 3600.0
"""Seconds. Too low: a server that is down all night is asked again and again."""
