"""``groundwork trigger``."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands.options import EventIdOption, HomeOption, JsonOption, WaitOption, client_of
from groundwork.deployments.commands.status import tell_status

if TYPE_CHECKING:
    from groundwork.deployments.commands.event_form import FormField
    from groundwork.events.base import Event


def trigger(
    name: Annotated[
        str, typer.Argument(help="Event name, such as import/csv.confirmed, or a job that listens to one.")
    ],
    data: Annotated[
        str | None, typer.Option("--data", help="The data as a JSON object, camelCase; nothing is asked then.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", help="A field and its value, importId=imp-7; may be repeated. Nothing is asked then."),
    ] = None,
    *,
    id: EventIdOption = None,
    wait: WaitOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an event by a form made from its type: each field is asked for with its type, default and help.

    With --data or --field, or where nobody can be asked, nothing is; what is missing or wrong is told by its field.
    With --wait, exit code 1 if a delivery has failed.

    Examples:

      groundwork trigger user/signed.up

      groundwork trigger send-welcome --field workspaceId=acme --field userId=ada --wait
    """
    client = client_of(home)
    from groundwork.deployments.commands.event_form import data_of, faults_of, fields_of

    event_type = _type_of(name)
    fields = fields_of(event_type)
    if data is None and not field and sys.stdin.isatty():
        given = _asked(event_type, fields)
    else:
        from groundwork.deployments.commands.send import json_object

        given = (json_object(data) if data is not None else {}) | data_of(fields, field or ())
        if faults := faults_of(event_type, given):
            missing = [f"  {each.name}: {each.kind}. {each.help}".rstrip() for each in fields if each.name in faults]
            raise ConfigurationError(
                "\n".join([f"{event_type.event_name} cannot be sent:", *(f"  {each}" for each in faults.values()),
                           *(["These fields take:", *missing] if missing else [])])
            )  # fmt: skip
    event_id = client.send_raw(event_type.event_name, given, id=id)
    if wait:
        from groundwork.deployments.commands.watch import watch

        tell_status(watch(client, event_id, quiet=as_json), as_json=as_json)
    else:
        print(json.dumps({"id": str(event_id)}) if as_json else event_id)


def _type_of(name: str) -> "type[Event]":
    from groundwork.events.catalogue import event_type, sendable_types

    if name not in sendable_types():
        from groundwork.flows.registry import jobs

        if (spec := jobs().get(name)) is not None:
            return spec.options.on
    return event_type(name)


def _asked(event_type: "type[Event]", fields: "list[FormField]") -> dict[str, Any]:
    """What a person answers, until it makes an event."""
    from groundwork.deployments.commands.event_form import faults_of

    _say(f"{event_type.event_name}: {' '.join((event_type.__doc__ or '').split())}")
    if not all(each.required for each in fields):
        _say("Enter alone leaves a field that is not required as it is.")
    given: dict[str, Any] = {}
    asking = fields
    while asking:
        for each in asking:
            _ask(each, given)
        faults = faults_of(event_type, given)
        for fault in faults.values():
            _say(f"! {fault}")
        if set(faults) - {each.name for each in fields}:
            raise ConfigurationError(f"{event_type.event_name} cannot be sent: {'; '.join(faults.values())}")
        asking = [each for each in fields if each.name in faults]
    return given


def _ask(field: "FormField", given: dict[str, Any]) -> None:
    if field.help:
        _say(f"  {field.help}")
    notes = ["required"] if field.required else [f"default {field.default}" if field.default else "not required"]
    while True:
        text = typer.prompt(
            f"{field.name} ({', '.join([field.kind, *notes])})",
            default="", show_default=False, hide_input=field.secret, err=True,
        )  # fmt: skip
        if text == "" and not field.required:
            given.pop(field.name, None)
            return
        try:
            given[field.name] = field.read(text)
            return
        except ConfigurationError as error:
            _say(f"! {error}")


def _say(text: str) -> None:
    typer.echo(text, err=True)
