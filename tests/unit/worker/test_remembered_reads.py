"""What a worker has read it does not ask for again, for a moment."""

import asyncio
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.responses import DeploymentResponse

from groundwork.deployments.worker.remembered_reads import remembering


class Prefect:
    """Answers, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False

    async def read(self, of: UUID) -> DeploymentResponse:
        self.asked += 1
        if self.away:
            raise ConnectionError("Prefect is away")
        return DeploymentResponse(id=of, name="d", flow_id=uuid4(), job_variables={"env": {}}, concurrency_options=None)


def test_two_runs_of_a_moment_ask_once_and_one_gets_nothing_of_the_other():
    prefect = Prefect()
    read = remembering(prefect.read, 60)

    async def two(of: UUID) -> DeploymentResponse:
        first = await read(of)
        first.job_variables["env"]["OF_THE_FIRST"] = "1"
        return await read(of)

    assert asyncio.run(two(uuid4())).job_variables == {"env": {}}
    assert prefect.asked == 1


def test_it_asks_again_later_and_of_something_else():
    prefect = Prefect()
    read, of = remembering(prefect.read, 60), uuid4()
    asyncio.run(read(of))
    asyncio.run(read(uuid4()))
    assert prefect.asked == 2
    read = remembering(prefect.read, 0)
    asyncio.run(read(of))
    asyncio.run(read(of))
    assert prefect.asked == 4


def test_an_error_is_not_remembered():
    prefect = Prefect()
    read, of = remembering(prefect.read, 60), uuid4()
    prefect.away = True
    with pytest.raises(ConnectionError):
        asyncio.run(read(of))
    prefect.away = False
    assert asyncio.run(read(of)).id == of
