"""The zygote meets the database and lets go of it."""

import logging
import subprocess
import sys

import pytest

from groundwork.blocks.database import database
from groundwork.blocks.process_cache import forget
from groundwork.deployments.up.ports import free_port
from groundwork.deployments.worker.warm_up import warm_up


@pytest.fixture(autouse=True)
def fresh():
    """The environment is read anew, by this test and by those after it."""
    forget()
    yield
    database().engine.dispose()
    forget()


def test_nothing_of_the_meeting_is_there_at_a_fork_but_what_was_learnt(postgres):
    program = """
from groundwork.blocks.database import database
from groundwork.deployments.worker.warm_up import warm_up
from groundwork.deployments.worker.zygote import unclean
warm_up()
print(unclean(), database().engine.dialect.server_version_info > (14,))
"""
    zygote = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert zygote.stdout == "[] True\n"


def test_a_zygote_whose_database_is_away_takes_runs_all_the_same(
    postgres, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("GROUNDWORK_DATABASE_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    caplog.set_level(logging.INFO)
    warm_up()
    assert "the database is not met before the first run" in caplog.text
