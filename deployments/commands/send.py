"""``groundwork send``."""

import json
from typing import Annotated, Any

import typer

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands.options import EventIdOption, HomeOption, JsonOption, WaitOption, client_of
from groundwork.deployments.commands.status import tell_status


def send(
    name: Annotated[str, typer.Argument(help="Event name, such as import/csv.confirmed.")],
    data: Annotated[str, typer.Argument(help="The event's data as a JSON object, camelCase.")],
    id: EventIdOption = None,
    wait: WaitOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an event through the gateway and print its id. With --wait, exit code 1 if a delivery has failed.

    Examples:

      groundwork send user/signed.up '{"workspaceId": "acme", "userId": "ada"}' --id signed-up-ada

      groundwork send user/signed.up '{"workspaceId": "acme", "userId": "ada"}' --wait
    """
    fields = json_object(data)
    client = client_of(home)
    event_id = client.send_raw(name, fields, id=id)
    if wait:
        from groundwork.deployments.commands.watch import watch

        tell_status(watch(client, event_id, quiet=as_json), as_json=as_json)
    else:
        print(json.dumps({"id": str(event_id)}) if as_json else event_id)


def json_object(text: str) -> dict[str, Any]:
    """The object that a text is.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"the data is not JSON: {error}. Write it as '{{\"field\": …}}'.") from None
    except RecursionError:
        raise ConfigurationError("the data is nested too deeply; events are flat") from None
    if not isinstance(value, dict):
        raise ConfigurationError("the data is not a JSON object; write it as '{\"field\": …}'")
    return value
