"""Peers, each run by the interpreter of an environment that has it, on the PostgreSQL that Groundwork is measured on.

A program here takes one of three commands and knows nothing of Groundwork:

``PROGRAM install URL`` makes its tables.
``PROGRAM enqueue URL STEPS NUMBER BATCH PAUSE`` enqueues jobs numbered from 0, so many in a transaction, and prints
JSON: seconds that it took, and by number when the job was there.
``PROGRAM work URL PLACES`` works until SIGTERM, and prints JSON: by number when a job began and when it had ended, and
CPU seconds. Times are seconds since the epoch.
"""
