"""Where the results of steps are kept: in the blob store, under a prefix of their own, in a form that is data only.

Prefect writes and reads records that name the serializer to read them with, and obeys whatever record it finds. So what
is stored here is not such a record: it is a first line and the result as JSON. The record that Prefect is given is made
anew at each reading, with the serializer of the step in the code.
"""

import asyncio
import json
import logging
import re
from typing import Any, ClassVar, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from prefect.filesystems import WritableFileSystem
from prefect.results import ResultStore
from pydantic import PrivateAttr

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.errors import BlobMissing, GroundworkError
from groundwork.events.inbox import current_attempt
from groundwork.events.inbox.light_claim import earlier_results
from groundwork.tasks.step_serializer import MOST_BYTES, StepSerializer

logger = logging.getLogger(__name__)

PREFIX = "step-results/"
"""First part of the blob keys. Nothing else may be kept below it: retention deletes what it does not know."""

_FIRST_LINE = b"groundwork step result 1\n"
_KEY = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):[^/]+:[0-9a-f]{64}")


class ResultRefused(GroundworkError):
    """What lies where a step's result should be was not written by a step. The step runs again, and its result takes
    that place. Find out who else can write to the blob store."""


def result_key(delivery_id: UUID, work: str) -> str:
    """The key of a step's result for Prefect.

    Args:
        work: short name of the step, and a digest of its identity and inputs, ``name:digest``.
    """
    return f"{delivery_id}:{work}"


def delivery_of(blob_key: str) -> UUID | None:
    """The delivery whose result lies at a key of the blob store; None where it is no result."""
    match = _KEY.fullmatch(blob_key.removeprefix(PREFIX))
    return UUID(match[1]) if match else None


class StepResults(WritableFileSystem):
    """The results of one step, as the result storage that Prefect's tasks take.

    The store is that of the process, found when it is needed, so a worker needs no setting of Prefect's for it.
    """

    _block_type_name: ClassVar[str] = "Groundwork Step Results"
    _block_type_slug: ClassVar[str] = "groundwork-step-results"
    _serializer: StepSerializer = PrivateAttr()

    @classmethod
    def of(cls, serializer: StepSerializer) -> Self:
        """The results that this serializer reads and writes."""
        results = cls()
        results._serializer = serializer
        # Prefect takes a storage in code only if a server has saved it. This one is the same everywhere and has no
        # document: asking the server for it would cost each run a request.
        results._block_document_id = uuid5(NAMESPACE_URL, "groundwork:step-results")
        return results

    def read_path(self, path: str, _sync: bool = True) -> bytes:  # type: ignore[override]
        """The record of a result, for Prefect.

        Raises:
            BlobMissing: there is none.
            ResultRefused: what is there was not written by a step.
        """
        try:
            content = _read(path)
        except BlobMissing:
            if (kept := _of_light_run(path)) is None:
                raise
            content = kept
        try:
            return self._record(path, content)
        except Exception as error:  # whatever somebody planted there, the step can run again
            where = blob_store().location(PREFIX + path)
            logger.warning("refused %s, which is no result of a step: %s. The step runs again.", where, error)
            raise ResultRefused(f"{where} is no result of a step: {error}") from None

    async def aread_path(self, path: str) -> bytes:
        """Read as :meth:`read_path` does, off the event loop."""
        return await asyncio.to_thread(self.read_path, path)

    def write_path(self, path: str, content: bytes, _sync: bool = True) -> None:  # type: ignore[override]
        """Keep the result of a record of Prefect's.

        The error of a failed step comes here too, under a random key: it is dropped, since nobody reads it again. Inbox
        and Prefect have its text.
        """
        if _KEY.fullmatch(path) is not None:
            write_result(path, json.loads(content)["result"].encode(), self._serializer)

    async def awrite_path(self, path: str, content: bytes) -> None:
        """Write as :meth:`write_path` does, off the event loop."""
        await asyncio.to_thread(self.write_path, path, content)

    def _record(self, path: str, content: bytes) -> bytes:
        result = _result(content, self._serializer)
        store = ResultStore(result_storage=self, serializer=self._serializer)
        return store.create_result_record(result, key=path).serialize()


def write_result(key: str, text: bytes, serializer: StepSerializer) -> None:
    """Keep a result in the blob store; one that is too large is logged, and not kept.

    Args:
        key: see :func:`result_key`.
        text: of the result, as its serializer writes it.
    """
    result = _FIRST_LINE + text
    if len(result) > MOST_BYTES:
        logger.warning(
            "the result of %s has %s bytes and is not kept, so a later attempt does the step again; return at most "
            "%s, and put larger things into the blob store",
            serializer.step, f"{len(result):,}", f"{MOST_BYTES:,}",
        )  # fmt: skip
        return
    blob_store().write_path(PREFIX + key, result)


def read_result(key: str, serializer: StepSerializer) -> tuple[bool, Any]:
    """Whether a result is in the blob store, and what it is. What nobody can read is as if it were not there."""
    try:
        return True, _result(_read(key), serializer)
    except BlobMissing:
        return False, None
    except Exception as error:  # whatever the store has, the step can run again
        logger.warning("refused %s, which is no result of a step: %s. The step runs again.", PREFIX + key, error)
        return False, None


def kept_result(key: str, serializer: StepSerializer) -> tuple[Any] | None:
    """A result that is in the blob store; None where it is not, or cannot be read: whoever looks next says why."""
    try:
        return (_result(_read(key), serializer),)
    except Exception:  # whatever the store has, the step can run again
        return None


def _of_light_run(key: str) -> bytes | None:
    """A result that an earlier attempt has kept in the database, as a light run; None where there is none."""
    attempt = current_attempt()
    if attempt is None or attempt.token == 1:
        return None
    text = earlier_results(attempt).get(key.partition(":")[2])
    return None if text is None else _FIRST_LINE + text.encode()


def _read(key: str) -> bytes:
    with blob_store().open(PREFIX + key) as stream:
        content: bytes = stream.read(MOST_BYTES + 1)
    return content


def _result(content: bytes, serializer: StepSerializer) -> Any:
    if not content.startswith(_FIRST_LINE) or len(content) > MOST_BYTES:
        raise ValueError("it is not in the form in which steps write")
    return serializer.loads(content.removeprefix(_FIRST_LINE))
