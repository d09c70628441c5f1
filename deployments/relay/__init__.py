"""The relay: admits deliveries from the inbox as far as lanes and workers have room, and tells Prefect.

Inbox and Prefect each know part of how a run ended; these modules bring the side that is behind up to date:

- ``ended_runs``: the inbox is behind. Prefect saw the run end, and the delivery still counts as in flight.
- ``dead_runs``: Prefect is behind. The process is gone and holds no lease, and the run still counts as running.
- ``cancelled_runs``: Prefect is behind. The delivery was cancelled in the inbox, and its run goes on.
"""
