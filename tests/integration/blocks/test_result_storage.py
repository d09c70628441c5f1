"""Prefect keeps the results of steps in the blob store, whichever store it is."""

import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator

import pytest
from prefect import get_client

from blocks.blob_store import BlobStore
from blocks.configured import DOCUMENT

FLOW = textwrap.dedent(
    """
    from prefect import flow, task

    @task(persist_result=True, cache_key_fn=lambda context, parameters: "{key}")
    def double(number):
        print("executed")
        return number * 2

    @flow
    def doubling():
        return double({number})

    assert doubling() == 42
    """
)
ASYNC_FLOW = (
    FLOW.replace("def double(", "async def double(")
    .replace("def doubling(", "async def doubling(")
    .replace("return double(", "return await double(")
    .replace("doubling() ==", "__import__('asyncio').run(doubling()) ==")
)


@pytest.fixture
def api(prefect_api: dict[str, str]) -> str:
    return prefect_api["PREFECT_API_URL"]


@pytest.fixture(params=["folder", "s3"])
def store(request, api, tmp_path) -> Iterator[BlobStore]:
    if request.param == "s3":
        store = request.getfixturevalue("s3").store("results")
    else:
        store = BlobStore(storage_url=tmp_path.as_uri())
    document = store.save(DOCUMENT, overwrite=True)
    yield store
    with get_client(sync_client=True) as client:
        client.delete_block_document(document)


def run(program: str, api: str) -> int:
    """Runs the program in a process of its own and counts the executions of its step."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "PREFECT_API_URL": api,
        "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK": f"groundwork-blob-store/{DOCUMENT}",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
    }
    source = "import blocks.blob_store\n" + program
    result = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.count("executed")


@pytest.mark.parametrize("flow", [FLOW, ASYNC_FLOW], ids=["sync", "async"])
def test_a_step_done_in_one_process_is_not_executed_in_the_next(store, api, flow):
    key = f"7:double:{uuid.uuid4()}"
    program = flow.format(key=key, number=21)
    assert run(program, api) == 1
    assert store.exists(key)
    assert run(program, api) == 0
