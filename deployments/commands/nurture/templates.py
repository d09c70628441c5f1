"""``groundwork nurture templates``, ``template``, ``approve`` and ``reject``: what models wrote, before it is used."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from groundwork.blocks.words import printable
from groundwork.deployments.commands.options import HomeOption, JsonOption, WorkspaceOption, identifier, inbox

if TYPE_CHECKING:
    from groundwork.tasks.nurture.sequences.templates import Template

TemplateArgument = Annotated[
    UUID, typer.Argument(help="Id of the template; `groundwork nurture templates` lists them.")
]
ByOption = Annotated[str, typer.Option("--by", help="Who decides, for the record.", callback=identifier)]


def list_all(
    workspace: WorkspaceOption = None,
    state: Annotated[
        Literal["pending", "approved", "rejected", "discarded"] | None, typer.Option("--state", help="Only these.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the templates that models wrote, the newest first; 1,000 at most.

    Example:

      groundwork nurture templates --state pending
    """
    with inbox(home) as connection:
        from groundwork.tasks.nurture.sequences.templates import list_templates

        found = list_templates(connection, workspace, state)
    if as_json:
        print(json.dumps({"templates": [_summary(each) for each in found]}, ensure_ascii=False))
        return
    for each in found:
        print(
            f"{each.id}  {each.state:<9}  {each.workspace_id}  {each.category}, {each.tone}, voice {each.voice_version}"
        )
    if not found:
        print("no template fits")


def show(template_id: TemplateArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show a template with its three mails, as they are before their slots are filled in.

    Example:

      groundwork nurture template 0199…
    """
    with inbox(home) as connection:
        from groundwork.tasks.nurture.sequences.templates import find_template

        found = find_template(connection, template_id)
    if as_json:
        print(found.model_dump_json())
        return
    print(f"{found.category}, {found.tone}, by {printable(found.model)}: {found.state}")
    for number, mail in enumerate(found.mails, 1):
        print(f"\n{number}. after {mail.send_after_days} days: {printable(mail.subject)}\n")
        print("\n".join(printable(line) for line in mail.body.split("\n")))


def approve(
    template_id: TemplateArgument, by: ByOption = "operator", home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Use a template from now on. Exit code 1 if it is decided already.

    Example:

      groundwork nurture approve 0199… --by ada
    """
    _decide(template_id, "approved", by, home=home, as_json=as_json)


def reject(
    template_id: TemplateArgument,
    *,
    by: ByOption = "operator",
    again: Annotated[
        bool, typer.Option("--again", help="Have another one written for the next contact of the category.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Use the built-in mails in place of a template, until the brand voice changes. Exit code 1 if it is decided.

    Examples:

      groundwork nurture reject 0199…

      groundwork nurture reject 0199… --again
    """
    _decide(template_id, "discarded" if again else "rejected", by, home=home, as_json=as_json)


def _decide(template_id: UUID, state: Any, by: str, *, home: Any, as_json: bool) -> None:
    with inbox(home) as connection:
        from groundwork.tasks.nurture.sequences.templates import decide

        decided = decide(connection, template_id, state, by)
    print(json.dumps(_summary(decided)) if as_json else f"{decided.id} of {decided.workspace_id} is {decided.state}")


def _summary(template: "Template") -> dict[str, Any]:
    return template.model_dump(mode="json", exclude={"mails"})
