"""How much memory the embedded PostgreSQL believes that it may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.blocks import machine_memory
from groundwork.blocks.embedded_options import embedded_options, shared_buffers
from groundwork.blocks.machine_memory import usable_memory

MB, GB = 1024**2, 1024**3


@pytest.mark.parametrize(
    ("memory", "buffers"),
    [(512 * MB, 128 * MB), (2 * GB, 256 * MB), (8 * GB, GB), (16 * GB, 2 * GB), (512 * GB, 2 * GB)],
)
def test_postgresql_caches_an_eighth_of_the_memory_within_bounds(memory, buffers):
    assert shared_buffers(memory) == buffers


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A kernel's files as we would find them: ``groups``, and folders of control groups below ``mounted``."""
    monkeypatch.setattr(machine_memory, "_GROUPS_OF_PROCESS", tmp_path / "groups")
    monkeypatch.setattr(machine_memory, "_CONTROL_GROUPS", tmp_path / "mounted")
    return tmp_path


def limit(kernel: Path, group: str, text: str) -> None:
    file = kernel / "mounted" / group
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_the_lowest_limit_of_a_group_and_those_around_it_counts(kernel):
    (kernel / "groups").write_text("0::/service/groundwork\n")
    limit(kernel, "service/groundwork/memory.max", "max\n")
    limit(kernel, "service/memory.max", f"{96 * MB}\n")
    limit(kernel, "memory.max", f"{128 * MB}\n")
    assert usable_memory() == 96 * MB


def test_the_limit_of_a_container_counts_where_its_path_is_one_of_the_machine(kernel):
    (kernel / "groups").write_text("9:name=systemd:/docker/1f\n4:memory:/docker/1f\n0::/\n")
    limit(kernel, "memory/memory.limit_in_bytes", f"{64 * MB}\n")
    assert usable_memory() == 64 * MB


def test_without_control_groups_it_is_the_memory_of_the_machine(kernel):
    whole = usable_memory()
    (kernel / "groups").write_text("4:memory:/\n")
    limit(kernel, "memory/memory.limit_in_bytes", "9223372036854771712\n")
    assert usable_memory() == whole > 64 * MB


def test_a_server_is_started_with_what_there_is(kernel):
    (kernel / "groups").write_text("0::/\n")
    limit(kernel, "memory.max", f"{GB + 512 * MB}\n")
    assert embedded_options()["shared_buffers"] == "192MB"
