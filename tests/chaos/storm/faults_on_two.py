"""The faults that only several machines have: Redis is gone or empty, a machine is lost, and a release comes."""

from collections.abc import Sequence

from tests.chaos.storm.faults import Faults
from tests.chaos.storm.schedule import Fault
from tests.chaos.storm.two_machines import TwoMachines

_AWAY_SECONDS = 8.0
"""The longest that a lost machine, or a killed Redis, is away."""


class FaultsOnTwo(Faults):
    """Those of :class:`Faults`, and those of two machines.

    Args:
        machines: what they happen to.
        faults: the schedule.
    """

    def __init__(self, machines: TwoMachines, faults: Sequence[Fault]) -> None:
        super().__init__(machines, faults)
        self._machines = machines

    def happen(self, fault: Fault) -> Sequence[int]:
        """See the base class."""
        match fault.kind:
            case "redis-wiped":
                self._machines.redis.wipe()
                return self._hit(fault)
            case "redis-killed":
                return self._kill_redis(fault)
            case "machine-lost" | "machine-lost-for-good":
                return self._lose_machine(fault)
            case "upgrade":
                self._machines.upgrade()
                return self._hit(fault)
            case _:
                return super().happen(fault)

    def _kill_redis(self, fault: Fault) -> Sequence[int]:
        """All that it held is gone."""
        self._machines.redis.kill()
        self._hit(fault)
        self._never.wait(fault.amount * _AWAY_SECONDS / 4)
        self._machines.redis.start()
        return []

    def _lose_machine(self, fault: Fault) -> Sequence[int]:
        machine = self._machines.machines[fault.amount < 0.5]
        pids = self._hit(fault, machine.lose())
        if fault.kind == "machine-lost":
            self._never.wait(fault.amount * _AWAY_SECONDS)
            machine.come_back()
        return pids
