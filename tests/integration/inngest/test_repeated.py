"""What is sent again: by a client that tries again (its seed), and by an application (the event's id)."""

import threading
from collections.abc import Callable
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.blocks.settings import settings
from groundwork.blocks.ulid import id_of
from groundwork.deployments.gateway.seed import HEADER
from groundwork.events.inbox.accept import accept
from groundwork.events.inbox.unknown import keep_unknown
from tests.integration.gateway.events import someone_waits_for_a_lock
from tests.integration.inngest.conftest import ACME_KEY, BEARER_KEY, GLOBEX_KEY, KEY, ORGANIZATIONS_KEY
from tests.integration.inngest.wire import accepted, kept, new_seed, stored, user_created


@pytest.fixture
def send(client: httpx.Client) -> Callable[..., list[str]]:
    def post(events: object, seed: str | None = None, key: str = KEY) -> list[str]:
        return accepted(client.post(f"/e/{key}", json=events, headers={HEADER: seed} if seed else {}))

    return post


Send = Callable[..., list[str]]


def test_a_request_that_is_tried_again_is_stored_once_and_answered_with_the_first_ids(send: Send) -> None:
    seed = new_seed()
    batch = [user_created(), user_created()]
    assert send(batch, seed) == send(batch, seed) == send(batch, seed)
    assert len(stored()) == 2


def test_the_seed_of_a_key_counts_by_index_whatever_the_event_says(send: Send) -> None:
    seed = new_seed()
    first = send([user_created("one@example.com"), user_created("two@example.com")], seed)
    assert send([user_created("other@example.com", workspace="globex")], seed) == first[:1]
    assert len(stored()) == 2


def test_the_same_seed_of_another_key_is_another_request_and_takes_no_event_from_it(send: Send) -> None:
    seed = new_seed()
    event = {"name": "app/user.created", "data": {"email": "a@b.c"}}
    [neighbours] = send(event, seed, GLOBEX_KEY)
    [own] = send(user_created(), seed, ACME_KEY)
    assert own != neighbours
    assert send(user_created(), seed, ACME_KEY) == [own]
    assert send(event, seed, GLOBEX_KEY) == [neighbours]
    assert [each.workspace_id for each in stored()] == ["globex", "acme"]


def test_an_id_counts_within_its_workspace_whatever_the_name(send: Send) -> None:
    first = send(user_created(id="once"), new_seed())
    order = {"name": "shop/order.placed", "id": "once", "data": {"workspaceId": "acme", "orderId": "1"}}
    assert send(order, new_seed()) == first
    assert send(order) == first
    assert send(user_created(id="once", workspace="globex")) != first
    assert [each.workspace_id for each in stored()] == ["acme", "globex"]


def test_an_id_that_a_batch_repeats_is_stored_once(send: Send) -> None:
    ids = send([user_created(id="a"), user_created(id="b"), user_created(id="a"), user_created()], new_seed())
    assert ids[0] == ids[2]
    assert len(set(ids)) == 3
    assert len(stored()) == 3


def test_an_id_that_came_by_post_events_is_known(client: httpx.Client, send: Send) -> None:
    bearer = {"Authorization": f"Bearer {BEARER_KEY}"}
    first = client.post("/events", json=user_created(id="moving"), headers=bearer).json()["ids"]
    [again] = send(user_created(id="moving"))
    assert [str(id_of(again))] == first
    assert len(stored()) == 1


def test_no_job_runs_twice_for_what_is_sent_again(send: Send) -> None:
    with database().transaction() as connection:
        connection.execute(text("INSERT INTO groundwork.job (name, event_name) VALUES ('greet', 'app/user.created')"))
    seed = new_seed()
    for _ in range(3):
        send([user_created(id="a"), user_created()], seed)
    with database().transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM groundwork.delivery")).scalar_one() == 2


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("by", ["seed", "id"])
def test_gateways_that_get_the_same_at_the_same_time_store_it_once(
    send: Send, monkeypatch: pytest.MonkeyPatch, by: str, unknown: bool
) -> None:
    """One gateway's transaction is open while the other one's begins: the unique index has the second one wait."""
    if unknown:
        monkeypatch.setattr(settings(), "unknown_events", "store")
    seed = new_seed() if by == "seed" else None
    event = user_created(id="once") if by == "id" else user_created()
    if unknown:
        event["name"] = "not/yet.known"
    other: list[list[str]] = []
    with database().engine.connect() as connection:
        first = _store_as_another_gateway(connection, event, seed)
        thread = threading.Thread(target=lambda: other.append(send(event, seed)))
        thread.start()
        while not someone_waits_for_a_lock():
            assert thread.is_alive()
        connection.commit()
    thread.join()
    assert [id_of(each) for each in other[0]] == [first]
    assert len(stored()) + len(kept()) == 1


def _store_as_another_gateway(connection: object, event: dict[str, object], seed: str | None) -> UUID:
    from groundwork.deployments.gateway.inngest_events import read_inngest_events
    from groundwork.deployments.gateway.seed import seed_of
    from groundwork.events.inbox.unknown import UnknownEvent
    from tests.integration.inngest.conftest import ingest_keys

    sender = ingest_keys().find(KEY)
    assert sender
    [new] = read_inngest_events(event, 100, sender, seed_of(seed))
    if isinstance(new, UnknownEvent):
        return keep_unknown(connection, [new])[0].id  # type: ignore[arg-type]
    return accept(connection, [new])[0].id  # type: ignore[arg-type]


def test_many_at_once_with_one_seed_and_with_one_id(send: Send) -> None:
    seed = new_seed()
    answers: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(send([user_created(), user_created(id="x")], seed)))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert len({tuple(each) for each in answers}) == 1
    assert len(stored()) == 2


def test_an_id_of_ones_own_choice_never_takes_the_place_of_another_keys_event(send: Send) -> None:
    """A stranger who knows the id of an event can write a seed that makes it."""
    [victim] = send(user_created(), None, ACME_KEY)
    made = id_of(victim)
    assert made
    import base64

    entropy = bytearray(made.bytes[6:])
    entropy[6:10] = ((int.from_bytes(entropy[6:10], "big") - 1) % 2**32).to_bytes(4, "big")
    seed = f"{made.int >> 80},{base64.b64encode(bytes(entropy)).decode()}"
    organization = {"organization": {"id": "evil"}}
    event = {"name": "shop/tenant.calculated", "user": {"tenant": "evil"}, "data": organization}
    [other] = send(event, seed, ORGANIZATIONS_KEY)
    assert other != victim
    assert send(event, seed, ORGANIZATIONS_KEY) == [other]
    assert {each.workspace_id for each in stored()} == {"acme", "evil"}
