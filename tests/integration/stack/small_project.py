"""A project with the deployments of some applications, for a stack whose matter is not the whole wiring.

To deploy all of ``prefect.yaml`` takes ten seconds of CPU, most of them of Prefect's server.
"""

from pathlib import Path
from typing import Any

import yaml

from tests.integration.stack.running import PROJECT


def small_project(folder: Path, *applications: str) -> Path:
    """Write a ``prefect.yaml`` with what the project's own says of these applications, and nothing of others.

    Args:
        folder: where it goes; made.
        applications: names of ours, such as ``contacts``.

    Returns:
        The folder, for ``GROUNDWORK_PROJECT``.
    """
    wiring = yaml.safe_load((PROJECT / "prefect.yaml").read_text())
    wiring["deployments"] = [each for each in wiring["deployments"] if _application(each) in applications]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prefect.yaml").write_text(yaml.safe_dump(wiring, sort_keys=False, width=1_000))
    return folder


def only(folder: Path, *applications: str) -> dict[str, str]:
    """The variables of a stack that has these applications and no others; their project goes into the folder."""
    return {
        "GROUNDWORK_APPLICATIONS": ",".join(applications),
        "GROUNDWORK_PROJECT": str(small_project(folder, *applications)),
    }


def _application(deployment: dict[str, Any]) -> str:
    return str(deployment["entrypoint"]).removeprefix("groundwork.flows.").partition(".")[0]
