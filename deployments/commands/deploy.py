"""``groundwork deploy``."""

import os

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands.options import HomeOption, use_home


def deploy(home: HomeOption = None) -> None:
    """Apply schema, jobs, blocks, work pool and prefect.yaml to an existing database and Prefect server.

    `groundwork up` does this by itself; production does it once per release.

    Example:

      GROUNDWORK_DATABASE_URL=postgresql://… PREFECT_API_URL=https://…/api groundwork deploy
    """
    settings = use_home(home)
    if not os.environ.get("PREFECT_API_URL"):
        raise ConfigurationError("PREFECT_API_URL is not set: say which Prefect server to deploy to.")
    from groundwork.blocks.database import Database
    from groundwork.deployments.deploy import deploy_wiring, prepare_database
    from groundwork.deployments.project import project_folder

    prepare_database(Database(connection_url=settings.database_url))
    deploy_wiring(project_folder(), os.environ, settings)
