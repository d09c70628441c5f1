"""Where a project installs Groundwork from, as pip takes it."""

import json
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from groundwork.blocks.errors import ConfigurationError

NAME = "groundwork"


def version() -> str:
    """Of the Groundwork that runs."""
    return distribution(NAME).version


def source(given: str | None) -> str:
    """Arguments of `pip install`, as a Makefile has them.

    Args:
        given: what `--groundwork` says; None for where the Groundwork that runs was installed from.

    Raises:
        ConfigurationError: it is neither a checkout nor a wheel, a URL or a requirement of groundwork.
    """
    if given is None:
        return _own_source()
    path = Path(given)
    if "://" in given and not any(each.isspace() for each in given):
        return given.replace("$", "$$")
    if (path / "pyproject.toml").is_file():
        return f"--editable {path.resolve().as_uri()}"
    if path.suffix == ".whl" and path.is_file():
        return path.resolve().as_uri()
    if given.startswith(f"{NAME}=="):
        return given
    raise ConfigurationError(
        f"--groundwork: {given} is no checkout with a pyproject.toml, no wheel, no URL, and no version such as "
        f"{NAME}=={version()}"
    )


def _own_source() -> str:
    # pip notes the URL of what it did not get from an index.
    noted = distribution(NAME).read_text("direct_url.json")
    if noted is None:
        return f"{NAME}=={version()}"
    origin = json.loads(noted)
    url: str = origin["url"]
    if url.startswith("file:") and not Path(url2pathname(urlsplit(url).path)).exists():
        raise ConfigurationError(
            f"Groundwork was installed from {url}, which is gone. Say with --groundwork where the project gets it "
            "from: a checkout, a wheel, a URL, or a version."
        )
    if "dir_info" in origin:
        return f"--editable {url}"
    if "vcs_info" in origin:
        url = f"{origin['vcs_info']['vcs']}+{url}@{origin['vcs_info']['commit_id']}"
    return url.replace("$", "$$")
