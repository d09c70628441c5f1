"""The group-committing writer, on its own: groups, bad neighbours, a full queue, an orderly end."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError

from groundwork.blocks.database import database
from groundwork.deployments.gateway import writer as writer_module
from groundwork.deployments.gateway.writer import GroupWriter, QueueFull
from groundwork.events.inbox import NewEvent
from tests.integration.gateway.events import someone_waits_for_a_lock, stored_events

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def new_event(dedupe_id: str, import_id: str = "imp_1") -> NewEvent:
    return NewEvent(
        name="import/csv.confirmed",
        workspace_id="acme",
        user_id="u",
        data={"importId": import_id},
        dedupe_id=dedupe_id,
        occurred_at=datetime.now(UTC),
        source="test",
    )


@contextmanager
def inbox_locked() -> Iterator[None]:
    """No event can be stored meanwhile."""
    with database().engine.connect() as connection:
        connection.execute(text("LOCK TABLE groundwork.event IN SHARE MODE"))
        yield
        connection.rollback()


async def until_the_writer_waits_for_the_lock() -> None:
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(someone_waits_for_a_lock):
            await asyncio.sleep(0.01)


def transactions() -> int:
    """How many transactions have written events: each has its own xmin."""
    with database().transaction() as connection:
        return connection.execute(text("SELECT count(DISTINCT xmin::text) FROM groundwork.event")).scalar_one()


async def test_requests_that_wait_together_share_one_commit(db: object) -> None:
    writer = GroupWriter()
    with inbox_locked():
        first = writer.submit([new_event("0")], 1)
        await until_the_writer_waits_for_the_lock()
        others = [writer.submit([new_event(f"{n}a"), new_event(f"{n}b")], 1) for n in range(50)]
    answers = await asyncio.gather(first, *others)
    writer.close()

    assert [len(answer) for answer in answers] == [1] + [2] * 50
    assert len({entry.id for answer in answers for entry in answer}) == stored_events() == 101
    assert transactions() == 2


async def test_one_bad_request_does_not_fail_the_others_of_its_group(db: object) -> None:
    writer = GroupWriter()
    with inbox_locked():
        first = writer.submit([new_event("0")], 1)
        await until_the_writer_waits_for_the_lock()
        good = writer.submit([new_event("good")], 1)
        bad = writer.submit([new_event("half"), new_event("bad", import_id="\0")], 1)
        last = writer.submit([new_event("last")], 1)
    await asyncio.gather(first, good, last)
    with pytest.raises(DataError):
        await bad
    writer.close()
    assert stored_events() == 3


async def test_a_full_queue_refuses_and_takes_requests_again_later(db: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "WAITING_REQUESTS", 2)
    writer = GroupWriter()
    with inbox_locked():
        under_way = writer.submit([new_event("0")], 1)
        await until_the_writer_waits_for_the_lock()
        waiting = [writer.submit([new_event(str(n))], 1) for n in (1, 2)]
        with pytest.raises(QueueFull):
            writer.submit([new_event("3")], 1)
    await asyncio.gather(under_way, *waiting)
    assert len(await writer.submit([new_event("4")], 1)) == 1
    writer.close()


async def test_the_bytes_that_wait_are_bounded_too(db: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "WAITING_BYTES", 100)
    writer = GroupWriter()
    with inbox_locked():
        under_way = writer.submit([new_event("0")], 1)
        await until_the_writer_waits_for_the_lock()
        larger_than_the_bound_but_alone = writer.submit([new_event("1")], 1000)
        with pytest.raises(QueueFull):
            writer.submit([new_event("2")], 1)
    await asyncio.gather(under_way, larger_than_the_bound_but_alone)
    writer.close()


async def test_closing_writes_what_waits_and_takes_nothing_more(db: object) -> None:
    writer = GroupWriter()
    with inbox_locked():
        first = writer.submit([new_event("0")], 1)
        await until_the_writer_waits_for_the_lock()
        waiting = [writer.submit([new_event(str(n))], 1) for n in range(1, 20)]
        closed = asyncio.create_task(asyncio.to_thread(writer.close))
    await closed
    assert len(await asyncio.gather(first, *waiting)) == 20
    assert stored_events() == 20
    with pytest.raises(QueueFull):
        writer.submit([new_event("late")], 1)


async def test_a_request_given_up_by_its_sender_disturbs_nobody(db: object) -> None:
    writer = GroupWriter()
    with inbox_locked():
        given_up = writer.submit([new_event("0")], 1)
        await until_the_writer_waits_for_the_lock()
        given_up.cancel()
        other = writer.submit([new_event("1")], 1)
    await other
    writer.close()
    assert stored_events() == 2
