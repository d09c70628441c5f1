"""Commands of the nurture application: ``groundwork nurture …``."""

import typer

from groundwork.deployments.commands.nurture import agency, connect, templates, webhook

app = typer.Typer()
nurture = typer.Typer(help="The nurture application: sequences, CRM, intent scores.", no_args_is_help=True)
app.add_typer(nurture, name="nurture")
nurture.command("webhook-secret")(webhook.webhook_secret)
nurture.command("connect")(connect.connect)
nurture.add_typer(agency.agency, name="agency")
nurture.add_typer(agency.voice, name="voice")
nurture.command("templates")(templates.list_all)
nurture.command("template")(templates.show)
nurture.command("approve")(templates.approve)
nurture.command("reject")(templates.reject)
