"""Whether a blob store does what jobs need: tried on blobs of its own, before any work depends on it."""

import errno
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import httpx

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import ConfigurationError, GroundworkError, NonRetriable

logger = logging.getLogger(__name__)

PREFIX = "store-probe/"
"""Where the blobs of a probe are. Each has a folder of its own, which it deletes."""
_SHOWN = PREFIX.rstrip("/")
_FIRST = bytes(range(256)) * (5 * 4096)
"""A part of 5 MiB, the least that S3 takes of a part that is not the last."""
_LAST = b"the end"
_SEAM = 5
"""Bytes on each side of where two parts meet."""
_REFUSED = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
"""Errors of a store that is there, and does not take the request."""
_LINK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Check:
    """What one thing came to.

    Attributes:
        name: what was tried.
        needed: jobs fail without it; else something is only left behind, or mails have no link.
        problem: None where it works.
    """

    name: str
    needed: bool
    problem: str | None


def probe(store: BlobStore) -> list[Check]:
    """Try everything that jobs do with a store. Writes 5 MiB, and deletes it.

    Raises:
        Exception: the store is away; what its client raises then.
        ConfigurationError: it cannot be bound at all: no bucket, no credentials.
    """
    folder = f"{PREFIX}{uuid.uuid4()}/"
    trial = _Trial(store, folder)
    try:
        return list(trial.checks())
    finally:
        trial.tidy_up()


def refuse_unfit_store(store: BlobStore) -> None:
    """Probe a store at a start, unless it is a folder. A store that is away is a warning, since it may come back; so is
    what jobs can do without.

    Raises:
        ConfigurationError: the store does not do what jobs need.
    """
    if store.is_folder:
        return
    try:
        checks = probe(store)
    except GroundworkError:
        raise
    except Exception as error:
        # Each store's client has errors of its own for a server that is not reached.
        logger.warning("the blob store %s could not be tried: %s", store.location(_SHOWN), error)
        return
    for check in checks:
        if check.problem and not check.needed:
            logger.warning("the blob store lacks something: %s: %s", check.name, check.problem)
    if unfit := [check for check in checks if check.problem and check.needed]:
        raise ConfigurationError(
            f"the blob store {store.location(_SHOWN)} does not do what jobs need: "
            + "; ".join(f"{check.name}: {check.problem}" for check in unfit)
            + ". docs/blocks.md says which stores were tried"
        )


class _Trial:
    """One probe of a store, in a folder of its own."""

    def __init__(self, store: BlobStore, folder: str) -> None:
        self._store = store
        self._small = f"{folder}small"
        self._large = f"{folder}large"
        self._dropped = f"{folder}dropped"
        self._folder = folder

    def checks(self) -> Iterator[Check]:
        """Every check in turn. Where the first fails the others tell nothing, and are left out."""
        first = _tried("write a blob and read it back", self._write)
        yield first
        if first.problem:
            return
        yield _tried("list by prefix", self._list)
        yield _tried("complete an upload of two parts", self._upload)
        yield _tried("read a range", self._range)
        yield _tried("notice a blob that changes while it is read", self._change)
        yield _tried("find and abort an unfinished upload", self._abort, needed=False)
        yield _tried("download by a link", self._link, needed=False)
        yield _tried("delete a blob", self._delete)

    def tidy_up(self) -> None:
        """Delete what is left, as far as the store lets one."""
        for key in (self._small, self._large, self._dropped):
            with suppress(Exception):
                self._store.delete(key)
        with suppress(Exception):
            for key, upload_id in self._store.pending_uploads(self._folder):
                self._store.abort_upload(key, upload_id)

    def _write(self) -> str | None:
        self._store.write_path(self._small, _LAST)
        return _differs(self._store.read_path(self._small), _LAST)

    def _list(self) -> str | None:
        found = list(self._store.list(self._folder))
        return None if found == [self._small] else f"{found[:3]} instead of [{self._small!r}]"

    def _upload(self) -> str | None:
        upload_id = self._store.begin_upload(self._large)
        etags = [self._store.upload_part(self._large, upload_id, n, part) for n, part in enumerate((_FIRST, _LAST), 1)]
        stored = self._store.complete_upload(self._large, upload_id, etags)
        if stored.size != len(_FIRST) + len(_LAST):
            return f"{stored.size:,} bytes are stored of {len(_FIRST) + len(_LAST):,}"
        return _differs(self._store.read_path(self._large), _FIRST + _LAST)

    def _range(self) -> str | None:
        with self._store.open(self._large) as stream:
            stream.seek(len(_FIRST) - _SEAM)
            return _differs(stream.read(2 * _SEAM), _FIRST[-_SEAM:] + _LAST[:_SEAM])

    def _change(self) -> str | None:
        before = self._store.stat(self._small).etag
        self._store.write_path(self._small, _LAST[::-1])
        return "its etag stays the same" if self._store.stat(self._small).etag == before else None

    def _abort(self) -> str | None:
        upload_id = self._store.begin_upload(self._dropped)
        self._store.upload_part(self._dropped, upload_id, 1, _LAST)
        if (self._dropped, upload_id) not in self._store.pending_uploads(self._folder):
            return "unfinished uploads are not listed; let the store end them by a rule of its own"
        self._store.abort_upload(self._dropped, upload_id)
        left = self._store.pending_uploads(self._folder)
        return f"{len(left)} are left after it" if left else None

    def _link(self) -> str | None:
        if self._store.is_folder:
            return None  # the gateway serves it, which need not run yet
        url = self._store.download_url(self._small, filename="probe.txt", expires_in=timedelta(minutes=5))
        answer = httpx.get(url, timeout=_LINK_SECONDS)
        if answer.status_code != httpx.codes.OK:
            return f"status {answer.status_code}"
        if "attachment" not in answer.headers.get("content-disposition", ""):
            return "the file name is left out; a browser may show the file instead of saving it"
        return _differs(answer.content, _LAST[::-1])

    def _delete(self) -> str | None:
        self._store.delete(self._small)
        return "it is still there" if self._store.exists(self._small) else None


def _tried(name: str, attempt: Callable[[], str | None], *, needed: bool = True) -> Check:
    """The check of one attempt. What the store refuses is its problem; a store that is away goes through."""
    try:
        return Check(name, needed, attempt())
    except ConfigurationError:
        raise
    except (NonRetriable, ValueError, httpx.HTTPError) as error:
        return Check(name, needed, f"{type(error).__name__}: {error}")
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        return Check(name, needed, f"{error.strerror}")


def _differs(found: bytes, expected: bytes) -> str | None:
    if found == expected:
        return None
    return f"{len(found):,} bytes come back that are not the {len(expected):,} that were written"
