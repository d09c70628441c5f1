"""What a step with ``ledger=True`` does: its effect and its result, kept together in the step ledger."""

import inspect
import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.plain_function import is_async, require_plain_result
from groundwork.events.inbox import running_attempt
from groundwork.events.inbox.ledger import ledger_entry
from groundwork.tasks.step_serializer import StepSerializer

CONNECTION = "connection"
"""Parameter that is handed the transaction."""


def ledger_step(
    function: Callable[..., Any], name: str, identify: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Callable[..., Any]:
    """The step's function without its ``connection``: it runs once per delivery and key, and later calls give what it
    returned.

    Args:
        function: what ``@step(ledger=True)`` decorates.
        name: of the step; its ledger rows have it.
        identify: picks the values of the key from the arguments.

    Raises:
        ConfigurationError: the function's first parameter is not ``connection``, or it is an ``async def``.
    """
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

    @wraps(function)
    def kept(*args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(*args, **kwargs)
        arguments.apply_defaults()
        with ledger_entry(running_attempt(), name, _key(name, identify(arguments.arguments))) as entry:
            if not entry.kept:
                result = function(entry.connection, *args, **kwargs)
                require_plain_result(result, f"step {name}")
                entry.result = _plain(name, serializer, result)
            # Within the transaction: what cannot be rebuilt is not kept, and its effect is not either. Rebuilt at the
            # first time too, so that a repeat shows nothing that the first run has not.
            return _rebuilt(name, serializer, entry.result)

    vars(kept)["__signature__"] = signature
    return kept


def _key(name: str, identifying: Mapping[str, Any]) -> str:
    """The ledger's key: one value as its text, several as a list in JSON."""
    try:
        values = [to_jsonable_python(each) for each in identifying.values()]
    except PydanticSerializationError as error:
        raise ConfigurationError(
            f"step {name}: its parameters cannot all be part of its key ({error}). "
            "Name those that identify its work: @step(ledger=True, key=(…))."
        ) from None
    match values:
        case []:
            return ""
        case [str(text)]:
            return text
        case [None]:
            return ""
        case [value]:
            return json.dumps(value, sort_keys=True)
    return json.dumps(values, sort_keys=True)


def _plain(name: str, serializer: StepSerializer, result: Any) -> Any:
    try:
        return json.loads(serializer.dumps(result))
    except TypeError as error:
        raise ConfigurationError(f"step {name} wrote nothing: {error}") from None


def _rebuilt(name: str, serializer: StepSerializer, plain: Any) -> Any:
    try:
        return serializer.rebuilt(json.dumps(plain))
    except ValidationError as error:
        raise ConfigurationError(
            f"step {name}: what it returned is not what its return annotation says, so that no repeat could have it: "
            f"{error}. Correct the annotation, or give it a form that takes what the ledger has."
        ) from None
