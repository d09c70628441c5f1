"""Commands of the fitness application: ``groundwork fitness …``."""

import typer

from groundwork.deployments.commands.fitness import endpoint
from groundwork.deployments.commands.fitness.threshold import threshold

app = typer.Typer()
fitness = typer.Typer(help="The fitness application: readings, scores, alerts, feed.", no_args_is_help=True)
fitness.add_typer(endpoint.app, name="endpoint")
fitness.add_typer(threshold, name="threshold")
app.add_typer(fitness, name="fitness")
