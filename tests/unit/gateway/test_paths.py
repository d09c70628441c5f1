"""What logs and answers may tell of a path."""

import pytest

from groundwork.deployments.gateway.paths import is_of_inngest, told_path


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/e/secret-key", "/e/…"),
        ("/e/secret-key/", "/e/…"),
        ("/e/secret-key/more/secret-key", "/e/…"),
        ("//e/secret-key", "//e/…"),
        ("/e//secret-key", "/e//…"),
        ("/E/secret-key", "/E/…"),
        ("/gateway/e/secret-key", "/gateway/e/…"),
        ("/e/\nsecret-key", "/e/…"),
        ("/e/", "/e/"),
        ("/e", "/e"),
        ("/events/0199", "/events/0199"),
        ("/downloads/secret-token", "/downloads/…"),
        ("/unsubscribe/secret-token", "/unsubscribe/…"),
        ("/fitness/hooks/oura/secret", "/fitness/hooks/oura/…"),
        ("/hooks/garmin/secret/more", "/hooks/garmin/…"),
        ("//hooks/garmin/secret", "//hooks/garmin/…"),
        ("/hooks//garmin//secret", "/hooks//garmin//…"),
        ("/Hooks/garmin/secret", "/Hooks/garmin/…"),
        ("/gateway/fitness/hooks/garmin/secret", "/gateway/fitness/hooks/garmin/…"),
        ("/hooks/garmin", "/hooks/garmin"),
        ("/gateway/downloads/secret-token", "/gateway/downloads/…"),
        ("//unsubscribe//secret-token", "//unsubscribe//…"),
        ("/the/readme/file", "/the/readme/file"),
        ("/" + "x" * 300, "/" + "x" * 199 + "…"),
    ],
)
def test_keys_and_tokens_in_paths_are_not_told(path: str, told: str) -> None:
    assert told_path(path) == told


@pytest.mark.parametrize(
    ("path", "so"),
    [("/e/key", True), ("/e", True), ("/gw/e/key", True), ("/E/key/", True), ("/events", False), ("/me/x", False)],
)
def test_a_path_tells_whether_a_client_of_inngest_asks(path: str, so: bool) -> None:
    assert is_of_inngest(path) is so
