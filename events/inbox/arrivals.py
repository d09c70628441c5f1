"""What has arrived that jobs wait for: events, and the ends of other jobs' deliveries."""

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

_MOST = 1000
"""Arrivals of one look."""
_LOOKS = 20
"""Looks of one admission, so that others get their turn."""


def answer_waits(connection: Connection) -> None:
    """Answer the waits that what has arrived fits, and let their deliveries go on. The caller holds the admission.

    An arrival is written in the transaction of what it is about, and a wait looks back after it was set up: the one
    that comes to be seen last sees the other.
    """
    for _ in range(_LOOKS):
        arrived = connection.execute(_statement("take_arrivals"), {"most": _MOST}).all()
        if not arrived:
            return
        in_order = sorted(arrived, key=lambda row: row.id)
        events = [row.event_id for row in in_order if row.event_id]
        ends = [row.delivery_id for row in in_order if row.delivery_id]
        answered = [
            *connection.execute(_statement("answer_by_events"), {"event_ids": events}).scalars(),
            *connection.execute(_statement("answer_by_ends"), {"delivery_ids": ends}).scalars(),
        ]
        if answered:
            connection.execute(_statement("wake"), {"delivery_ids": answered})
        if len(arrived) < _MOST:
            return
