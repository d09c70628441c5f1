"""The list of AWS's endpoints, which botocore reads for each client: of some 400 services a store needs few.

The whole list is 9 MB in every process that has a client.
"""

import json
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader, create_loader  # type: ignore[import-untyped]

SERVICES = ("s3", "sts", "portal.sso", "oidc", "signin")
"""What a store asks, and what credentials come from, by the names of the list."""
_LIST = "endpoints"


def loader_of_few_endpoints(data_path: str | None) -> Loader:
    """A loader of botocore's data that leaves out the endpoints of services which a store never asks.

    Args:
        data_path: further folders of such data, as ``AWS_DATA_PATH`` has them.
    """
    loader = create_loader(data_path)
    loader.file_loader = _FileLoader()
    return loader


class _FileLoader(JSONFileLoader):  # type: ignore[misc]
    def load_file(self, file_path: str) -> Any:
        """The content of a file, whose name is given without ``.json``; None where there is none."""
        file = Path(f"{file_path}.json")
        if file.stem != _LIST or not file.is_file():
            return super().load_file(file_path)
        # Left out as it is read: memory that is given back afterwards has holes.
        return json.loads(file.read_text("utf-8"), object_hook=_of_few_services)


def _of_few_services(found: dict[str, Any]) -> dict[str, Any]:
    """A partition without most services; any other object as it is."""
    if "services" in found and "regions" in found:
        found["services"] = {name: each for name, each in found["services"].items() if name in SERVICES}
    return found
