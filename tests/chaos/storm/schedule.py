"""What faults there are, and a seeded schedule of them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

KILLS = frozenset(
    {"run", "machine", "worker", "zygote", "relay", "gateway", "prefect", "postgres-killed"}
    | {"services", "redis-killed", "machine-lost", "machine-lost-for-good"}
)
"""Faults that are a SIGKILL."""
_ALWAYS = ("run", "run", "run", "zombie", "relay", "gateway", "zygote", "machine")
_IN_LONG_STORMS = ("run", "zombie", "worker", "prefect")
"""What takes Prefect many seconds to get over."""
_LONG_SECONDS = 120.0
_ON_TWO = ("relay", "gateway", "worker", "prefect", "services", "redis-wiped", "redis-killed", "machine-lost", "zygote")
"""What happens in turn, in an order that is drawn, where each part is there twice."""


@dataclass(frozen=True)
class Fault:
    """``at`` counts seconds from the begin; ``amount`` is between 0 and 1."""

    at: float
    kind: str
    amount: float


@dataclass(frozen=True)
class Hit:
    """A fault as it happened. ``at`` counts seconds since 1970; ``pids`` are the processes that it hit, as far as they
    are of the stack."""

    at: float
    kind: str
    pids: Sequence[int] = ()

    @property
    def is_kill(self) -> bool:
        return self.kind in KILLS


def schedule_on_two(rng: random.Random, seconds: float) -> list[Fault]:
    """Faults for two machines: those that :data:`_ON_TWO` names in turn, among those of a storm over one, an upgrade
    that begins after a third of it, and in the end a machine that is lost for good."""
    last = 0.85 * seconds
    faults = [
        each for each in schedule(rng, last) if each.kind in ("run", "zombie") or each.kind.startswith("postgres")
    ]
    at, deck = 0.0, list[str]()
    while (at := at + rng.uniform(5, 10)) < last:
        deck = deck or rng.sample(_ON_TWO, len(_ON_TWO))
        faults.append(Fault(at, deck.pop(), rng.random()))
    faults.append(Fault(seconds / 3, "upgrade", 1.0))
    faults.append(Fault(last, "machine-lost-for-good", 1.0))
    return sorted(faults, key=lambda fault: fault.at)


def schedule(rng: random.Random, seconds: float) -> list[Fault]:
    """Faults for a storm of this length: every kind in turn, shuffled, and PostgreSQL on a clock of its own."""
    is_long = seconds >= _LONG_SECONDS
    kinds = (*_ALWAYS, *_IN_LONG_STORMS) if is_long else _ALWAYS
    faults: list[Fault] = []
    at, deck = 0.0, list[str]()
    while (at := at + (rng.uniform(6, 18) if is_long else rng.uniform(1.5, 3.5))) < seconds:
        deck = deck or rng.sample(kinds, len(kinds))
        faults.append(Fault(at, deck.pop(), rng.random()))
    at = 0.0
    while (at := at + (rng.uniform(5, 40) if is_long else rng.uniform(5, 12))) < seconds:
        kinds = ("postgres-stopped", "postgres-frozen", *(("postgres-killed",) if is_long else ()))
        faults.append(Fault(at, rng.choice(kinds), rng.random()))
    return sorted(faults, key=lambda fault: fault.at)
