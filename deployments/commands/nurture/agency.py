"""``groundwork nurture agency`` and ``groundwork nurture voice``: whom mails come from, and how they read."""

import json
from typing import Annotated, Any, Literal

import typer

from groundwork.blocks.words import printable
from groundwork.deployments.commands.options import HomeOption, JsonOption, KnownWorkspace, RequiredWorkspace, inbox

agency = typer.Typer(help="The agency of a workspace.", no_args_is_help=True)
voice = typer.Typer(help="How the agency of a workspace writes.", no_args_is_help=True)


@agency.command("set")
def set_agency(
    workspace: RequiredWorkspace,
    *,
    name: Annotated[str | None, typer.Option("--name", help="What mails call it.")] = None,
    website: Annotated[str | None, typer.Option("--website", help="https URL that mails link to.")] = None,
    domains: Annotated[
        str | None, typer.Option("--domains", help="Further hosts that mails may link to, comma-separated.")
    ] = None,
    email: Annotated[str | None, typer.Option("--email", help="Where answers go; the only address in mails.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="The only number in mails; empty for none.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="Postal address, which stands below mails.")] = None,
    time_zone: Annotated[str | None, typer.Option("--time-zone", help="IANA name, such as Europe/London.")] = None,
    writing: Annotated[
        Literal["templates", "contacts"] | None,
        typer.Option("--writing", help="templates: approved once, slots filled; contacts: a model writes to each."),
    ] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", min=0, max=1e6, help="Dollars a day that models may cost.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store the agency of a workspace, or change what is named of it.

    A new one needs --name, --website, --email and --address.

    Example:

      groundwork nurture agency set --workspace acme --name "Acme Homes" --website https://acme.example
      --email hello@acme.example --address "1 High Street, London"
    """
    said: dict[str, Any] = {
        "name": name,
        "website": website,
        "domains": None if domains is None else [each.strip() for each in domains.split(",") if each.strip()],
        "email": email,
        "phone": phone,
        "postal_address": address,
        "time_zone": time_zone,
        "writing": writing,
        "daily_budget_micros": None if budget is None else round(budget * 1_000_000),
    }
    with inbox(home) as connection:
        from groundwork.tasks.nurture.agency_record import set_agency as store

        stored = store(connection, workspace, {field: value for field, value in said.items() if value is not None})
    _print_agency(stored, as_json=as_json)


@agency.command("show")
def show_agency(workspace: KnownWorkspace, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the agency of a workspace, its brand voice, and what models have cost today.

    Example:

      groundwork nurture agency show --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.tasks.nurture.agency import agency_of
        from groundwork.tasks.nurture.budget import spent_today

        found = agency_of(connection, workspace)
        spent = spent_today(connection, workspace)
    _print_agency(found, as_json=as_json, spent_today_micros=spent)


@voice.command("set")
def set_voice(
    workspace: RequiredWorkspace,
    *,
    tone: Annotated[Literal["warm", "formal", "brisk"], typer.Option("--tone", help="How mails sound.")],
    sign_off: Annotated[str, typer.Option("--sign-off", help="Last line, such as 'Warm regards'.")],
    signature: Annotated[str, typer.Option("--signature", help="Who signs: a person or a team.")],
    greeting: Annotated[str, typer.Option("--greeting", help="Word before the first name.")] = "Hello",
    about: Annotated[str, typer.Option("--about", help="The agency in its own words, for models.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the mails of a workspace written in another voice from now on; templates are written and approved anew.

    Example:

      groundwork nurture voice set --workspace acme --tone warm --sign-off "Warm regards" --signature "The Acme team"
    """
    with inbox(home) as connection:
        from groundwork.tasks.nurture.brand_voice import BrandVoice, set_brand_voice

        wanted = BrandVoice(
            version=1, tone=tone, about=about, greeting=greeting, sign_off=sign_off, signature=signature
        )
        stored = set_brand_voice(connection, workspace, wanted)
    _print_voice(workspace, stored.model_dump(), as_json=as_json)


@voice.command("show")
def show_voice(workspace: KnownWorkspace, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the voice in which the mails of a workspace are written.

    Example:

      groundwork nurture voice show --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.tasks.nurture.brand_voice import brand_voice_of

        found = brand_voice_of(connection, workspace)
    _print_voice(workspace, found.model_dump(), as_json=as_json)


def _print_agency(stored: Any, *, as_json: bool, **more: int) -> None:
    values = vars(stored) | more
    if as_json:
        print(json.dumps(values, default=str, ensure_ascii=False))
        return
    shown = ("name", "website", "email", "phone", "postal_address", "time_zone", "writing")
    for name in shown:
        print(f"{name:<16}{printable(str(values[name] if values[name] is not None else ''))}")
    spent = f", {more['spent_today_micros'] / 1e6:.2f} $ spent" if more else ""
    print(f"{'budget':<16}{stored.daily_budget_micros / 1e6:.2f} $ a day{spent}")


def _print_voice(workspace: str, values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"workspaceId": workspace} | values, ensure_ascii=False))
        return
    for name, value in values.items():
        print(f"{name:<16}{printable(str(value))}")
