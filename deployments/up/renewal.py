"""One look at new code: ``python -m groundwork.deployments.up.renewal PROJECT …`` imports it, and tells the inbox.

Prints one JSON object: what a :class:`Look` says. Nothing is changed where the code cannot be imported.
"""

import hashlib
import inspect
import json
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from groundwork.blocks.applications import applications
from groundwork.blocks.database import database
from groundwork.blocks.migrations import behind
from groundwork.deployments.changed_code import begin_anew, has_changed_code, is_installed
from groundwork.deployments.wiring.check import check_wiring
from groundwork.deployments.wiring.prepare import tell_of_code, told
from groundwork.deployments.wiring.project import FILE, deployments_of
from groundwork.events.catalogue import event_types
from groundwork.flows.job import flow_of
from groundwork.flows.registry import jobs


class Digests(BaseModel):
    """What tells one state of the code from the next.

    Attributes:
        deployments: of what a deploy makes deployments of: ``prefect.yaml``, descriptions, and forms.
        contract: of what gateway and relay know: event types, and options of jobs.
    """

    deployments: str
    contract: str


class Look(BaseModel):
    """What was found.

    Attributes:
        fault: why the code is not used, beginning with file and line where there is one; None where it is.
        notes: what a person should know.
        digests: of the code; None with a fault.
    """

    fault: str | None = None
    notes: list[str] = []
    digests: Digests | None = None


def digests_of(project: Sequence[Path]) -> Digests:
    """The digests of the code that this process has imported.

    Args:
        project: folders with a ``prefect.yaml`` each.
    """
    found = jobs()
    schemas = {name: each.model_json_schema() for name, each in event_types().items()}
    options = {name: str(spec.registration) for name, spec in found.items()}
    wiring = [(folder / FILE).read_text() for folder in project]
    described = {name: inspect.getdoc(flow_of(name).fn) for name in found}
    forms = {name: schemas[spec.options.on.event_name] for name, spec in found.items()}
    return Digests(deployments=_digest([wiring, described, forms]), contract=_digest([schemas, options]))


def place_of_fault(error: BaseException) -> str | None:
    """``file:line`` where an error arose in code that somebody edits; None where it did not."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = [
        each
        for each in traceback.extract_tb(error.__traceback__)
        if Path(each.filename).is_file() and not is_installed(Path(each.filename))
    ]
    applied = [each for each in frames if "/groundwork/" not in each.filename and not _is_engine(each.filename)]
    last = (applied or frames)[-1:]
    return f"{last[0].filename}:{last[0].lineno}" if last else None


def _is_engine(file: str) -> bool:
    """Whether a file is Groundwork's own: a fault that arises there is most likely that of the code that called it."""
    root = Path(__file__).resolve().parents[2]
    path = Path(file).resolve()
    return path.is_relative_to(root) and path.relative_to(root).parts[0] in ("blocks", "deployments", "events")


def look(project: Sequence[Path]) -> Look:
    """Import the code, compare it with ``prefect.yaml``, and tell the inbox of it."""
    try:
        check_wiring(jobs(), deployments_of(project))
        for each in applications():
            each.load(each.events)
            for part in (each.routes, each.hooks, *each.blocks):
                if part:
                    each.named(part)
        digests = digests_of(project)
    except Exception as error:
        root = error.__cause__ or error
        place = place_of_fault(error)
        return Look(fault=f"{place}: {type(root).__name__}: {root}" if place else str(error))
    with database().transaction() as connection:
        if missing := behind(connection):
            return Look(fault=f"{missing} They are run when `groundwork up` starts.")
        return Look(notes=[told(each) for each in tell_of_code(connection)], digests=digests)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def main() -> None:
    """Look once."""
    if has_changed_code():
        begin_anew("groundwork.deployments.up.renewal", *sys.argv[1:])
    print(look([Path(each) for each in sys.argv[1:]]).model_dump_json())


if __name__ == "__main__":
    main()
