"""Whether a blob store does what jobs need: tried on blobs of its own, before any work depends on it."""

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.blob.trial import PREFIX, Attempt, Trial
from groundwork.blocks.errors import ConfigurationError, GroundworkError
from groundwork.blocks.settings import settings

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that each check may take. A store that hangs is told of after as many."""
PATIENCE_OF_A_START = 15.0
"""Seconds that all checks of a start may take. After them the start goes on, with a warning."""
_FAREWELL = 5.0
"""Seconds for deleting blobs in a store that gave no answer."""
_OLD = 3600
"""Seconds after which the blobs of a probe are what a killed one left."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one thing came to.

    Attributes:
        name: what was tried.
        needed: jobs fail without it; else something is only left behind, or mails have no link.
        problem: what is wrong and what to do; None where it works.
        answered: whether the store did answer. One that is away may come back.
    """

    name: str
    needed: bool
    problem: str | None = None
    answered: bool = True


def probe(store: BlobStore, *, patience: float = PATIENCE) -> Iterator[Check]:
    """Try everything that jobs do with a store: writes 5 MiB below ``store-probe/``, and deletes it.

    Each check comes as soon as it is done. When the first fails, or the store gives no answer, the others tell nothing
    and are left out.

    Args:
        store: which one.
        patience: seconds for each check.
    """
    _sweep(store)
    trial = Trial(store, _folder())
    return _tried(trial, trial.all_attempts(), patience)


def refuse_unshared_folder(store: BlobStore) -> None:
    """Refuse, in production mode, a folder that other machines may not see.

    Raises:
        ConfigurationError: it is one; the message has the ways.
    """
    now = settings()
    if now.in_production and now.database_url is not None and store.is_folder and not now.storage_shared:
        raise ConfigurationError(
            "production mode keeps no files in a folder that only this machine may see "
            f"({store.storage_url or 'that of the home'}): other "
            "machines would not find uploads, and would repeat finished steps. Set GROUNDWORK_STORAGE_URL to "
            "s3://bucket/prefix; or GROUNDWORK_STORAGE_SHARED=true, where all machines share the folder or this is the "
            "only one"
        )


def refuse_unfit_store(store: BlobStore, *, patience: float = PATIENCE_OF_A_START) -> None:
    """Try at a start what a few small requests tell of a store, unless it is a folder.

    A store that is away is a warning, since it may come back.

    Args:
        store: which one.
        patience: seconds for all of it.

    Raises:
        ConfigurationError: the store does not do what jobs need.
    """
    refuse_unshared_folder(store)
    if store.is_folder:
        return
    trial = Trial(store, _folder())
    problems = [check for check in _tried(trial, trial.small_attempts(), patience, for_all=True) if check.problem]
    for check in problems:
        if not check.answered or not check.needed:
            logger.warning("the blob store %s: %s: %s", store.location(PREFIX), check.name, check.problem)
    if unfit := [check for check in problems if check.answered and check.needed]:
        raise ConfigurationError(
            f"the blob store {store.location(PREFIX)} does not do what jobs need: "
            + "; ".join(f"{check.name}: {check.problem}" for check in unfit)
            + ". `groundwork store check` tries all of it; docs/blocks.md says which stores were tried"
        )


def _tried(trial: Trial, attempts: list[Attempt], patience: float, *, for_all: bool = False) -> Iterator[Check]:
    until = time.monotonic() + patience
    check: Check | None = None
    try:
        for attempt in attempts:
            first = check is None
            check = _within(until - time.monotonic() if for_all else patience, attempt)
            yield check
            if not check.answered or (check.problem and first):
                return
    finally:
        answers = check is None or check.answered
        left = _within(patience if answers else _FAREWELL, Attempt("delete what was written", trial.tidy_up))
        if left.problem and trial.wrote:
            logger.warning("a probe leaves blobs in %s, to be deleted: %s", trial.location, left.problem)


def _within(seconds: float, attempt: Attempt) -> Check:
    """The check of one attempt. It goes on by itself when its time is over, as a thread that ends with the process."""
    done: list[Check] = []
    thread = threading.Thread(target=lambda: done.append(_checked(attempt)), name="store-probe", daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    if done:
        return done[0]
    problem = f"no answer for {seconds:.0f} s. Check the endpoint, and what is between this machine and the store"
    return Check(attempt.name, attempt.needed, problem, answered=False)


def _checked(attempt: Attempt) -> Check:
    try:
        return Check(attempt.name, attempt.needed, attempt.problem())
    except (GroundworkError, ValueError) as error:
        return Check(attempt.name, attempt.needed, str(error))
    except Exception as error:
        # Each store's client has errors of its own, both for what is refused and for a server that is not reached.
        answered = attempt.refused(error)
        words = " ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
        cure = attempt.cure if answered else "Check GROUNDWORK_STORAGE_URL, the endpoint, and the network in between"
        return Check(attempt.name, attempt.needed, f"{words}. {cure}", answered)


def _folder() -> str:
    return f"{PREFIX}/{int(time.time())}-{uuid.uuid4().hex[:12]}/"


def _sweep(store: BlobStore) -> None:
    """Delete what killed probes left. What fails here is found by the checks, with its cure."""

    def delete() -> None:
        for key in store.list(f"{PREFIX}/"):
            began = key.split("/")[1].partition("-")[0]
            if began.isdigit() and int(began) < time.time() - _OLD:
                store.delete(key)

    _within(PATIENCE_OF_A_START, Attempt("sweep", delete))
