"""What a provider's messages mean, by declaration: a slip is told where it is written."""

from datetime import UTC, datetime
from typing import Any

import pytest

from groundwork.blocks.at_path import at_path
from groundwork.blocks.errors import ConfigurationError
from groundwork.events.base import Event
from groundwork.events.webhooks import Delivery, LeftOut, Malformed, Mapped, OneWorkspace, Source, Stripe, To, Told

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)


class OrderPlaced(Event, name="mapping-tests/order.placed"):
    """Somebody has ordered."""

    order_id: str
    total: int = 0


def delivered(value: Any, **headers: str) -> Delivery:
    return Delivery(value, repr(value).encode(), headers, "proof-id", NOW, NOW)


def test_a_field_that_the_event_has_not_is_refused_with_the_nearest():
    with pytest.raises(ConfigurationError, match="no field 'order', did you mean 'order_id'"):
        To(OrderPlaced, order="id")
    with pytest.raises(ConfigurationError, match="no field 'workspace_id'"):
        To(OrderPlaced, order_id="id", workspace_id="id")


def test_a_required_field_that_no_path_gives_is_refused():
    with pytest.raises(ConfigurationError, match="say where order_id is"):
        To(OrderPlaced, total="total")


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.b", 1), ("a.c", None), ("a.b.c", None), ("list.1.x", 2), ("list.9.x", None), ("list.x", None),
     ("list.-1", None), ("list.99999999999999999999", None), ("", None), ("a", {"b": 1}), ("list.²", None)],
)  # fmt: skip
def test_a_path_leads_to_what_is_there_and_else_to_nothing(path: str, found: Any):
    assert at_path({"a": {"b": 1}, "list": [{"x": 1}, {"x": 2}]}, path) == found


def test_the_kind_may_be_a_header_and_the_id_the_proofs():
    mapped = Mapped(kind="header:X-Event", events={"order": To(OrderPlaced, order_id="id")})
    [told] = mapped(delivered({"id": "o-1"}, **{"x-event": "order"}))
    assert isinstance(told, Told)
    assert (told.identity, told.values, told.at) == (("order", "proof-id"), {"order_id": "o-1"}, NOW)
    assert list(mapped(delivered({}, **{"x-event": "other"}))) == [LeftOut("other")]
    for headers in ({}, {"x-event": ""}, {"x-event": "x" * 600}):
        with pytest.raises(Malformed, match="it has no header:X-Event"):
            list(mapped(delivered({}, **headers)))


@pytest.mark.parametrize("message_id", [None, True, 1.5, {}, [], "", "x" * 600])
def test_a_declared_id_that_is_missing_is_malformed(message_id: Any):
    mapped = Mapped(kind="kind", id="id", events={"order": To(OrderPlaced, order_id="o")})
    with pytest.raises(Malformed, match="it has no id"):
        list(mapped(delivered({"kind": "order", "id": message_id, "o": "o-1"})))


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        (1764028800, datetime(2025, 11, 25, tzinfo=UTC)),
        (1764028800000, datetime(2025, 11, 25, tzinfo=UTC)),
        ("1764028800", datetime(2025, 11, 25, tzinfo=UTC)),
        ("2025-11-25T01:00:00+01:00", datetime(2025, 11, 25, tzinfo=UTC)),
        ("2025-11-25T00:00:00Z", datetime(2025, 11, 25, tzinfo=UTC)),
        ("2025-11-25T00:00:00", datetime(2025, 11, 25, tzinfo=UTC)),
        ("yesterday", None),
        (1e300, None),
        ([], None),
        (None, None),
    ],
)
def test_a_time_is_read_in_the_forms_that_providers_send(at: Any, moment: datetime | None):
    mapped = Mapped(kind="kind", at="at", events={"order": To(OrderPlaced, order_id="o")})
    [told] = mapped(delivered({"kind": "order", "at": at, "o": "o-1"}))
    assert isinstance(told, Told)
    assert told.at == moment


def test_a_source_says_whose_its_messages_are_or_is_refused():
    mapped = Mapped(kind="kind", events={})
    with pytest.raises(TypeError, match="workspaces"):
        Source(name="shop", proof=Stripe(), read=mapped)
    for name in ("Shop", "my_shop", "a/b", "", "-x", "x--y", "x" * 61):
        with pytest.raises(ConfigurationError, match="is no name"):
            Source(name=name, proof=Stripe(), read=mapped, workspaces=OneWorkspace("acme"))
    with pytest.raises(ConfigurationError, match="2xx"):
        Source(name="shop", proof=Stripe(), read=mapped, workspaces=OneWorkspace("acme"), status=302)
    with pytest.raises(ValueError, match="no WorkspaceId"):
        OneWorkspace("a/b")
