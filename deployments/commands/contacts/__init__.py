"""Commands of the contacts application."""

import typer

from groundwork.deployments.commands.contacts import demo, export, import_file

app = typer.Typer()
app.command("demo")(demo.demo)
app.command("import")(import_file.import_file)
app.command("export")(export.export)
