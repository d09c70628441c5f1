"""`groundwork up` on a PostgreSQL server of one's own: Prefect's database is there, too."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from ssl import SSLCertVerificationError

import pytest
from asyncpg.exceptions import ConnectionDoesNotExistError
from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.settings import Settings
from groundwork.deployments.up.prefect_database import asyncpg_url, prefect_database
from tests.integration.poolers.transaction_pooler import TransactionPooler
from tests.integration.stack.external_postgres import ExternalPostgres
from tests.integration.stack.running import RunningStack
from tests.integration.stack.small_project import only
from tests.integration.stack.tls_front import TlsFront

pytestmark = pytest.mark.as_written


@pytest.fixture(scope="module")
def external() -> Iterator[ExternalPostgres]:
    with tempfile.TemporaryDirectory() as folder:
        server = ExternalPostgres(Path(folder))
        server.make("maker", "maker", may_make_databases=True)
        server.make("tenant's", "app", may_make_databases=False)
        yield server
        server.close()


@pytest.fixture(scope="module")
def tls(external: ExternalPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsFront]:
    """The server as it is reached from elsewhere: by TLS, or not at all."""
    front = TlsFront(external.port, tmp_path_factory.mktemp("tls"))
    yield front
    front.close()


@pytest.fixture
def tenant(external: ExternalPostgres) -> Iterator[str]:
    """URL of a role that may not make databases."""
    yield external.url("tenant's", "app")
    external.execute("DROP DATABASE IF EXISTS prefect WITH (FORCE)")


def configured(url: str, **others: str) -> Settings:
    return Settings(database_url=SecretStr(url), **others)


def selected(url, statement: str):
    """What a statement returns over Prefect's own driver."""

    async def select():
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            return (await connection.execute(text(statement))).one()

    return asyncio.run(select())


def test_up_says_what_to_run_where_it_may_not_make_the_database(
    tenant: str, external: ExternalPostgres, tmp_path: Path
):
    refused = RunningStack(tmp_path / "home", {"GROUNDWORK_DATABASE_URL": tenant}).groundwork("up")
    assert refused.returncode == 2
    said = refused.stderr
    assert "tenant's may not make it (permission denied to create database)" in said
    assert f'on 127.0.0.1:{external.port}:\n  CREATE DATABASE prefect OWNER "tenant\'s";\n' in said
    assert "GROUNDWORK_PREFECT_DATABASE_URL" in said
    assert "geheim" not in said
    for line in said.splitlines():
        if line.strip().startswith("CREATE DATABASE"):
            external.execute(line)
    assert selected(prefect_database(configured(tenant)), "SELECT current_database(), current_user") == (
        "prefect",
        "tenant's",
    )


def test_a_database_in_which_the_role_may_do_nothing_is_told_with_what_it_lacks(
    tenant: str, external: ExternalPostgres
):
    external.execute("CREATE DATABASE prefect")
    with pytest.raises(ConfigurationError) as refused:
        prefect_database(configured(tenant))
    lines = [line.strip() for line in str(refused.value).splitlines() if line.endswith(";")]
    assert lines == ['GRANT CREATE ON SCHEMA public TO "tenant\'s";', "CREATE EXTENSION pg_trgm;"]
    for line in lines:
        external.execute(line, "prefect")
    assert prefect_database(configured(tenant)).database == "prefect"


def test_another_database_may_be_named_and_has_to_exist(tenant: str, external: ExternalPostgres):
    named = configured(external.url(), prefect_database_url=SecretStr(tenant))
    assert prefect_database(named).database == "app"
    with pytest.raises(ConfigurationError, match="GROUNDWORK_PREFECT_DATABASE_URL") as refused:
        prefect_database(configured(external.url(), prefect_database_url=SecretStr(external.url(database="nothing"))))
    assert 'database "nothing" does not exist' in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_options_of_libpq_reach_prefects_driver(
    external: ExternalPostgres, tls: TlsFront, caplog: pytest.LogCaptureFixture
):
    options = f"?sslmode=verify-full&sslrootcert={tls.certificate}&application_name=my%20app&connect_timeout=3"
    url = external.url(port=tls.port, options=f"{options}&options=-c%20statement_timeout%3D7s")
    seen = "SELECT current_setting('application_name'), current_setting('statement_timeout')"
    assert selected(asyncpg_url(make_url(url)), seen) == ("my app", "7s")
    assert "connect_timeout" in caplog.text
    untrusted = external.url(port=tls.port, options="?sslmode=verify-full&sslrootcert=system")
    with pytest.raises(SSLCertVerificationError):
        selected(asyncpg_url(make_url(untrusted)), "SELECT 1")
    plain = external.url(port=tls.port, options="?sslmode=disable")
    with pytest.raises(ConnectionDoesNotExistError):
        selected(asyncpg_url(make_url(plain)), "SELECT 1")


def test_only_a_pooler_is_too_little_for_prefect(pooled_url: str, tmp_path: Path):
    refused = RunningStack(tmp_path / "home", {"GROUNDWORK_DATABASE_URL": pooled_url}).groundwork("up")
    assert refused.returncode == 2
    assert "GROUNDWORK_DATABASE_DIRECT_URL" in refused.stderr


@pytest.fixture(scope="module")
def pooled_url(external: ExternalPostgres) -> Iterator[str]:
    made = external.url("maker", "maker")
    pooler = TransactionPooler(made, size=8)
    yield external.url("maker", "maker", port=pooler.port)
    pooler.close()


@pytest.fixture(scope="module")
def stack(
    external: ExternalPostgres, pooled_url: str, tls: TlsFront, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    trust = f"?sslmode=verify-full&sslrootcert={tls.certificate}"
    direct = external.url("maker", "maker", port=tls.port, options=trust)
    folder = tmp_path_factory.mktemp("external")
    variables = {
        "GROUNDWORK_DATABASE_URL": pooled_url,
        "GROUNDWORK_DATABASE_DIRECT_URL": direct,
        **only(folder / "project", "contacts", "operations"),
    }
    with RunningStack(folder / "home", variables).running() as stack:
        yield stack


def test_jobs_run_through_the_pooler_and_prefect_keeps_its_runs_beside(
    stack: RunningStack, external: ExternalPostgres, tmp_path: Path
):
    contacts = tmp_path / "contacts.csv"
    contacts.write_text("Email,Name\nada@example.com,Ada\n")
    for number in range(3):
        added = stack.groundwork(
            "user", "add", f"u{number}", "--workspace", "acme", "--email", f"u{number}@example.com"
        )
        assert added.returncode == 0, added.stderr
        done = stack.groundwork("import", str(contacts), "--workspace", "acme", "--user", f"u{number}", "--wait")
        assert done.returncode == 0, done.stderr
    exported = stack.groundwork("export", "--workspace", "acme", "--out", str(tmp_path / "out.csv"))
    assert exported.returncode == 0, exported.stderr
    assert external.execute("SELECT count(*) > 3 FROM flow_run WHERE state_type = 'COMPLETED'", "prefect") == [(True,)]
    assert list(stack.home.rglob("prefect.db")) == []
    assert not (stack.home / "postgres").exists()


def test_relay_and_worker_listen_past_the_pooler(stack: RunningStack, external: ExternalPostgres):
    listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'maker' AND query LIKE 'LISTEN %'"
    assert external.execute(listening) == [(2,)]


def test_the_password_is_in_no_log(stack: RunningStack):
    logs = [stack.terminal, *(stack.home / "logs").glob("*.log"), stack.home / "up.json"]
    for log in logs:
        content = log.read_text()
        assert "geheim" not in content, log
    assert len(logs) > 4
