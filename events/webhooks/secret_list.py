"""Secrets of a setting: several, comma-separated, while they are rotated."""

from pydantic import SecretStr


def several(given: SecretStr | None) -> list[str]:
    """The secrets that a setting holds; none where it is not set."""
    listed = given.get_secret_value().split(",") if given else []
    return [each.strip() for each in listed if each.strip()]
