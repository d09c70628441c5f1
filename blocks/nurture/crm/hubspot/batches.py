"""Batches of writes to HubSpot, with one outcome per input whatever becomes of the batch."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.blocks.nurture.crm.hubspot.transport import HubSpotRefused, Transport

MOST_WRITTEN = 100
"""Inputs of one write."""
TRACE = "objectWriteTraceId"
"""Field by which HubSpot tells which input an error is of. Without it one bad input fails the whole batch."""

Input = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """What HubSpot wrote of one input.

    Attributes:
        id: of the contact.
        new: whether it was made.
    """

    id: str
    new: bool = False


def write(transport: Transport, path: str, inputs: Sequence[Input]) -> list[Written | HubSpotRefused]:
    """Write inputs.

    A batch that HubSpot refuses as a whole is halved until the inputs at fault stand alone. What is written twice
    through that has the same values.

    Returns:
        One outcome per input, in order.

    Raises:
        RetryAfter, CrmLocked, CrmUnavailable: see :meth:`Transport.call`; some inputs may have been written.
    """
    outcomes: list[Written | HubSpotRefused] = []
    for start in range(0, len(inputs), MOST_WRITTEN):
        outcomes += _written(transport, path, inputs[start : start + MOST_WRITTEN])
    return outcomes


def wrong_properties(refused: HubSpotRefused) -> set[str]:
    """The properties that HubSpot refuses, as far as its error names them. It has done so in three places."""
    named: set[str] = set()
    for each in (refused.body, *(refused.body.get("errors") or ())):
        context = each.get("context") if isinstance(each, dict) else None
        if isinstance(context, dict):
            found = context.get("propertyName") or context.get("properties") or ()
            named.update([found] if isinstance(found, str) else map(str, found))
    _, mark, listed = str(refused.body.get("message", "")).partition("Property values were not valid: ")
    if mark:
        with contextlib.suppress(ValueError, TypeError):
            named.update(str(each["name"]) for each in json.loads(listed) if "name" in each)
    return named


def _written(transport: Transport, path: str, inputs: Sequence[Input]) -> list[Written | HubSpotRefused]:
    traced = [each | {TRACE: str(number)} for number, each in enumerate(inputs)]
    try:
        answer = transport.call("POST", path, {"inputs": traced})
    except HubSpotRefused as refused:
        if len(inputs) == 1:
            return [refused]
        return _halved(transport, path, inputs)
    found = dict(_told(answer, traced))
    missing = [each for number, each in enumerate(inputs) if number not in found]
    if len(missing) == len(inputs) > 1:
        return _halved(transport, path, inputs)
    # Some errors name one culprit only, though others were left out with it.
    rest = iter(_written(transport, path, missing) if missing and len(missing) < len(inputs) else ())
    silent = HubSpotRefused(207, {"message": "HubSpot says nothing of this contact"})
    return [found.get(number) or next(rest, silent) for number in range(len(inputs))]


def _halved(transport: Transport, path: str, inputs: Sequence[Input]) -> list[Written | HubSpotRefused]:
    half = len(inputs) // 2
    return _written(transport, path, inputs[:half]) + _written(transport, path, inputs[half:])


def _told(answer: dict[str, Any], traced: Sequence[Input]) -> Iterator[tuple[int, Written | HubSpotRefused]]:
    """The inputs that an answer has something to say of, by their numbers."""
    by_id = {str(each["id"]).lower(): number for number, each in enumerate(traced)}
    results = answer.get("results") or ()
    for each in results:
        email = str((each.get("properties") or {}).get("email") or "").lower()
        number = _number(each.get(TRACE), traced)
        if number is None:
            number = by_id.get(str(each["id"]), by_id.get(email))
        if number is None and len(traced) == 1 == len(results):
            number = 0
        if number is not None:
            yield number, Written(str(each["id"]), bool(each.get("new")))
    for each in answer.get("errors") or ():
        context = each.get("context") if isinstance(each.get("context"), dict) else {}
        traces = context.get(TRACE) or ()
        numbers = [_number(trace, traced) for trace in ([traces] if isinstance(traces, str) else traces)]
        if not numbers:
            numbers = [by_id.get(str(culprit).lower()) for culprit in context.get("ids") or ()]
        for number in numbers:
            if number is not None:
                yield number, HubSpotRefused(_status(each), each)


def _number(trace: Any, traced: Sequence[Input]) -> int | None:
    return int(trace) if isinstance(trace, str) and trace.isdecimal() and int(trace) < len(traced) else None


def _status(error: dict[str, Any]) -> int:
    category = str(error.get("category", ""))
    return {"CONFLICT": 409, "OBJECT_ALREADY_EXISTS": 409, "OBJECT_NOT_FOUND": 404}.get(category, 400)
