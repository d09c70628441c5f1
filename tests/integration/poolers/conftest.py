"""The database of the test session, reached through a pooler in transaction mode."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.blocks.database import Database, database
from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.process_cache import forget
from tests.integration.poolers.pgbouncer import PROGRAM, PgBouncer
from tests.integration.poolers.transaction_pooler import TransactionPooler


@pytest.fixture(
    params=[
        "ours",
        pytest.param("pgbouncer", marks=pytest.mark.skipif(not PROGRAM, reason="PgBouncer is not installed")),
    ]
)
def pooler(request: pytest.FixtureRequest, postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[str]:
    """URL that leads through it."""
    made = (
        TransactionPooler(postgres.conninfo()) if request.param == "ours" else PgBouncer(postgres.conninfo(), tmp_path)
    )
    yield f"postgresql://groundwork:{postgres.make_password()}@127.0.0.1:{made.port}/groundwork"
    made.close()


@pytest.fixture
def pooled(db: Database, pooler: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The process's database, as somebody has it whose GROUNDWORK_DATABASE_URL leads to a pooler."""
    monkeypatch.setenv("GROUNDWORK_DATABASE_URL", pooler)
    forget()
    try:
        yield database()
    finally:
        database().engine.dispose()
        monkeypatch.undo()
        forget()
