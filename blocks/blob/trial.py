"""The blobs of one probe, and what is tried on them."""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx

from groundwork.blocks.blob.store import BlobStore

PREFIX = "store-probe"
"""The folder of all probes. Each has one of its own in it, which it deletes."""

_SMALL = bytes(range(256)) * 4
_AGAIN = _SMALL[::-1]
_FIRST = _SMALL * (5 * 1024)
"""A part of 5 MiB, the least that S3 takes of a part that is not the last."""
_LAST = b"the end"
_SEAM = 5
"""Bytes on each side of where two parts meet."""
_REFUSED = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM)
"""Errors of a store that is there, and does not take the request."""
_LINK_SECONDS = 30.0

_OTHER_CONTENT = (
    "The store, or a proxy before it, changes what it is sent: set GROUNDWORK_S3_CHECKSUMS=required; if that is set, "
    "use a newer version of the store"
)
_NEEDS = "Give the key the rights of docs/blocks.md, or use a store that has this"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing to try.

    Attributes:
        name: for people.
        problem: tries it, and says what is wrong with its outcome.
        needed: jobs fail without it.
        cure: what to do where the store refuses it.
    """

    name: str
    problem: Callable[[], str | None]
    needed: bool = True
    cure: str = _NEEDS

    def refused(self, error: Exception) -> bool:
        """Whether the error is the answer of a store that is there."""
        return isinstance(error, OSError) and error.errno in _REFUSED


class Trial:
    """One probe of a store.

    Args:
        store: which one.
        folder: of its blobs, ending in ``/``.

    Attributes:
        wrote: whether the store took a blob.
    """

    def __init__(self, store: BlobStore, folder: str) -> None:
        self._store = store
        self._folder = folder
        self.wrote = False
        self._small, self._large, self._dropped = (f"{folder}{name}" for name in ("small", "large", "dropped"))

    @property
    def location(self) -> str:
        """Where its blobs are, for people."""
        return self._store.location(self._folder.rstrip("/"))

    def small_attempts(self) -> list[Attempt]:
        """What a few small requests tell."""
        return [
            Attempt("write a blob and read it back", self._write),
            Attempt("read a range", self._range),
            Attempt("list by prefix", self._list),
            Attempt("notice a blob that is written again", self._change),
            Attempt("delete a blob", self._delete),
        ]

    def all_attempts(self) -> list[Attempt]:
        """Everything that jobs do."""
        *before, deletion = self.small_attempts()
        return [
            *before,
            Attempt("complete an upload of two parts", self._upload),
            Attempt("find and abort an unfinished upload", self._abort, needed=False),
            Attempt("download by a link", self._link, needed=False),
            deletion,
        ]

    def tidy_up(self) -> None:
        """Delete what is left, as far as the store lets one.

        Raises:
            Exception: something was not deleted; the first of the store's errors.
        """
        errors: list[Exception] = []
        for key in (self._small, self._large, self._dropped):
            try:
                self._store.delete(key)
            except Exception as error:
                errors.append(error)
        try:
            for key, upload_id in self._store.pending_uploads(self._folder):
                self._store.abort_upload(key, upload_id)
        except Exception as error:
            errors.append(error)
        if errors:
            raise errors[0]

    def _write(self) -> str | None:
        self._store.write_path(self._small, _SMALL)
        self.wrote = True
        return _differs(self._store.read_path(self._small), _SMALL)

    def _range(self) -> str | None:
        return self._seam(self._small, _SMALL, len(_SMALL) // 2)

    def _seam(self, key: str, content: bytes, middle: int) -> str | None:
        with self._store.open(key) as stream:
            stream.seek(middle - _SEAM)
            return _differs(stream.read(2 * _SEAM), content[middle - _SEAM : middle + _SEAM])

    def _list(self) -> str | None:
        found = list(self._store.list(self._folder))
        return None if found == [self._small] else f"{found[:3]} instead of [{self._small!r}]. {_NEEDS}"

    def _change(self) -> str | None:
        before = self._store.stat(self._small).etag
        self._store.write_path(self._small, _AGAIN)
        if self._store.stat(self._small).etag != before:
            return None
        return (
            "its etag stays the same, so that a job could read half of each. Use a store whose etags follow the content"
        )

    def _upload(self) -> str | None:
        upload_id = self._store.begin_upload(self._large)
        etags = [self._store.upload_part(self._large, upload_id, n, part) for n, part in enumerate((_FIRST, _LAST), 1)]
        size = len(_FIRST) + len(_LAST)
        self._store.complete_upload(self._large, upload_id, etags, size=size)
        content = self._store.read_path(self._large)
        return _differs(content, _FIRST + _LAST) or self._seam(self._large, content, len(_FIRST))

    def _abort(self) -> str | None:
        upload_id = self._store.begin_upload(self._dropped)
        self._store.upload_part(self._dropped, upload_id, 1, _LAST)
        listed = (self._dropped, upload_id) in self._store.pending_uploads(self._folder)
        self._store.abort_upload(self._dropped, upload_id)
        if not listed:
            return "unfinished uploads are not listed. Let the store end them by a rule of its own"
        left = self._store.pending_uploads(self._folder)
        return f"{len(left)} are left after it. Let the store end them by a rule of its own" if left else None

    def _link(self) -> str | None:
        if self._store.is_folder:
            return None  # the gateway serves it, which need not run yet
        url = self._store.download_url(self._small, filename="probe.txt", expires_in=timedelta(minutes=5))
        try:
            answer = httpx.get(url, timeout=_LINK_SECONDS)
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}. Links lead to the endpoint, which readers of mails have to reach"
        if answer.status_code != httpx.codes.OK:
            return f"status {answer.status_code}: {answer.text[:200]}. Check the region and the clock of this machine"
        if "attachment" not in answer.headers.get("content-disposition", ""):
            return "the file name is left out. Browsers save the file under its key, or show it"
        return _differs(answer.content, _AGAIN)

    def _delete(self) -> str | None:
        self._store.delete(self._small)
        return f"it is still there. {_NEEDS}" if self._store.exists(self._small) else None


def _differs(found: bytes, expected: bytes) -> str | None:
    if found == expected:
        return None
    return f"{len(found):,} bytes come back that are not the {len(expected):,} that were written. {_OTHER_CONTENT}"
