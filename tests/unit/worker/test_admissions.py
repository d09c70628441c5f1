"""The worker looks until it has taken on as many runs as the relay has posted."""

import asyncio
from collections.abc import Set
from uuid import UUID

from groundwork.deployments.worker.admissions import look_eagerly


def test_a_run_that_is_being_taken_on_while_the_worker_looks_again_counts_once():
    slow, late = UUID(int=1), UUID(int=2)
    looks: list[Set[UUID]] = [set(), {slow}, {slow}, {slow}, {late}]

    async def look() -> Set[UUID]:
        return looks.pop(0)

    asyncio.run(look_eagerly(2, look, lambda: 0))
    assert looks == []


def test_what_is_posted_meanwhile_is_looked_for_too():
    first, second = UUID(int=1), UUID(int=2)
    looks: list[Set[UUID]] = [{first}, {second}]
    posted = [1, 0]

    async def look() -> Set[UUID]:
        return looks.pop(0)

    asyncio.run(look_eagerly(1, look, lambda: posted.pop(0)))
    assert looks == []
