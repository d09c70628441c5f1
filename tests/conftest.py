"""Fixtures for every test: a home of its own, and a real PostgreSQL in it. Each process of the suite has its own."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import groundwork.blocks  # noqa: F401 - switches telemetry off before Prefect is imported
from groundwork.flows import registry
from groundwork.flows.registry import JobSpec
from tests import distribution, kept, order

os.environ.setdefault("PREFECT_LOGGING_TO_API_ENABLED", "false")
# A shell has its background jobs ignore SIGINT, and their children too: Prefect's worker stops itself by that signal.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Where Python is told to keep no bytecode, each of the hundreds of processes that tests start would compile everything.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Modules and tests stay until the end: the garbage collector need not look through them again and again.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> distribution.ByFile:
    return distribution.ByFile(config, log)


def pytest_configure() -> None:
    order.seed()
    kept.keep_authorities()


def pytest_report_header() -> str:
    return f"order of tests: {order.SHUFFLED}={order.scope()} {order.VARIABLE}={order.seed()}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items[:] = order.shuffled(items, order.seed())
    if hasattr(config, "workerinput"):
        items[:] = distribution.longest_first(items)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    modes = getattr(metafunc.cls, "MODES", getattr(metafunc.module, "MODES", None))
    if modes and not metafunc.definition.get_closest_marker("task_runs"):
        metafunc.parametrize("run_mode", modes, indirect=True)


@pytest.fixture(autouse=True)
def run_mode(request: pytest.FixtureRequest) -> Iterator[str]:
    """How deliveries are run: each by a flow run of its own, or as light runs. A module, or a class,
    that says ``MODES = ("ordinary", "light")`` is run in both, but for its tests that are marked ``task_runs``."""
    if getattr(request, "param", "ordinary") == "light":
        from groundwork.testing.light import light_admissions, light_runs

        with light_runs(every_job=True), light_admissions():
            yield "light"
    else:
        yield "ordinary"


@pytest.fixture(autouse=True)
def own_cache() -> Iterator[None]:
    """What a test has had this process read from an environment of its own, the next one reads anew."""
    from groundwork.blocks.process_cache import forget
    from groundwork.blocks.settings import settings

    read = settings()
    yield
    if settings() is not read:
        forget()


@pytest.fixture
def own_jobs(monkeypatch: pytest.MonkeyPatch) -> dict[str, JobSpec]:
    """The registry for this test alone: what it defines is no other test's job or pool."""
    jobs = registry.jobs()
    monkeypatch.setattr(registry, "_jobs", jobs)
    return jobs


@pytest.fixture(scope="session")
def prepared_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Gives a home on which `groundwork up` has run before; each time another one."""
    from tests.prepared_home import copy_prepared_home

    base = tmp_path_factory.getbasetemp()
    # Processes of pytest-xdist have a folder each in that of the session.
    session = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return lambda: copy_prepared_home(session / "homes", tmp_path_factory.mktemp("prepared") / "home")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Groundwork home of this test session."""
    folder = tmp_path_factory.mktemp("home")
    os.environ["GROUNDWORK_HOME"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def postgres(home: Path) -> Iterator[object]:
    """A running embedded PostgreSQL with the schema in it."""
    from groundwork.blocks import embedded
    from groundwork.blocks.database import database
    from groundwork.blocks.embedded import EmbeddedPostgres
    from groundwork.blocks.migrations import upgrade
    from groundwork.blocks.process_cache import forget
    from tests.postgres_versions import POSTGRES_PROGRAMS

    if programs := os.environ.get(POSTGRES_PROGRAMS):
        embedded.programs_folder = lambda: Path(programs)
    forget()
    server = EmbeddedPostgres(home)
    server.create()
    # Processes are killed in tests, machines are not: what a process has written is there without it.
    with (server.data / "postgresql.conf").open("a") as configuration:
        configuration.write("fsync = off\n")
        # Rows of a test stand in the order in which they were written, wherever those of earlier tests were deleted.
        configuration.write("autovacuum = off\n")
    server.start(home / "postgres.log")
    server.create_database("groundwork")
    with database().transaction() as connection:
        upgrade(connection)
    # Asked for again at the end, when tests have forgotten it, it would be looked for in a Prefect server that is gone.
    engine = database().engine
    yield server
    engine.dispose()
    server.stop()


@pytest.fixture
def db(postgres: object):
    """The database with every table empty."""
    from groundwork.blocks.database import database
    from tests.emptying import empty

    empty(database())
    return database()
