"""Commands of the fitness application: ``groundwork fitness …``."""

import typer

app = typer.Typer()
fitness = typer.Typer(help="The fitness application: readings, scores, alerts, feed.", no_args_is_help=True)
