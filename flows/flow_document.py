"""A job's flow control as the inbox's statements read it: ``groundwork.job.flow_control``."""

from typing import TYPE_CHECKING, Any

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.base import Event

if TYPE_CHECKING:
    from groundwork.flows.flow_control import FlowControl


def document(flow: "FlowControl", on: type[Event]) -> dict[str, Any]:
    """The document; keys are fields of the wire form, times are seconds. What a job does without is left out.

    ``limits`` are those that the view ``groundwork.job_limit`` lists, and ``key_fields`` the fields that they count by.
    """
    limits = _limits(flow, on)
    fields = sorted({each["field"] for each in limits if "field" in each})
    said = {
        **_grouping(flow, on),
        "limits": limits,
        "key_fields": fields,
        "throttle": flow.throttle
        and {"limit": flow.throttle.limit, "period": flow.throttle.period}
        | ({"field": wire_name(on, flow.throttle.key)} if flow.throttle.key else {}),
        "rate_limit": flow.rate_limit
        and {"limit": flow.rate_limit.limit, "period": flow.rate_limit.period}
        | ({"field": wire_name(on, flow.rate_limit.key)} if flow.rate_limit.key else {}),
        "priority": flow.priority_by
        and {"field": wire_name(on, flow.priority_by.field)}
        | ({} if flow.priority_by.values is None else {"values": dict(flow.priority_by.values)}),
        "keeps_place": flow.keeps_place or None,
        "expires": flow.expires,
        "idempotency": flow.idempotency
        and {
            "field": wire_name(on, flow.idempotency.key),
            "seconds": flow.idempotency.seconds,
            "free_on_failure": flow.idempotency.free_on_failure,
        },
        "cancel_on": _cancelling(flow, on),
    }
    return {name: value for name, value in said.items() if value not in (None, [])}


def wire_name(event: type[Event], field: str) -> str:
    """The name that a field of an event has in JSON.

    Raises:
        ConfigurationError: the event has no such field.
    """
    if not field:
        raise ConfigurationError(f"@job: key={field!r} names no field of {event.__name__}; leave it out to have no key")
    found = event.model_fields.get(field)
    if found is None:
        raise ConfigurationError(
            f"@job: {event.__name__} has no field {field!r} to be a key; it has {', '.join(event.model_fields)}"
        )
    return found.alias or field


def _grouping(flow: "FlowControl", on: type[Event]) -> dict[str, Any]:
    grouping = flow.debounce or flow.singleton
    return {
        "flow_key": grouping and (wire_name(on, grouping.key) if grouping.key else ""),
        "debounce": flow.debounce and {"seconds": flow.debounce.seconds, "longest": flow.debounce.longest},
        "singleton": flow.singleton and flow.singleton.mode,
    }


def _cancelling(flow: "FlowControl", on: type[Event]) -> dict[str, Any] | None:
    """``event`` and ``field`` are the first one's; ``others`` has the fields of those behind it by event."""
    fields = {each.event.event_name: wire_name(each.event, each.key) for each in flow.cancelled_by}
    if not fields:
        return None
    (event, field), *others = fields.items()
    said: dict[str, Any] = {"event": event, "field": field, "own_field": wire_name(on, flow.cancelled_by[0].key)}
    return said | ({"others": dict(others)} if others else {})


def _limits(flow: "FlowControl", on: type[Event]) -> list[dict[str, Any]]:
    lanes: dict[str, int] = {}
    for lane in flow.lanes:
        if lane.key is not None:
            field = wire_name(on, lane.key)
            lanes[field] = min(lane.limit, lanes.get(field, lane.limit))
    limits: list[dict[str, Any]] = [
        {"kind": "lane", "field": field, "most": most, "per_workspace": True} for field, most in lanes.items()
    ]
    if flow.throttle and flow.throttle.key:
        limits.append(
            {
                "kind": "throttle",
                "field": wire_name(on, flow.throttle.key),
                "most": flow.throttle.limit,
                "period": flow.throttle.period,
                "per_workspace": True,
            }
        )
    for pool in flow.pools:
        for most, per_workspace in ((pool.limit, False), (pool.per_workspace, True)):
            if most is not None:
                limits.append({"kind": "pool", "name": pool.name, "most": most, "per_workspace": per_workspace})
    return limits
