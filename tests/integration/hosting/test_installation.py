"""An installation as ``compose.yaml`` describes it: it works, with what each container is told and no more."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from tests.integration.hosting.installation import Installation, installed
from tests.integration.hosting.load import Load
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("installation")) as running:
        yield running


def test_events_of_two_gateways_are_done_once_each(installation: Installation):
    load = Load(installation, "first")
    load.send(20)
    load.send_import()
    load.wait_until_settled()
    assert load.not_done() == []
    assert load.mails_beside_one_each() == {}
    assert installation.rows("SELECT count(*) FROM app.contact WHERE workspace_id = 'first'") == [(3,)]


def test_prefects_servers_show_a_ui_that_they_have_not_written_into_the_image(installation: Installation):
    for container in installation.containers["prefect-server"]:
        page = httpx.get(f"http://127.0.0.1:{container.ports['4200']}/", follow_redirects=True)
        assert "<html" in page.text
        assert list((container.home / "prefect-ui").rglob("index.html"))


def test_the_role_of_the_parts_changes_no_table(installation: Installation):
    for statement in (
        "CREATE TABLE groundwork.mine ()",
        "CREATE TABLE public.mine ()",
        "CREATE SCHEMA mine",
        "ALTER TABLE groundwork.delivery ADD COLUMN mine int",
        "DROP TABLE app.contact",
        "TRUNCATE app.contact",
        "CREATE ROLE mine",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            installation.rows(statement)


def test_no_part_has_rights_in_another_ones_database(installation: Installation):
    for secret, database in (("database-url", "prefect"), ("prefect-database-url", "groundwork")):
        url = installation.secret(secret).rpartition("/")[0]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(f"{url}/{database}").close()


def test_parts_are_replaced_one_by_one_under_load(installation: Installation):
    load = Load(installation, "replaced")
    with load.going_on():
        for name in ("prefect-migrate", "prefect-server", "prefect-services", "deploy", "worker", "relay", "gateway"):
            for container in installation.containers[name]:
                if container.service.given["restart"] == "no":
                    container.run()
                    continue
                container.stop()
                container.start()
                container.wait_until_healthy()
            load.wait_for_more(3)
    load.wait_until_settled()
    assert load.not_done() == []
    assert load.mails_beside_one_each() == {}


def test_what_was_settled_before_a_dump_under_load_is_settled_after_its_restore(installation: Installation):
    held, load = Load(installation, "held"), Load(installation, "restored")
    installation.command("pause", "send-welcome", "--workspace", "held")
    held.send(5)
    dump = installation.folder / "groundwork.dump"
    with load.going_on():
        wait_until(lambda: len(load.settled()) >= 10, 60, "some deliveries are settled")
        settled, accepted = load.settled(), dict(load.accepted)
        installation.program(
            "pg_dump",
            "--format=custom",
            "--file",
            str(dump),
            "--dbname",
            installation.postgres.url(database="groundwork"),
        )
        load.wait_for_more(5)
    load.wait_until_settled()
    using = [each for name in ("gateway", "relay", "worker") for each in installation.containers[name]]
    for each in using:
        each.stop()

    installation.program(
        "pg_restore", "--clean", "--if-exists", "--create", "--exit-on-error",
        "--dbname", installation.postgres.url(), str(dump),
    )  # fmt: skip
    for each in using:
        each.start()
    for each in using:
        each.wait_until_healthy()
    installation.command("resume", "send-welcome", "--workspace", "held")

    load.wait_until_settled()
    held.wait_until_settled()
    after = load.settled()
    assert {event: after.get(event) for event in settled} == settled
    assert held.mails_beside_one_each() == {}
    load.accepted = {event: user for event, user in load.accepted.items() if event in settled}
    assert load.mails_beside_one_each() == {}
    load.accepted = accepted
    assert load.not_done() == []
