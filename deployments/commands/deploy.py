"""``groundwork deploy``."""

import os
import sys
from typing import Annotated

import typer

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands.options import HomeOption, ProjectOption, project_setting, use_home


def deploy(
    home: HomeOption = None,
    project: ProjectOption = None,
    discard: Annotated[
        bool, typer.Option("--discard", help="Cancel what waits for jobs that are gone from the code.")
    ] = False,
) -> None:
    """Apply schema, jobs, blocks, work pool and prefect.yaml to an existing database and Prefect server.

    `groundwork up` does this by itself; production does it once per release.

    Example:

      GROUNDWORK_DATABASE_URL=postgresql://… PREFECT_API_URL=https://…/api groundwork deploy
    """
    settings = use_home(home, project=project_setting(project))
    if not os.environ.get("PREFECT_API_URL"):
        raise ConfigurationError("PREFECT_API_URL is not set: say which Prefect server to deploy to.")
    from groundwork.blocks.all_settings import check_settings
    from groundwork.blocks.database import Database
    from groundwork.deployments.wiring.check import check_wiring
    from groundwork.deployments.wiring.deploy import deploy_wiring
    from groundwork.deployments.wiring.prepare import prepare_database, told
    from groundwork.deployments.wiring.project import bound_to_machine, deployments_of, project_folders
    from groundwork.flows.registry import jobs

    check_settings()
    folders = project_folders()
    check_wiring(jobs(), deployments_of(folders))
    for each in prepare_database(Database(connection_url=settings.database_url), discard=discard):
        print(told(each, discarded=discard))
    for file in bound_to_machine(folders):
        print(
            f"groundwork: {file} has no `pull`, so its runs work on this machine only. Say `pull: []` where jobs are "
            "installed as a package, else `pull: [{groundwork.deployments.wiring.pull.this_project: {}}]`.",
            file=sys.stderr,
        )
    deploy_wiring(folders, os.environ, settings)
