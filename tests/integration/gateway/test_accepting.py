"""What a sender gets for good events, and what the inbox has then."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import httpx
from sqlalchemy import text

from groundwork.blocks.database import database
from tests.integration.gateway.events import encoded, event, stored_events

Send = Callable[..., httpx.Response]


def test_one_event_is_answered_with_its_id_once_it_is_committed(client: httpx.Client) -> None:
    response = client.post("/events", json=event())

    assert response.status_code == 202
    answer = response.json()
    assert answer == {"ids": [str(UUID(answer["ids"][0]))], "accepted": 1, "duplicates": 0}
    with database().transaction() as connection:
        row = connection.execute(text("SELECT * FROM groundwork.event")).one()
    assert str(row.id) == answer["ids"][0]
    assert (row.name, row.workspace_id, row.user_id) == ("import/csv.confirmed", "acme", "usr_1")
    assert row.data["importId"] == "imp_1"
    assert row.source == "application"


def test_a_batch_is_answered_with_ids_in_the_order_of_the_request(client: httpx.Client) -> None:
    response = client.post("/events", json=[event(f"imp_{number}") for number in range(1000)])

    ids = response.json()["ids"]
    assert response.status_code == 202
    assert response.json()["accepted"] == len(ids) == 1000
    with database().transaction() as connection:
        imports = dict(connection.execute(text("SELECT id::text, data->>'importId' FROM groundwork.event")).all())
    assert [imports[each] for each in ids] == [f"imp_{number}" for number in range(1000)]


def test_an_event_with_a_known_id_is_answered_with_the_first_id(client: httpx.Client) -> None:
    first = client.post("/events", json=event(id="order-17")).json()
    second = client.post("/events", json=event(id="order-17"))

    assert second.status_code == 202
    assert second.json() == {"ids": first["ids"], "accepted": 0, "duplicates": 1}
    assert stored_events() == 1


def test_an_id_that_a_batch_repeats_is_stored_once(client: httpx.Client) -> None:
    answer = client.post("/events", json=[event(id="a"), event(id="b"), event(id="a")]).json()

    assert answer["ids"][0] == answer["ids"][2] != answer["ids"][1]
    assert (answer["accepted"], answer["duplicates"]) == (2, 1)


def test_the_same_id_in_another_workspace_is_another_event(client: httpx.Client) -> None:
    client.post("/events", json=event(id="a", workspace="acme"))
    assert client.post("/events", json=event(id="a", workspace="globex")).json()["accepted"] == 1


def test_an_event_of_the_future_starts_its_jobs_then(client: httpx.Client) -> None:
    with database().transaction() as connection:
        connection.execute(
            text("INSERT INTO groundwork.job (name, event_name) VALUES ('process-csv', 'import/csv.confirmed')")
        )
    later = int((time.time() + 3600) * 1000)

    assert client.post("/events", json=event(ts=later)).status_code == 202

    with database().transaction() as connection:
        not_before = connection.execute(text("SELECT not_before FROM groundwork.delivery")).scalar_one()
    assert not_before == datetime.fromtimestamp(later / 1000, UTC)


def test_the_answer_comes_only_after_the_commit(client: httpx.Client, gateway_url: str) -> None:
    with database().engine.connect() as locked:
        locked.execute(text("LOCK TABLE groundwork.event IN SHARE MODE"))
        with httpx.Client(base_url=gateway_url, headers=client.headers, timeout=0.5) as impatient:
            try:
                impatient.post("/events", json=event(id="held-back"))
            except httpx.ReadTimeout:
                answered = False
            else:
                answered = True
        locked.rollback()
    assert not answered
    assert client.post("/events", json=event(id="held-back")).json()["duplicates"] == 1


def test_text_of_every_script_arrives_as_it_was_sent(client: httpx.Client, send: Send) -> None:
    client.post("/events", json=event("naïve ß 日本 Ωmega"))
    send(encoded(event("naïve ß 日本 Ωmega", id="escaped")))
    with database().transaction() as connection:
        imports = connection.execute(text("SELECT data->>'importId' FROM groundwork.event")).scalars().all()
    assert imports == ["naïve ß 日本 Ωmega"] * 2
