"""The zygote of a worker, from outside."""

import subprocess

import psutil

from tests.integration.process import Process
from tests.waiting import wait_until


def zygote_of(worker: subprocess.Popen[bytes] | Process) -> psutil.Process:
    """The zygote, once there is one."""

    def find() -> psutil.Process | None:
        children = psutil.Process(worker.pid).children()
        return next((each for each in children if is_zygote(each)), None)

    return wait_until(find, 60, what="the zygote")


def is_zygote(process: psutil.Process) -> bool:
    """Whether a process is a zygote, or the copy of one."""
    try:
        return "groundwork.deployments.worker.zygote" in " ".join(process.cmdline())
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return False
