"""The folder of the project. Free of Prefect, whose import costs more than a second."""

from importlib.util import find_spec
from pathlib import Path

from groundwork.blocks.errors import ConfigurationError


def project_folder() -> Path:
    """The folder with ``prefect.yaml``: the checkout that this package was installed from.

    Raises:
        ConfigurationError: there is none, as after an install that is not editable.
    """
    flows = find_spec("flows")
    assert flows is not None
    assert flows.origin is not None
    folder = Path(flows.origin).resolve().parent.parent
    if not (folder / "prefect.yaml").exists():
        raise ConfigurationError(f"no prefect.yaml in {folder}: run from a checkout, installed with `pip install -e .`")
    return folder
