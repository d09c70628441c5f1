"""New code while all runs: files are watched, what was saved is tried, and the parts that it concerns take it on."""

import json
import logging
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from watchfiles import Change, watch

from groundwork.deployments.up.code_folders import edited_folders, is_for_worker_alone
from groundwork.deployments.up.home import PART_VARIABLE
from groundwork.deployments.up.renewal import Digests, Look, digests_of
from groundwork.deployments.up.stack import Stack
from groundwork.deployments.wiring.deploy import deploy_wiring
from groundwork.deployments.wiring.project import FILE

logger = logging.getLogger(__name__)

KINDS = frozenset({".py", ".sql", ".j2", ".html", ".txt", ".json", ".toml", ".yaml", ".yml"})
"""Endings of files that a part may have read. Others, such as an editor's own, mean nothing."""
QUIET_MILLISECONDS = 50
"""How long nothing more may be saved before it is tried. Too short: of an editor that saves ten files, the first is
tried without the others."""
LOOK_SECONDS = 60.0
"""How long a look at new code may take. Code that waits for something as it is imported would keep the old for ever."""
_POLL_SECONDS = 0.02
END_SECONDS = 5.0
"""How long gateway and relay may take to end what they are at."""


class Reload:
    """Watches the code of a running stack. Made when it has started.

    Args:
        stack: whose parts take the code on.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._digests: Digests = digests_of(stack.project)
        self._saved: queue.SimpleQueue[tuple[float, set[Path]] | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._next = self._prepared()
        folders = edited_folders()
        watches = [(folders, True)] if folders else []
        for paths, recursive in (*watches, (stack.project, False)):
            self._thread(f"watch-{recursive}", partial(self._watch, paths, recursive))
        self._renewing = self._thread("reload", self._renew_until_stopped)
        logger.info("reload     of what is saved in %s", ", ".join(map(str, [*folders, *stack.project])))

    def stop(self) -> None:
        """Watch no more; a renewal under way comes to its end."""
        self._stop.set()
        self._saved.put(None)
        self._renewing.join(END_SECONDS)
        self._next.kill()
        self._next.communicate()

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def _watch(self, paths: Sequence[Path], recursive: bool) -> None:
        def is_wanted(_: Change, path: str) -> bool:
            file = Path(path)
            return file.suffix in KINDS if recursive else file.name == FILE

        for changes in watch(
            *paths, watch_filter=is_wanted, step=QUIET_MILLISECONDS, stop_event=self._stop, recursive=recursive,
            raise_interrupt=False,
        ):  # fmt: skip
            self._saved.put((time.monotonic(), {Path(path) for _, path in changes}))

    def _renew_until_stopped(self) -> None:
        while (told := self._saved.get()) is not None:
            since, files = told
            # What was saved while the renewal before was under way is tried at once.
            while not self._saved.empty():
                if (more := self._saved.get()) is None:
                    return
                files |= more[1]
            try:
                self._renew(files, since)
            except Exception:
                logger.exception("the new code was not taken on; the code from before goes on")
            self._next = self._prepared()

    def _renew(self, files: set[Path], since: float) -> None:
        found = self._looked()
        what = ", ".join(sorted({each.name for each in files}))
        if found.digests is None:
            logger.error("%s\nThe code from before goes on.", found.fault)
            return
        for note in found.notes:
            logger.warning("%s", note)
        stack, before = self._stack, self._digests
        # Events that gateway and relay let in fit the code of the worker by then.
        if not self._renew_worker():
            logger.error("the worker did not take the new code on: its log says why. The code from before goes on")
            return
        self._digests = found.digests
        if found.digests.contract != before.contract or not is_for_worker_alone(files - self._wiring()):
            for part in (stack.gateway, stack.relay):
                if part:
                    part.renew(END_SECONDS)
                    part.wait_until_ready(LOOK_SECONDS)
        if found.digests.deployments != before.deployments:
            deploy_wiring(stack.project, stack.environment, stack.settings, note=stack.note)
        logger.info("reload     %s, %.1f s after it was saved", what, time.monotonic() - since)

    def _renew_worker(self) -> bool:
        """Have the worker take the code on; whether it has."""
        worker, renewed = self._stack.worker, self._stack.renewed
        if worker is None or self._stack.settings.worker != "groundwork":
            return True
        before = renewed.read_text()
        renewed.unlink()
        worker.signal(signal.SIGHUP)
        deadline = time.monotonic() + LOOK_SECONDS
        while not renewed.exists():
            if time.monotonic() > deadline or self._stop.wait(_POLL_SECONDS):
                renewed.write_text(before)
                return False
        return renewed.read_text() != before

    def _wiring(self) -> set[Path]:
        return {folder / FILE for folder in self._stack.project}

    def _prepared(self) -> "subprocess.Popen[str]":
        """A process that has imported the libraries, and waits for the next look."""
        return subprocess.Popen(
            [sys.executable, "-m", "groundwork.deployments.up.launch", "groundwork.deployments.up.renewal",
             *map(str, self._stack.project)],
            env=dict(self._stack.environment) | {PART_VARIABLE: "reload"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def _looked(self) -> Look:
        process = self._next
        try:
            said, complaint = process.communicate("\n", timeout=LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Look(fault=f"The new code was not imported within {LOOK_SECONDS:.0f} s.")
        line = said.strip().rpartition("\n")[2]
        try:
            return Look.model_validate(json.loads(line))
        except ValueError:
            return Look(fault=f"The new code ended the process that imported it:\n{(said + complaint).strip()}")
