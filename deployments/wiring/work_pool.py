"""The work pool of every job. Free of Prefect, whose import costs more than a second."""

WORK_POOL = "groundwork"
