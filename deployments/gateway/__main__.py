"""``python -m groundwork.deployments.gateway``: serve the gateway until SIGTERM or Ctrl-C."""

import logging
import signal
import sys

from groundwork.blocks.collector import leave_alone_what_is_there, left_alone

with left_alone():
    import httpx
    import uvicorn

    from groundwork.blocks.all_settings import check_settings
    from groundwork.blocks.blob.probe import refuse_unshared_folder
    from groundwork.blocks.blob.store import blob_store
    from groundwork.blocks.cures import cure_of
    from groundwork.blocks.errors import ConfigurationError
    from groundwork.blocks.settings import settings
    from groundwork.deployments.gateway import exposure
    from groundwork.deployments.gateway.app import create_app
    from groundwork.deployments.gateway.server import server_config
    from groundwork.deployments.logs import logging_of_uvicorn

logger = logging.getLogger("uvicorn.error")


def main() -> int:
    """Serve; requests under way are finished first.

    Returns:
        Exit code: 0 after a signal, 1 where Prefect cannot be asked for the keys, 2 for a configuration that is
        refused.
    """
    try:
        check_settings()
        app = create_app()
        _refuse_unshared_folder()
    except ConfigurationError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 2
    except httpx.HTTPError as error:
        print(f"gateway: {cure_of(error, 'the gateway').text}.", file=sys.stderr)
        return 1
    logging_options = {} if (lines := logging_of_uvicorn("gateway")) is None else {"log_config": lines}
    config = server_config(app, settings().host, settings().port, timeout_graceful_shutdown=10, **logging_options)
    if told := exposure.warning(settings().host, app.state.authentication.keys):
        logger.warning(told)
    # uvicorn raises the signal again once it has shut down; that is then the orderly end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    leave_alone_what_is_there()
    uvicorn.Server(config).run()
    return 0


def _refuse_unshared_folder() -> None:
    """Refuse, in production mode, a folder that only this machine may see. Prefect may have to be asked where it is,
    and a gateway takes events without it, too."""
    if not settings().in_production:
        return
    try:
        store = blob_store()
    except httpx.HTTPError as error:
        logger.warning("Prefect cannot be asked where blobs are kept: %s", error)
    else:
        refuse_unshared_folder(store)


if __name__ == "__main__":
    sys.exit(main())
