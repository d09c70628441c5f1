"""PgBouncer in transaction mode, where it is installed."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from groundwork.deployments.up.ports import free_port
from tests.waiting import wait_until

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


class PgBouncer:
    """Listens on a port of the loopback address.

    Args:
        conninfo: of the database.
        folder: for its configuration and its log.
    """

    def __init__(self, conninfo: str, folder: Path) -> None:
        to = conninfo_to_dict(conninfo)
        self.port = free_port()
        (folder / "users").write_text(f'"{to["user"]}" "{to["password"]}"\n')
        file = folder / "pgbouncer.ini"
        file.write_text(
            f"[databases]\n{to['dbname']} = host={to['host']}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {folder / 'users'}\n"
            # Connections are used in turn, so that what is left on one is not found by luck.
            "pool_mode = transaction\nmin_pool_size = 3\nserver_round_robin = 1\n"
        )
        assert PROGRAM is not None
        # For root in a namespace with another number: like PostgreSQL (blocks/embedded.py), it does not run as root.
        as_nobody = ["unshare", "--user", "--map-user=65534"] if os.geteuid() == 0 else []
        with (folder / "pgbouncer.log").open("wb") as log:
            self._process = subprocess.Popen([*as_nobody, PROGRAM, str(file)], stdout=log, stderr=log)
        wait_until(self._answers, 10, what=f"PgBouncer: {(folder / 'pgbouncer.log').read_text()}")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
