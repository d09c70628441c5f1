"""Commands of the nurture application: ``groundwork nurture …``."""

import typer

app = typer.Typer()
nurture = typer.Typer(help="The nurture application: sequences, CRM, intent scores.", no_args_is_help=True)
