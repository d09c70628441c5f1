"""Options that the embedded PostgreSQL is started with."""

from groundwork.blocks.machine_memory import usable_memory

_MB = 1024 * 1024
_LEAST_BUFFERS, _MOST_BUFFERS = 128 * _MB, 2048 * _MB
_SHARE_OF_BUFFERS = 8
"""Share of memory for shared buffers is 1 in so many. A machine of its own would give a quarter; here Prefect's server,
the gateway and the runs are on it too."""

_FIXED_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "300",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "15s",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
}


def embedded_options() -> dict[str, str]:
    """The options by name, sized for the memory that is there."""
    return _FIXED_OPTIONS | {"shared_buffers": f"{shared_buffers(usable_memory()) // _MB}MB"}


def shared_buffers(memory: int) -> int:
    """Bytes of PostgreSQL's own cache on a machine.

    An index that outgrows it costs an import a read and a write of 8 KiB for nearly every row. Memory that is not used
    is not taken: a server with a small database is as small as before.

    Args:
        memory: bytes that there are.
    """
    return max(_LEAST_BUFFERS, min(memory // _SHARE_OF_BUFFERS, _MOST_BUFFERS))
