"""Who may use a Prefect server that is started by itself."""

import logging
import os

from groundwork.blocks.settings import Settings
from groundwork.deployments.gateway.exposure import is_open_to_others
from groundwork.deployments.up.sign_in import CLIENT_VARIABLE, SERVER_VARIABLE, sign_in

logger = logging.getLogger(__name__)


def guard_server(settings: Settings, host: str) -> dict[str, str]:
    """The variables by which the server asks for a sign-in; none where it asks nobody.

    Args:
        host: address that it listens on.

    Raises:
        ConfigurationError: production mode, and it would ask nobody.
    """
    string = sign_in(settings.home, os.environ, production=settings.in_production)
    if string is None and is_open_to_others(host):
        logger.warning(
            "ANYBODY WHO REACHES THIS MACHINE CAN START JOBS AND READ SECRETS: Prefect's server listens on %s, and "
            "asks for no sign-in. Set %s, and %s to the same for gateway, relay, worker and commands. "
            "GROUNDWORK_MODE=production refuses to start like this.",
            *(host, SERVER_VARIABLE, CLIENT_VARIABLE),
        )
    return {SERVER_VARIABLE: string, CLIENT_VARIABLE: string} if string else {}
