"""A block joins ``prefect.yaml``, of which nothing else changes, comments included."""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from groundwork.deployments.scaffold.files import replace


@dataclass(frozen=True)
class Wiring:
    """A ``prefect.yaml`` and the block that it wants.

    Attributes:
        added: False where the block cannot be added without risk to the rest; a person adds it.
    """

    file: Path
    block: str
    added: bool


def add_block(file: Path, block: str) -> Wiring:
    """Write a block behind the last deployment of a file, if that is where the file ends.

    Raises:
        OSError: the file cannot be read or written.
    """
    with file.open(encoding="utf-8", newline="") as source:  # line ends as they are
        text = source.read()
    longer = with_block(text, block)
    if longer is not None:
        replace(file, longer)
    return Wiring(file, block, added=longer is not None)


def with_block(text: str, block: str) -> str | None:
    """A ``prefect.yaml`` with one more deployment; None where it would mean something else than that."""
    try:
        before, indent = yaml.safe_load(text), _indent_of_deployments(text)
        if indent is None:
            return None
        shifted = textwrap.indent(textwrap.dedent(block), " " * indent)
        addition = f"\n\n{shifted}\n"
        longer = text.rstrip() + (addition.replace("\n", "\r\n") if "\r\n" in text else addition)
        after = yaml.safe_load(longer)
    except yaml.YAMLError:
        return None
    wanted = {**before, "deployments": [*before["deployments"], *yaml.safe_load(block)]}
    return longer if after == wanted else None


def _indent_of_deployments(text: str) -> int | None:
    """Columns before the dash of each deployment; None where they are no such list."""
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return None
    for key, value in root.value:
        if key.value == "deployments" and isinstance(value, yaml.SequenceNode) and value.value and not value.flow_style:
            return int(value.start_mark.column)
    return None
