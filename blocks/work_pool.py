"""The work pool of jobs that name no other."""

WORK_POOL = "groundwork"
