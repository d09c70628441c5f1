"""What a step with ``ledger=True`` does: its effect and its result, kept together in the step ledger."""

import inspect
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from pydantic import ValidationError

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.plain_function import is_async, require_plain_result
from groundwork.events.inbox import running_attempt
from groundwork.events.inbox.ledger import ledger_entry
from groundwork.tasks.step_identity import StepIdentity
from groundwork.tasks.step_serializer import StepSerializer
from groundwork.tasks.step_work import StepWork

CONNECTION = "connection"
"""Parameter that is handed the transaction."""


def ledger_step(
    function: Callable[..., Any], identity: StepIdentity, key: tuple[str, ...] | None
) -> Callable[..., Any]:
    """The step's function without its ``connection``: it runs once per delivery and key, and later calls give what it
    returned.

    Args:
        function: what ``@step(ledger=True)`` decorates.
        identity: of the step; its ledger rows have it, and its short name.
        key: what ``@step(key=…)`` says.

    Raises:
        ConfigurationError: the function's first parameter is not ``connection``, it is an ``async def``, or its return
            annotation says that no result of it can be kept.
    """
    name = identity.short
    if is_async(function):
        # Its transaction would be open while others of the event loop wait for its locks, and for a connection.
        raise ConfigurationError(
            f"step {name}: ledger=True hands it a transaction, which may not be open while something is awaited. Write "
            f"`def {function.__name__}(connection: Connection, …)`; await in a step before it, and hand it the result"
        )
    parameters = [*inspect.signature(function).parameters.values()]
    if not parameters or parameters[0].name != CONNECTION or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
        raise ConfigurationError(
            f"step {name}: ledger=True hands it a transaction. "
            f"Write `def {function.__name__}(connection: Connection, …)`, and call it without."
        )
    signature = inspect.signature(function).replace(parameters=parameters[1:])
    serializer = StepSerializer.of(function)
    serializer.require_keepable(f"step {name}", "")

    @wraps(function)
    def kept(*args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(*args, **kwargs)
        arguments.apply_defaults()
        attempt = running_attempt()
        identity.require_one_function(attempt)
        work = StepWork.of(identity, key, arguments.arguments)
        with ledger_entry(attempt, work.address) as entry:
            if entry.unsigned and not identity.has_old_name:
                raise ConfigurationError(
                    f"step {name}: this delivery's ledger has a row of a step of this name, written before steps had "
                    f"identities, and several steps have the name now. Say which wrote it: @step(name={name!r})."
                )
            if not entry.kept:
                result = function(entry.connection, *args, **kwargs)
                require_plain_result(result, f"step {name}")
                entry.result = _plain(name, serializer, result)
            # Within the transaction: what cannot be rebuilt is not kept, and its effect is not either. Rebuilt at the
            # first time too, so that a repeat shows nothing that the first run has not.
            return _rebuilt(name, serializer, entry.result)

    vars(kept)["__signature__"] = signature
    return kept


def _plain(name: str, serializer: StepSerializer, result: Any) -> Any:
    try:
        return json.loads(serializer.dumps(result))
    except TypeError as error:
        raise ConfigurationError(f"step {name} wrote nothing: it returned {error}") from None


def _rebuilt(name: str, serializer: StepSerializer, plain: Any) -> Any:
    try:
        return serializer.rebuilt(json.dumps(plain))
    except ValidationError as error:
        raise ConfigurationError(
            f"step {name}: what it returned is not what its return annotation says, so that no repeat could have it: "
            f"{error}. Correct the annotation, or give it a form that takes what the ledger has."
        ) from None
