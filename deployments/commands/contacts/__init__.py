"""Commands of the contacts application."""

import typer

from groundwork.deployments.commands.contacts import export, import_file

app = typer.Typer()
app.command("import")(import_file.import_file)
app.command("export")(export.export)
