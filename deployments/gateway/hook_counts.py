"""What became of webhooks, counted by source in this process since its start."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

Outcome = Literal["accepted", "duplicate", "unmapped", "stranger", "misfit", "malformed", "unproved"]


class HookCounts:
    """Counters of one gateway process. Sources are those that are registered, so that no stranger adds one."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, source: str, outcome: Outcome, number: int = 1) -> None:
        """Count."""
        if number:
            self._counts[source, outcome] += number

    def exposition(self) -> Iterator[str]:
        """Lines of Prometheus' text format."""
        yield "# HELP groundwork_webhooks_total What became of providers' messages, in the process that was asked.\n"
        yield "# TYPE groundwork_webhooks_total counter\n"
        for (source, outcome), number in sorted(self._counts.items()):
            yield f'groundwork_webhooks_total{{source="{source}",outcome="{outcome}"}} {number}\n'
