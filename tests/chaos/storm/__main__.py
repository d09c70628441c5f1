"""``make chaos``: a storm, its figures in ``build/chaos.json``, exit code 1 unless nothing was lost, doubled, out of
order, over a limit or left behind."""

import argparse
import random
import sys
from pathlib import Path

from tests.chaos.storm.storm import run_storm
from tests.integration.redis_server import PROGRAM

_OUTPUT = Path("build/chaos.json")


def main() -> int:
    """Run one storm."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None, help="default: one that is drawn and printed")
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--layout", choices=("one", "two"), default="one", help="each part once, or on two machines")
    parser.add_argument("--output", type=Path, default=_OUTPUT)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**6)
    if arguments.layout == "two" and PROGRAM is None:
        parser.error("--layout two needs a redis-server on the PATH")
    report = run_storm(seed=seed, minutes=arguments.minutes, events=arguments.events, layout=arguments.layout)
    report.write(arguments.output)
    print(
        f"\n{report}\n\nRESULT: {'clean' if report.clean else 'NOT CLEAN'}, seed {seed}; written to {arguments.output}"
    )
    return 0 if report.clean else 1


if __name__ == "__main__":
    sys.exit(main())
