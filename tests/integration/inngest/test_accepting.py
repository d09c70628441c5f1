"""``POST /e/{event_key}``: what is accepted, and what the inbox has then."""

import json
import time
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.blocks.ulid import id_of, ulid_of
from groundwork.deployments.gateway.seed import HEADER
from tests.integration.inngest.conftest import BEARER_KEY, GLOBEX_KEY, KEY, ORGANIZATIONS_KEY
from tests.integration.inngest.wire import accepted, new_seed, refused, stored, user_created

VECTOR = "1743130137367,eii2YKXRVTJPuA=="
"""A seed, whose first three ids are known from Inngest's own server."""


def test_a_single_event_is_answered_with_its_id(client: httpx.Client) -> None:
    [id] = accepted(client.post(f"/e/{KEY}", json=user_created()))
    [event] = stored()
    assert ulid_of(event.id) == id
    assert (event.name, event.workspace_id, event.source) == ("app/user.created", "acme", "moving")
    assert event.data == {"workspaceId": "acme", "email": "ada@example.com"}


def test_the_ids_of_a_batch_are_those_of_the_seed_in_the_order_of_the_request(client: httpx.Client) -> None:
    batch = [user_created(f"{number}@example.com") for number in range(3)]
    assert accepted(client.post(f"/e/{KEY}", json=batch, headers={HEADER: VECTOR})) == [
        "01JQDAE4RQF8MBCR55T5AK4KXS",
        "01JQDAE4RQF8MBCR55T5AK4KXT",
        "01JQDAE4RQF8MBCR55T5AK4KXV",
    ]
    assert [each.data["email"] for each in stored()] == ["0@example.com", "1@example.com", "2@example.com"]


@pytest.mark.parametrize("seed", ["", "x", "1743130137367,", "1743130137367,AAAA", f"{2**60},eii2YKXRVTJPuA=="])
def test_a_malformed_seed_is_passed_over(client: httpx.Client, seed: str) -> None:
    first, second = (accepted(client.post(f"/e/{KEY}", json=user_created(), headers={HEADER: seed})) for _ in range(2))
    assert first != second


def test_five_thousand_events_at_once(client: httpx.Client) -> None:
    batch = [user_created(f"{number}@example.com") for number in range(5_000)]
    ids = accepted(client.post(f"/e/{KEY}", json=batch, headers={HEADER: new_seed()}))
    assert len(set(ids)) == 5_000
    emails = {ulid_of(each.id): each.data["email"] for each in stored()}
    assert [emails[each] for each in ids] == [f"{number}@example.com" for number in range(5_000)]


def test_nothing_at_all_is_accepted_as_nothing(client: httpx.Client) -> None:
    assert accepted(client.post(f"/e/{KEY}", json=[])) == []


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "application/octet-stream", "x/y; z="])
def test_the_content_type_of_json_does_not_matter(client: httpx.Client, content_type: str) -> None:
    body = b" \r\n\t" + json.dumps(user_created()).encode()
    accepted(client.post(f"/e/{KEY}", content=body, headers={"Content-Type": content_type}))


def test_forms_are_events(client: httpx.Client) -> None:
    fields = {"name": "app/user.created", "workspaceId": "acme", "email": "form@example.com"}
    accepted(client.post(f"/e/{KEY}", data=fields))
    accepted(client.post(f"/e/{KEY}", files={name: (None, value) for name, value in fields.items()}))
    assert [each.data["email"] for each in stored()] == ["form@example.com"] * 2


def test_what_clients_of_every_version_add_is_passed_over(client: httpx.Client) -> None:
    event = user_created(
        user={"external_id": "usr_1"},
        v="2024-01-01",
        ts=int(time.time() * 1000),
        meta={"sessions": {"a": "b"}, "propagated_sessions": {}},
        whatever=[1],
    )
    event["data"]["_inngest"] = {"name": "internal"}
    headers = {
        "User-Agent": "inngest-js:v4.24.0",
        "x-inngest-sdk": "inngest-js:v4.24.0",
        "x-inngest-sdk-handled": "true",
        "x-inngest-env": "a-branch",
        "x-inngest-platform": "vercel",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    accepted(client.post(f"/e/{KEY}", json=event, headers=headers))
    assert stored()[0].data == {"workspaceId": "acme", "email": "ada@example.com"}


@pytest.mark.parametrize("nothing", [{"id": None}, {"id": ""}, {"ts": None}, {"ts": 0}, {"user": None}, {"v": None}])
def test_null_is_like_a_field_that_is_missing(client: httpx.Client, nothing: dict[str, object]) -> None:
    before = datetime.now(UTC)
    accepted(client.post(f"/e/{KEY}", json=user_created(**nothing)))
    assert before <= stored()[0].occurred_at <= datetime.now(UTC)


def test_an_event_of_the_future_starts_its_jobs_then(client: httpx.Client) -> None:
    with database().transaction() as connection:
        connection.execute(text("INSERT INTO groundwork.job (name, event_name) VALUES ('greet', 'app/user.created')"))
    later = int((time.time() + 3600) * 1000)
    accepted(client.post(f"/e/{KEY}", json=user_created(ts=later)))
    with database().transaction() as connection:
        row = connection.execute(text("SELECT state, not_before FROM groundwork.delivery")).one()
    assert row.state == "scheduled"
    assert row.not_before == datetime.fromtimestamp(later / 1000, UTC)


@pytest.mark.parametrize("name", ["shop/order.placed", "ORDER_PLACED", "orderPlaced", "Order Placed!"])
def test_a_type_is_sent_under_its_name_and_under_its_aliases(client: httpx.Client, name: str) -> None:
    accepted(client.post(f"/e/{KEY}", json={"name": name, "data": {"workspaceId": "acme", "orderId": "1"}}))
    assert [each.name for each in stored()] == ["shop/order.placed"]


def test_aliases_are_good_for_post_events_and_stand_in_the_catalogue(client: httpx.Client) -> None:
    bearer = {"Authorization": f"Bearer {BEARER_KEY}"}
    event = {"name": "ORDER_PLACED", "data": {"workspaceId": "acme", "orderId": "1"}}
    assert client.post("/events", json=event, headers=bearer).status_code == 202
    assert [each.name for each in stored()] == ["shop/order.placed"]
    catalogue = {each["name"]: each for each in client.get("/catalogue", headers=bearer).json()["events"]}
    assert catalogue["shop/order.placed"]["aliases"] == ["ORDER_PLACED", "orderPlaced", "Order Placed!"]
    assert "ORDER_PLACED" not in catalogue


@pytest.mark.parametrize(
    ("key", "event", "workspace", "data"),
    [
        (KEY, {"name": "lead_scored", "data": {"orgId": "acme", "score": 1}}, "acme", {"score": 1}),
        (KEY, {"name": "crm/lead.scored", "data": {"orgId": 42, "score": 1}}, "42", {"score": 1}),
        (
            KEY,
            {"name": "crm/lead.scored", "data": {"orgId": "acme", "workspaceId": "acme", "score": 1}},
            "acme",
            {"score": 1},
        ),
        (KEY, {"name": "shop/tenant.calculated", "user": {"tenant": "acme"}}, "acme", {}),
        (GLOBEX_KEY, {"name": "app/user.created", "data": {"email": "a@b.c"}}, "globex", {"email": "a@b.c"}),
        (
            ORGANIZATIONS_KEY,
            {"name": "lead_scored", "data": {"orgId": "acme", "score": 1}},
            "acme",
            {"score": 1},
        ),
        (
            ORGANIZATIONS_KEY,
            {"name": "app/user.created", "data": {"email": "a@b.c", "organization": {"id": "acme", "name": "Acme"}}},
            "acme",
            {"email": "a@b.c"},
        ),
        (
            ORGANIZATIONS_KEY,
            {"name": "shop/tenant.calculated", "user": {"tenant": "acme"}, "data": {"organization": {"id": "acme"}}},
            "acme",
            {"organization": {"id": "acme"}},
        ),
    ],
    ids=["of the type", "a number", "said twice", "of the user", "of the key", "the type's first", "deeper", "a field"],
)
def test_the_workspace_is_found_where_it_is_declared(
    client: httpx.Client, key: str, event: dict[str, object], workspace: str, data: dict[str, object]
) -> None:
    accepted(client.post(f"/e/{key}", json=event))
    [found] = stored()
    assert found.workspace_id == workspace
    assert found.data == {"workspaceId": workspace} | data


@pytest.mark.parametrize(
    ("key", "event", "told"),
    [
        (KEY, {"name": "app/user.created", "data": {"email": "a@b.c"}}, "/data/workspaceId: the workspace of"),
        (KEY, {"name": "app/user.created", "data": {"email": "a@b.c", "orgId": "acme"}}, "workspace_from"),
        (KEY, {"name": "lead_scored", "data": {"workspaceId": "acme", "score": 1}}, "/data/orgId: the workspace of"),
        (KEY, {"name": "lead_scored", "data": {"orgId": "acme", "workspaceId": "globex", "score": 1}}, "another"),
        (KEY, {"name": "lead_scored", "data": {"orgId": {"id": "acme"}, "score": 1}}, "/data/orgId"),
        (KEY, {"name": "lead_scored", "data": {"orgId": True, "score": 1}}, "/data/orgId"),
        (KEY, {"name": "lead_scored", "data": {"orgId": "a/b", "score": 1}}, "'/'"),
        (KEY, {"name": "shop/tenant.calculated", "user": {"tenant": None}}, "/user/tenant"),
        (ORGANIZATIONS_KEY, {"name": "app/user.created", "data": {"email": "a@b.c"}}, "/data/organization/id"),
    ],
)
def test_a_workspace_that_is_not_where_it_is_declared_is_not_guessed(
    client: httpx.Client, key: str, event: dict[str, object], told: str
) -> None:
    assert told in refused(client.post(f"/e/{key}", json=event), 400)
    assert stored() == []


def test_a_ulid_finds_its_event(client: httpx.Client) -> None:
    [id] = accepted(client.post(f"/e/{KEY}", json=user_created(), headers={HEADER: new_seed()}))
    bearer = {"Authorization": f"Bearer {BEARER_KEY}"}
    found = client.get(f"/events/{id}", headers=bearer).json()
    assert (found["id"], found["name"], found["unknown"]) == (str(id_of(id)), "app/user.created", False)
    assert client.get(f"/events/{id_of(id)}", headers=bearer).json() == found
