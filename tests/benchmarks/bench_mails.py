"""A digest of thousands: to a local Postfix, and to servers that are away."""

import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.errors import ConfigurationError, MailsNotSent
from groundwork.blocks.mail.connection import TimeLimits
from groundwork.blocks.process_cache import forget
from groundwork.events.contacts.digests import WeeklyDigestDue
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.notifications.samples import sample_values
from groundwork.tasks.mail_round import MailedRound, mail_round
from tests.benchmarks.inbox_only import inbox_only
from tests.factories import delivery_of, flow_run_id, register_job
from tests.integration.blocks.postfix import Postfix, postfix

DESCRIPTION = (
    "One try of a weekly digest's step for 5,000 users, with its chart, ledger and looks at who still wants it: "
    "(a) to a local Postfix that throws the mails away, over the default of 4 connections, and for a tenth of them "
    "with a connection each, one after the other; (b) to a port at which nobody listens; (c) to a server that takes "
    "calls and says nothing, whose greeting is waited for 10 s in place of 5 minutes."
)
_SILENCE = 10.0
_OF_EACH = ("user", "unsubscribe_url")
"""What each mail has of its own, which the sample has, too."""


def run(quick: bool) -> dict[str, Any]:
    """Measure; with a tenth of the users if quick.

    Raises:
        ConfigurationError: Postfix is not installed, or this is not root.
    """
    if shutil.which("postfix", path=f"{os.environ['PATH']}:/usr/sbin") is None or os.geteuid() != 0:
        raise ConfigurationError("bench mails needs Postfix, and root to start one: apt-get install postfix")
    users = 500 if quick else 5_000
    with inbox_only() as db:
        register_job(db, "send-weekly-digest", "digest/week.due")
        ids = _add_users(db, users)
        figures = _before(db, ids[: users // 10]) | _to_postfix(db, ids)
        return figures | _away(db, ids) | _silent(db, ids)


def _to_postfix(db: Database, ids: list[str]) -> dict[str, Any]:
    with postfix() as server, _served(server):
        seconds = _timed(db, ids)
        taken = server.delivered(len(ids))
        return {
            "digests_per_second": len(ids) / seconds,
            "seconds": seconds,
            "mails": len(taken),
            "mails_by_message_id": server.different_mails,
            "connections": server.connections - 1,
        }


def _before(db: Database, ids: list[str]) -> dict[str, Any]:
    with postfix() as server, _served(server, MAILS_PER_CONNECTION="1", MAIL_CONNECTIONS="1"):
        seconds = _timed(db, ids)
        return {"one_connection_each_per_second": len(ids) / seconds}


def _away(db: Database, ids: list[str]) -> dict[str, Any]:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with _environment(SMTP_URL=f"smtp://127.0.0.1:{nobody.getsockname()[1]}"):
            return {"away_seconds": _timed(db, ids, fails=True)}


def _silent(db: Database, ids: list[str]) -> dict[str, Any]:
    from groundwork.blocks.mail import connection

    usual, connection.LIMITS = connection.LIMITS, TimeLimits(connect=_SILENCE)
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as silent,
            _environment(SMTP_URL=f"smtp://127.0.0.1:{silent.getsockname()[1]}"),
        ):
            return {"silent_seconds": _timed(db, ids, fails=True)}
    finally:
        connection.LIMITS = usual


def _timed(db: Database, ids: list[str], *, fails: bool = False) -> float:
    """Seconds of one try, by a delivery of its own."""
    event_id = send(WeeklyDigestDue(workspace_id=WorkspaceId("acme"), week="2026-W47"))
    admit(10)
    attempt = claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id()))
    assert attempt is not None
    values = {name: each for name, each in sample_values("weekly_digest").items() if name not in _OF_EACH}
    with attempt.as_current():
        began = time.perf_counter()
        try:
            result: MailedRound | None = mail_round("weekly_digest", ids, values)
        except MailsNotSent:
            result = None
        seconds = time.perf_counter() - began
    assert (result is None) == fails
    attempt.settle({})
    return seconds


@contextmanager
def _served(server: Postfix, **settings: str) -> Iterator[None]:
    with _environment(SMTP_URL=server.url, **settings):
        yield


@contextmanager
def _environment(**settings: str) -> Iterator[None]:
    ours = {f"GROUNDWORK_{name}": value for name, value in settings.items()}
    os.environ.update(ours)
    forget()
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]
        forget()


def _add_users(db: Database, number: int) -> list[str]:
    with db.transaction() as connection:
        found = connection.execute(
            text(
                "INSERT INTO app.app_user (id, workspace_id, email, name)"
                " SELECT 'user-' || n, 'acme', 'user-' || n || '@example.com', 'User ' || n"
                " FROM generate_series(1, :number) AS n RETURNING id"
            ),
            {"number": number},
        )
        return list(found.scalars())
