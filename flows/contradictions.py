"""Options of a job that contradict each other, that say nothing, or that name fields which its event does not have; and
fields that a run cannot be given."""

from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.base import Event
from groundwork.flows.flow_document import wire_name
from groundwork.flows.limits import Lane, Pool, Priority

if TYPE_CHECKING:
    from groundwork.flows.flow_control import FlowControl

_TAKEN = {
    "delivery_id": "the relay gives to every run",
    "return_state": "Prefect gives to every run",
    "wait_for": "Prefect gives to every run",
}
"""Names that no field may have, since a run's parameters are the fields of its event."""


def check(flow: "FlowControl", on: type[Event]) -> None:
    """Refuse what a job cannot mean.

    Raises:
        ConfigurationError: says which option or field, and what to do.
    """
    _check_fields(on)
    _check_kinds(flow)
    _check_together(flow)
    _check_bounds(flow)
    for keyed in (
        *flow.lanes, flow.throttle, flow.rate_limit, flow.debounce, flow.singleton, flow.idempotency,
        *flow.cancelled_by,
    ):  # fmt: skip
        if keyed is not None and keyed.key is not None:
            wire_name(on, keyed.key)
    for each in flow.cancelled_by:
        wire_name(each.event, each.key)
    if flow.priority_by:
        _check_priority(flow.priority_by, on)


def _check_fields(on: type[Event]) -> None:
    for name, whose in _TAKEN.items():
        if field := on.model_fields.get(name):
            raise ConfigurationError(
                f"@job(on={on.__name__}): its field {name!r} has the name of a parameter that {whose}. Name it "
                f"otherwise; senders notice nothing if it keeps its name on the wire: "
                f'event_{name}: … = Field(alias="{field.alias or name}")'
            )


def _check_kinds(flow: "FlowControl") -> None:
    for lane in flow.lane if isinstance(flow.lane, tuple) else (flow.lane,):
        if isinstance(lane, bool) or not isinstance(lane, int | Lane):
            raise ConfigurationError(f"@job(lane={flow.lane!r}): a number, a Lane, or a tuple of them")
    if not flow.lanes:
        raise ConfigurationError("@job(lane=()): at least one limit; leave it out for one run at once")
    for pool in flow.pools:
        if not isinstance(pool, Pool):
            raise ConfigurationError(
                f"@job(pool={pool!r}): a Pool says its limit, as in OPENAI = Pool({str(pool)!r}, limit=10); give each "
                "job that shares it this object. A work pool of Prefect's is work_pool="
            )
    names = [each.name for each in flow.pools]
    if len(names) > len(set(names)):
        raise ConfigurationError(f"@job: two of its pools are named {max(names, key=names.count)!r}; drop one")
    if not isinstance(flow.priority_field, str | Priority | None):
        raise ConfigurationError(f"@job(priority_field={flow.priority_field!r}): the name of a field, or a Priority")


def _check_together(flow: "FlowControl") -> None:
    if flow.batch and (flow.singleton or flow.cancel_on):
        raise ConfigurationError("@job: batch goes with neither singleton nor cancel_on; drop one of them")
    if len({each.key for each in flow.cancelled_by}) > 1:
        raise ConfigurationError("@job: the events of cancel_on need the same key, since a delivery keeps one")
    events = [each.event.event_name for each in flow.cancelled_by]
    if len(events) > len(set(events)):
        raise ConfigurationError(f"@job: cancel_on names {max(events, key=events.count)} twice; drop one")
    if flow.debounce and flow.singleton and flow.debounce.key != flow.singleton.key:
        raise ConfigurationError("@job: debounce and singleton need the same key")
    if flow.debounce and flow.rate_limit:
        raise ConfigurationError(
            "@job: debounce goes without rate_limit, which would drop the last event, the one that is to run; use "
            "throttle instead"
        )


def _check_bounds(flow: "FlowControl") -> None:
    for option, name, least in (
        (flow.batch, "size", 2), (flow.batch, "wait", 0), (flow.debounce, "seconds", 0.001),
        (flow.idempotency, "seconds", 1),
    ):  # fmt: skip
        if option is not None and getattr(option, name) < least:
            raise ConfigurationError(f"@job: {type(option).__name__}({name}={getattr(option, name)}): at least {least}")
    if flow.expires is not None and flow.expires <= 0:
        raise ConfigurationError(f"@job(expires={flow.expires}): more than 0 seconds")


def _check_priority(priority: Priority, on: type[Event]) -> None:
    wire_name(on, priority.field)
    annotation = on.model_fields[priority.field].annotation
    if priority.values is None and not _may_be_number(annotation):
        raise ConfigurationError(
            f"@job(priority_field={priority.field!r}): {on.__name__}.{priority.field} is no number; say what its "
            f'values count: Priority({priority.field!r}, values={{"high": 10}})'
        )


def _may_be_number(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _may_be_number(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return any(map(_may_be_number, get_args(annotation)))
    if annotation is Any:
        return True
    return isinstance(annotation, type) and issubclass(annotation, int | float) and annotation is not bool
