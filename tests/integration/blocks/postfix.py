"""A Postfix of a test's own, where one is installed: on a free port, throwing away what it takes."""

import os
import re
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import wait_until

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"

needs_postfix = pytest.mark.skipif(
    shutil.which("postfix", path=_PATH) is None or os.geteuid() != 0,
    reason="Postfix is not installed, or this is not root, as whom it starts; .ci/run installs it",
)

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.test
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
local_recipient_maps =
default_transport = discard
local_transport = discard
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """A server that runs.

    Attributes:
        port: on 127.0.0.1.
        log: its log file.
    """

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def delivered(self, number: int) -> list[str]:
        """The recipients of what it took, in order, once there are as many."""

        def found() -> list[str] | None:
            to = re.findall(r"postfix/discard\[\d+\]: \w+: to=<([^>]*)>.* status=sent", self.log.read_text())
            return to if len(to) >= number else None

        recipients = wait_until(found, 120, f"{number} mails to be delivered")
        assert recipients is not None
        return recipients

    @property
    def different_mails(self) -> int:
        """How many Message-IDs it has seen."""
        return len(set(re.findall(r"postfix/cleanup\[\d+\]: \w+: message-id=(\S+)", self.log.read_text())))

    @property
    def connections(self) -> int:
        """How many there have been."""
        return len(re.findall(r"postfix/smtpd\[\d+\]: connect from", self.log.read_text()))


@contextmanager
def postfix(main: str = "") -> Iterator[Postfix]:
    """A server that takes mail from this machine for anybody, and throws it away.

    Args:
        main: further lines of its main.cf; later ones count.
    """
    # Beside /tmp's own rights: its processes run as the user postfix.
    with tempfile.TemporaryDirectory(prefix="postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for each in ("etc", "queue", "data"):
            (folder / each).mkdir()
        shutil.chown(folder / "data", "postfix")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        lines = dict(line.split(" =", 1) for line in (_MAIN.format(folder=folder) + main).strip().splitlines())
        (folder / "etc/main.cf").write_text("".join(f"{key} ={value}\n" for key, value in lines.items()))
        (folder / "etc/master.cf").write_text(_MASTER.format(port=port))
        _command(folder, "start")
        try:
            wait_until(lambda: _listens(port), 30, "Postfix to listen")
            yield Postfix(port, folder / "mail.log")
        finally:
            _command(folder, "abort")


def _command(folder: Path, what: str) -> None:
    done = subprocess.run(
        ["postfix", "-c", str(folder / "etc"), what],
        env=os.environ | {"PATH": _PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def policy(decide: Callable[[str], str]) -> Iterator[str]:
    """A policy service, which Postfix asks for each recipient.

    Args:
        decide: what Postfix is to do with a recipient, such as ``DUNNO`` or ``450 4.2.0 Greylisted``.

    Yields:
        What names it in main.cf.
    """

    class Asked(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            said: dict[str, str] = {}
            for line in self.rfile:
                key, equals, value = line.decode().strip().partition("=")
                if equals:
                    said[key] = value
                elif said:
                    self.wfile.write(f"action={decide(said['recipient'])}\n\n".encode())
                    said = {}

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Asked) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"check_policy_service inet:127.0.0.1:{server.server_address[1]}"
        server.shutdown()
