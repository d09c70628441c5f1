"""``groundwork doctor``."""

import json
import os
from dataclasses import asdict

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, running_on, use_home


def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Look at everything that parts need, as this machine is configured, and say what to do. Exit code 1:
    something fails.

    Database (version, rights, schema, pooler, clock), Redis (each use of it), Prefect (API, server, clock), workers,
    deployments against jobs, blob store (writes and deletes blobs below store-probe/), keys.

    Example:

      groundwork doctor
    """
    settings = use_home(home)
    if not os.environ.get("PREFECT_API_URL") and (running := running_on(settings.home)):
        from groundwork.blocks.prefect_profile import lead_to_api

        lead_to_api(running.prefect_api_url)
    from groundwork.deployments.doctor.report import findings

    told = []
    for each in findings():
        told.append(each)
        if not as_json:
            print(f"{each.verdict:<6} {each.area:<12} {each.text}", flush=True)
    if as_json:
        print(json.dumps([asdict(each) for each in told]))
    if any(each.verdict == "fails" for each in told):
        raise typer.Exit(1)
