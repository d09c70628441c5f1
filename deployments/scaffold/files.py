"""Files that are all written, or none."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import process_cache


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """A file's content.

    Args:
        template: path in ``templates``, without ``.j2``.
        values: what it asks for.
    """
    return _environment().get_template(f"{template}.j2").render(values)


def refuse_to_overwrite(folder: Path, paths: Mapping[str, str]) -> None:
    """Look whether any of some files is there.

    Raises:
        ConfigurationError: some are; the message lists all of them.
    """
    there = sorted(path for path in paths if os.path.lexists(folder / path))
    if there:
        raise ConfigurationError(
            f"nothing was written, because {folder} has these already: {', '.join(there)}. "
            "Move them away, or choose another name."
        )


def write_all(folder: Path, contents: Mapping[str, str]) -> None:
    """Write files into a folder, which is made if need be.

    Raises:
        ConfigurationError: one of them is there.
        OSError: one cannot be written; those before it are removed again.
    """
    refuse_to_overwrite(folder, contents)
    written: list[Path] = []
    try:
        for path, content in contents.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="\n") as output:
                written.append(file)
                output.write(content)
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        raise


def replace(file: Path, content: str) -> None:
    """Put another content in a file's place, at once and with the file's own mode."""
    beside = file.with_name(f".{file.name}.new")
    try:
        with beside.open("w", encoding="utf-8", newline="") as output:
            output.write(content)
        shutil.copymode(file, beside)
        beside.replace(file.resolve())
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@process_cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("groundwork.deployments.scaffold", "templates"),
        autoescape=False,  # noqa: S701 - code and configuration, of names that were checked
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
