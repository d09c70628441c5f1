"""The options of ``@step``."""

from dataclasses import dataclass
from typing import Literal

from groundwork.blocks.errors import ConfigurationError
from groundwork.tasks.step_identity import require_step_name


@dataclass(frozen=True, kw_only=True)
class StepOptions:
    """What ``@step(…)`` may say. Each option has its default here.

    Attributes:
        retries: tries after the first. Too low: a short outage of a provider fails the job. Too high: a lane stands
            still behind a hopeless step. :class:`~groundwork.blocks.errors.NonRetriable` is never retried.
        first_delay: seconds before the first retry, give or take a half; each further delay is twice as long.
        longest_delay: seconds; no delay grows beyond it.
        key: names of the parameters that identify the step's work, or of their attributes (``chunk.number``); the task
            run is named after it. Default: all of them, which must be JSON-ready.
        name: of a step that was renamed or moved: its old identity, by which deliveries under way find what it has
            done. Default: its module and qualified name. Another name, or none where there was one, makes it another
            step, which they do again. No two steps have one.
        memoise: False for a step without an effect whose result is large or cheap to make again.
        ledger: it writes to our database. It is handed a transaction as its first parameter ``connection``, which
            callers leave out; what it writes there and what it returns are kept together, once per delivery and key,
            or neither is. The ledger remembers the result, so ``memoise`` says nothing then. Risk: the transaction is
            open while the step works, so slow calls elsewhere do not belong in it.
        timeout: seconds after which a try is failed; None means never.
        provider: it calls a provider, so that only so many of them run at once in one workspace
            (``GROUNDWORK_WORKSPACE_PROVIDER_LIMIT``). Costs about 0.2 s, and the slot is held through the delays
            between tries: for steps that call providers only.
    """

    retries: int = 4
    first_delay: float = 1.0
    longest_delay: float = 60.0
    key: tuple[str, ...] | None = None
    name: str | None = None
    memoise: bool = True
    ledger: bool = False
    timeout: float | None = None
    provider: bool = False

    def __post_init__(self) -> None:
        if self.retries < 0:
            raise ConfigurationError(f"@step(retries={self.retries}): 0 or more tries after the first")
        if isinstance(self.key, str):
            raise ConfigurationError(f"@step(key={self.key!r}): a tuple of names is wanted: key=({self.key!r},)")
        require_step_name(self.name)

    @property
    def delays(self) -> list[float]:
        """Seconds before each retry, before they are spread."""
        return [min(self.first_delay * 2**n, self.longest_delay) for n in range(self.retries)]

    @property
    def is_memoised(self) -> bool:
        """Whether Prefect keeps its result in the blob store."""
        return self.memoise and not self.ledger


@dataclass(frozen=True, kw_only=True)
class LedgerStepOptions(StepOptions):
    """What ``@step(ledger=True, …)`` may say: by it type checkers know that the function has a ``connection``."""

    ledger: Literal[True]
