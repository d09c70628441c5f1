"""Ports that other programs have."""

import socket
from collections.abc import Mapping

import psutil

from groundwork.blocks.errors import ConfigurationError


def refuse_taken_ports(ports: Mapping[str, int]) -> None:
    """Make sure that ports of the loopback address can be listened on.

    Args:
        ports: by the name of what wants them.

    Raises:
        ConfigurationError: one or more are taken; the message names each, and by whom it is taken.
    """
    taken = [f"Port {port} of {name} is taken{_holder_of(port)}." for name, port in ports.items() if not is_free(port)]
    if taken:
        raise ConfigurationError(" ".join([*taken, "Stop that program, or choose another port."]))


def is_free(port: int) -> bool:
    """Whether a server can listen on the port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _holder_of(port: int) -> str:
    """`` by NAME (process PID)`` where the system lets us see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                name = psutil.Process(connection.pid).name() if connection.pid else "another user's program"
                return f" by {name} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""
