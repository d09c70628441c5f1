"""``groundwork hosts``."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundwork.deployments.commands.options import HomeOption, JsonOption, inbox

if TYPE_CHECKING:
    from groundwork.events.inbox.hosts import HostStatus


def hosts(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the flow runs that carry light deliveries: what they have at work, and what they have ended.

    Example:

      groundwork hosts
    """
    from groundwork.events.inbox.hosts import hosts as found

    with inbox(home) as connection:
        there = found(connection)
    if as_json:
        print(json.dumps([asdict(each) for each in there], default=str))
    else:
        print("\n".join(map(_line, there)) or "No host is there: there was no light work for a while.")


def _line(host: "HostStatus") -> str:
    kind = "interactive" if host.interactive else "bulk"
    if host.flow_run_id is None or host.began_at is None:
        return f"{kind:<12} asked for {_ago(host.asked_at)} ago"
    leaving = ", about to end" if host.leaving_at else ""
    return (
        f"{kind:<12} {host.in_use} of {host.places} places in use, {host.settled:,} ended in {_ago(host.began_at)}"
        f"{leaving}, flow run {host.flow_run_id}"
    )


def _ago(moment: datetime) -> str:
    return f"{(datetime.now(UTC) - moment).total_seconds():.0f} s"
