"""``groundwork send``."""

import json
from typing import Annotated, Any

import typer

from blocks.errors import ConfigurationError
from deployments.commands.options import HomeOption, JsonOption, client_of
from events.catalogue import event_type


def send(
    name: Annotated[str, typer.Argument(help="Event name, such as import/csv.confirmed.")],
    data: Annotated[str, typer.Argument(help="The event's data as a JSON object, camelCase.")],
    id: Annotated[str | None, typer.Option("--id", help="Idempotency key: the same id is stored once.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an event through the gateway and print its id.

    Example:

      groundwork send import/csv.confirmed '{"importId": "i1", "workspaceId": "acme", "userId": "ada"}'
    """
    event_type(name)
    event_id = client_of(home).send_raw(name, _object(data), id=id)
    print(json.dumps({"id": str(event_id)}) if as_json else event_id)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"the data is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ConfigurationError("the data is not a JSON object; write it as '{\"field\": …}'")
    return value
