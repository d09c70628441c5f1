"""``compose.yaml`` as Docker Compose reads it: merged, with variables put in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "compose.yaml"
SECRETS = "/run/secrets/"
_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>[A-Z_]+):-(?P<default>[^}]*)\}")


@dataclass(frozen=True)
class Service:
    """A service of the file.

    Attributes:
        given: the whole of what the file says of it.
    """

    name: str
    given: Mapping[str, Any]

    @property
    def is_part(self) -> bool:
        """Whether it is of our own image."""
        return bool(self.given.get("build"))

    @property
    def command(self) -> list[str]:
        return [str(each) for each in self.given.get("command", [])]

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.given.get("environment", {}).items()}

    @property
    def secrets(self) -> set[str]:
        return set(self.given.get("secrets", []))

    @property
    def secrets_named(self) -> set[str]:
        """Those whose files its environment, command or health check names."""
        said = yaml.safe_dump(
            [self.given.get(each) for each in ("environment", "command", "entrypoint", "healthcheck")]
        )
        return {each.rstrip(".") for each in re.findall(rf"{SECRETS}([a-z0-9.-]+)", said)}

    @property
    def networks(self) -> set[str]:
        return set(self.given.get("networks", []))


def compose(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The file.

    Args:
        variables: of the shell in which Compose is called.
    """

    def value(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else (variables or {}).get(found["name"]) or found["default"]

    return yaml.safe_load(_VARIABLE.sub(value, FILE.read_text(encoding="utf-8")))


def services() -> dict[str, Service]:
    """Its services by name."""
    return {name: Service(name, given) for name, given in compose()["services"].items()}
