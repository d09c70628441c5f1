"""``groundwork up --without``: parts that run elsewhere, and only where something says where."""

from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.blocks.settings import settings
from groundwork.deployments.up.home import Home
from groundwork.deployments.up.stack import Stack


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes a stack, and starts nothing."""
    monkeypatch.setenv("GROUNDWORK_HOME", str(tmp_path))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    forget()
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield lambda *without: Stack(Home(tmp_path), settings(), [], without=without)
    forget()


def test_what_is_left_out_is_no_part(stack):
    assert [part.name for part in stack("gateway", "relay").parts] == ["prefect", "worker"]
    assert [part.name for part in stack().parts] == ["prefect", "gateway", "relay", "worker"]


@pytest.mark.parametrize(
    ("without", "cure"),
    [("prefect", "PREFECT_API_URL"), ("postgres", "GROUNDWORK_DATABASE_URL"), ("wroker", "gateway, relay, worker")],
)
def test_a_part_is_left_out_only_where_another_one_is_named(stack, without: str, cure: str):
    with pytest.raises(ConfigurationError, match=cure):
        stack(without)
