"""Import of contacts, from a CSV to committed rows, against the least PostgreSQL can do and against pandas."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from blocks.blob_store import BlobStore
from blocks.database import database
from blocks.embedded import EmbeddedPostgres
from blocks.migrations import upgrade
from blocks.settings import settings
from deployments.sample_contacts import write_contacts
from tasks.imports.contacts_file import open_contacts
from tasks.imports.counts import ImportCounts
from tasks.imports.headers import COLUMNS
from tasks.imports.read_ahead import read_ahead
from tasks.imports.upsert import OnConflict, import_chunk

DESCRIPTION = (
    "CSV to committed contacts ÷ COPY plus one INSERT … ON CONFLICT of the same rows, parsed beforehand, into the same "
    "indexed table of the same PostgreSQL; and ÷ pandas.read_csv + DataFrame.to_sql(method='multi') into a plain table."
)
Samples = dict[str, list[float]]


def run(quick: bool) -> dict[str, float | Samples]:
    """Measure.

    Args:
        quick: 20,000 and 100,000 rows instead of 100,000 and 1,000,000.

    Returns:
        Ratios (``vs_…``: ours ÷ floor, pandas ÷ ours), rows per second, and the samples in seconds.
    """
    small, large = (20_000, 100_000) if quick else (100_000, 1_000_000)
    samples: Samples = {}
    with postgres() as folder:
        few, many = _Contenders(folder, small), _Contenders(folder, large)
        _alternate(
            samples, 5, {"ours_100k": few.ours, "floor_100k": few.floor, "pandas_100k": few.pandas}, filled=False
        )
        _alternate(samples, 3, {"ours_1m": many.ours, "floor_1m": many.floor}, filled=False)
        _alternate(samples, 3, {"updates_1m": many.ours, "floor_updates_1m": many.floor}, filled=True)
    return {
        "vs_floor_100k": _ratio(samples["ours_100k"], samples["floor_100k"]),
        "vs_floor_1m": _ratio(samples["ours_1m"], samples["floor_1m"]),
        "vs_floor_1m_updates": _ratio(samples["updates_1m"], samples["floor_updates_1m"]),
        "vs_pandas_100k": _ratio(samples["pandas_100k"], samples["ours_100k"]),
        "rows_per_second_1m": large / statistics.median(samples["ours_1m"]),
        "samples": samples,
    }


def _ratio(ones: list[float], others: list[float]) -> float:
    """Median of the ratios of samples taken one after the other: what slows a machine for a while slows both."""
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def memory(rows: int) -> float:
    """Peak resident memory, in MB, of a fresh process that imports this many rows."""
    with postgres() as folder:
        _write_blob(folder, rows)
        result = subprocess.run([sys.executable, "-c", _CHILD, _key(rows)], capture_output=True, text=True, check=True)
        return float(result.stdout)


_CHILD = """
import resource, sys
from tests.benchmarks.bench_import import import_file
import_file(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def import_file(key: str, on_conflict: OnConflict = "update", import_id: str = "import-1") -> ImportCounts:
    """The whole import: read, prepare and write, one transaction per chunk."""
    counts = ImportCounts()
    with open_contacts(BlobStore(), key) as file, read_ahead(file.chunks()) as chunks:
        for chunk in chunks:
            with database().transaction() as connection:
                counts += import_chunk(
                    connection, chunk, workspace_id="acme", import_id=import_id, on_conflict=on_conflict
                )
    return counts


class _Contenders:
    """The three ways to get one file into PostgreSQL."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.key = _key(rows)
        self.path = _write_blob(folder, rows)
        self.parsed = _parse_beforehand(self.key, folder / f"{rows}.copy")
        self._times = 0

    def ours(self) -> None:
        """Each import has its id, as in life: rows of an earlier one are updates, not repeats."""
        self._times += 1
        import_file(self.key, import_id=f"import-{self._times}")

    def floor(self) -> None:
        with database().connect() as connection:
            connection.execute(_FLOOR_STAGING)
            copying = f"COPY floor_staging ({', '.join(_PARSED)}) FROM STDIN"
            with self.parsed.open("rb") as file, connection.cursor().copy(copying) as copy:
                while block := file.read(1024 * 1024):
                    copy.write(block)
            connection.execute(_FLOOR_UPSERT)
            connection.execute("DROP TABLE floor_staging")

    def pandas(self) -> None:
        import pandas  # not above: it would count in the memory of the processes that import this module

        frame = pandas.read_csv(self.path, dtype=str)
        # 500 rows of 11 columns stay below PostgreSQL's 65,535 parameters per statement.
        with database().transaction() as connection:
            frame.to_sql("plain_contact", connection, if_exists="replace", index=False, method="multi", chunksize=500)


_PARSED = (*COLUMNS, "custom")
_FLOOR_STAGING = """
    CREATE UNLOGGED TABLE floor_staging (
        email text, first_name text, last_name text, phone text, company text, job_title text, city text, country text,
        tags text[], custom jsonb
    )"""
_FLOOR_UPSERT = """
    INSERT INTO app.contact AS contact (
        workspace_id, email, first_name, last_name, phone, company, job_title, city, country, tags, custom
    )
    SELECT 'acme', email, first_name, last_name, phone, company, job_title, city, country, coalesce(tags, '{}'), custom
    FROM floor_staging
    ON CONFLICT (workspace_id, email) DO UPDATE SET
        first_name = excluded.first_name, last_name = excluded.last_name, phone = excluded.phone,
        company = excluded.company, job_title = excluded.job_title, city = excluded.city, country = excluded.country,
        tags = excluded.tags, custom = excluded.custom, updated_at = now()"""


@contextmanager
def postgres() -> Iterator[Path]:
    """A running PostgreSQL with our tables, in a temporary Groundwork home; yields the home."""
    with tempfile.TemporaryDirectory() as name, _environment(GROUNDWORK_HOME=name, GROUNDWORK_DATABASE_URL=""):
        server = EmbeddedPostgres(Path(name))
        server.create()
        server.start(Path(name) / "postgres.log")
        url = server.url(driver="postgresql").render_as_string()
        try:
            server.create_database("groundwork")
            with _environment(GROUNDWORK_DATABASE_URL=url):
                with database().transaction() as connection:
                    upgrade(connection)
                yield Path(name)
                database().engine.dispose()
        finally:
            server.stop(timeout=60)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Environment variables for the length of a block, for this process and its children."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    settings.cache_clear()
    database.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        settings.cache_clear()
        database.cache_clear()


def _key(rows: int) -> str:
    return f"{rows}.csv"


def _write_blob(folder: Path, rows: int) -> Path:
    path = folder / "blobs" / _key(rows)
    path.parent.mkdir(exist_ok=True)
    return write_contacts(path, rows)


def _parse_beforehand(key: str, path: Path) -> Path:
    """The rows of a file in COPY's format: what the floor gets for nothing."""
    with open_contacts(BlobStore(), key) as file, path.open("wb") as parsed:
        for chunk in file.chunks():
            assert chunk.columns == _PARSED
            parsed.write(chunk.payload)
    return path


def _alternate(samples: Samples, times: int, contenders: Mapping[str, Callable[[], None]], *, filled: bool) -> None:
    """Measure the contenders in turn, each time from the same state.

    Args:
        samples: gets the seconds by contender.
        times: samples of each.
        contenders: what to measure, by name.
        filled: whether the contacts are there already, so that all rows are updates.
    """
    for _ in range(times):
        for name, contender in contenders.items():
            _reset()
            if filled:
                next(iter(contenders.values()))()
                _settle()
            start = time.perf_counter()
            contender()
            samples.setdefault(name, []).append(time.perf_counter() - start)


def _reset() -> None:
    with database().transaction() as connection:
        connection.execute(text("TRUNCATE app.contact, app.import_skipped RESTART IDENTITY"))
        connection.execute(text("DROP TABLE IF EXISTS plain_contact"))
    _settle()


def _settle() -> None:
    """Leave no checkpoint or vacuum of earlier work to the sample that follows."""
    with database().connect() as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE app.contact")
        connection.execute("CHECKPOINT")
