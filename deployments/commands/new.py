"""``groundwork new``."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.deployments.commands.options import JsonOption

if TYPE_CHECKING:
    from groundwork.deployments.scaffold.wiring import Wiring

app = typer.Typer(help="Write a new project, or a new job in one.", no_args_is_help=True)


@app.command("project")
def new_project(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the project; made if need be.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Name that it is imported by. Default: made of the folder's name.")
    ] = None,
    groundwork: Annotated[
        str | None,
        typer.Option(
            "--groundwork",
            metavar="PATH_OR_URL",
            help="What the project installs Groundwork from: a checkout, a wheel, a URL, or groundwork==VERSION. "
            "Default: what this one was installed from.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a project with a first job that runs at once, its event, its test and its wiring. Overwrites nothing.

    Examples:

      groundwork new project shop

      groundwork new project work/jobs --name shop --groundwork https://example.com/groundwork-0.1.0-py3-none-any.whl
    """
    from groundwork.deployments.scaffold.files import write_all
    from groundwork.deployments.scaffold.names import project_name
    from groundwork.deployments.scaffold.project import NewProject
    from groundwork.deployments.scaffold.source import source, version

    folder = folder.resolve()
    project = NewProject(project_name(folder, name), version(), source(groundwork))
    contents = project.contents
    write_all(folder, contents)
    commands = [f"cd {folder}", "make up", "make demo", "make test"]
    if as_json:
        print(json.dumps({"name": project.name, "folder": str(folder), "files": list(contents), "next": commands}))
        return
    print(f"The project {project.name} is in {folder}:")
    _tell(contents)
    print(
        f"Next:\n  cd {folder}\n"
        "  make up      # all parts in the foreground, until Ctrl-C\n"
        f"  make demo    # in another terminal: sends an event, and shows what {project.first_job.name} made of it\n"
        "  make test"
    )


@app.command("job")
def new_job(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the job does to what, such as confirm-order.")],
    on: Annotated[
        str,
        typer.Option("--on", metavar="EVENT", help="Event that starts it: domain/noun.verb. Written if it is new."),
    ],
    project: Annotated[
        Path | None,
        typer.Option(
            "--project", help="Folder of the project. Default: the nearest with prefect.yaml from here upwards."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a job with a step, its test and its deployment in prefect.yaml. Overwrites nothing.

    Exit code 1 where all was written but the deployment, which it then prints.

    Examples:

      groundwork new job cancel-order --on order/order.cancelled

      groundwork new job score-lead --on lead/form.submitted --project work/jobs
    """
    from groundwork.deployments.scaffold.job import write_job
    from groundwork.deployments.scaffold.project_folder import job_of, project_at

    made = job_of(project_at(project), name, on)
    folder = made.folder
    wiring = write_job(folder, made.job)
    commands = ["make test", "make up", made.job.send_command]
    if as_json:
        print(json.dumps({
            "name": name, "folder": str(folder), "files": list(made.job.contents), "event": on,
            "eventIsNew": made.job.on.is_new, "block": wiring.block, "blockAdded": wiring.added, "next": commands,
        }))  # fmt: skip
    else:
        print(f"The job {name} is in {folder}:")
        _tell(made.job.contents)
        _tell_of_wiring(wiring)
        print("Next:\n  " + "\n  ".join(commands))
    if not wiring.added:
        raise typer.Exit(1)


def _tell(paths: Iterable[str]) -> None:
    print("\n".join(f"  {path}" for path in sorted(paths)))


def _tell_of_wiring(wiring: "Wiring") -> None:
    if wiring.added:
        print(f"  {wiring.file.name}, with one more deployment")
    else:
        print(
            f"{wiring.file} does not end with its deployments, and was left as it is. Add this block to `deployments` "
            f"in it; `groundwork up` refuses to start before:\n{wiring.block}"
        )
