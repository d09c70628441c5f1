"""The home of a running Groundwork."""

from pathlib import Path

from deployments.up.home import LONGEST_LOG, Home


def test_a_long_log_begins_anew_at_the_next_start_and_a_short_one_goes_on(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.logs / "gateway.log").write_bytes(b"x" * (LONGEST_LOG + 1))
    (home.logs / "relay.log").write_bytes(b"short")
    with home.held():
        assert sorted(path.name for path in home.logs.iterdir()) == ["gateway.log.old", "relay.log"]
