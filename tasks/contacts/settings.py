"""Settings of the contacts application."""

from pydantic import Field

from groundwork.blocks.environment import EnvironmentSettings, read_settings
from groundwork.blocks.process_cache import process_cache


class ContactsSettings(EnvironmentSettings):
    """Limits of imports and exports. Read once per process through :func:`contacts_settings`."""

    import_chunk_bytes: int = Field(
        4 * 1024 * 1024,
        ge=64 * 1024,
        description="Bytes of CSV per chunk, which is one step and one transaction. Too low: per-step cost (about 30 "
        "ms) dominates. Too high: memory, and a longer transaction to repeat after a crash.",
    )
    import_max_bytes: int = Field(
        5 * 1024**3, ge=1024, description="Largest CSV after unpacking, in bytes; larger files are refused."
    )
    import_max_ratio: int = Field(
        200, ge=2, description="Largest unpacked ÷ packed size of a .gz or .zip upload; more is taken for a zip bomb."
    )
    import_max_columns: int = Field(
        1000, ge=1, description="Most columns of a CSV. Too high: memory per chunk; every unknown column is JSON."
    )
    import_uploads: str = Field(
        "",
        description="Further places of uploads, as prefixes of keys with {workspace} in them, comma-separated, such as "
        "uploads/{workspace}/. Default: none; an import reads what lies below imports/<its id>/ or "
        "workspaces/<its workspace>/. A prefix that leaves the workspace's id open would let one read another's files.",
    )
    export_part_bytes: int = Field(
        16 * 1024 * 1024,
        ge=5 * 1024 * 1024,
        le=256 * 1024 * 1024,
        description="Bytes per part of an export's upload. S3 takes 10,000 parts of 5 MiB at least. "
        "Too low: one request per part dominates. Too high: memory, three parts per run.",
    )
    export_link_hours: float = Field(
        168.0,
        gt=0,
        le=168,
        description="How long the download link of a finished export works; S3 allows 168. Too high: a mail that falls "
        "into wrong hands gives the contacts away for that much longer.",
    )


@process_cache
def contacts_settings() -> ContactsSettings:
    """The process's settings of this application, read from the environment at first use.

    Raises:
        ConfigurationError: a variable's value is not one that it takes; the message names each such variable.
    """
    return read_settings(ContactsSettings)
