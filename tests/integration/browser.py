"""A real browser, driven by Chrome's own protocol; where Chromium is installed."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.waiting import wait_until

_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Tab:
    """One page.

    Attributes:
        told: what the protocol has told of itself: requests, the console, what the page's policy has blocked.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._last = 0
        self.told: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Do something; gives its result."""
        self._last += 1
        self._connection.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=30))
            if message.get("id") == self._last:
                assert "error" not in message, message
                return dict(message["result"])
            self.told.append(message)

    def open(self, url: str) -> None:
        """Go to a page, and wait until it has loaded."""
        self.call("Page.navigate", url=url)
        wait_until(lambda: self.evaluate("document.readyState") == "complete", 20)

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, script: str) -> None:
        """Wait until an expression is true."""
        wait_until(lambda: self.evaluate(script), 20, script)

    def type(self, text: str) -> None:
        """Type into what has the focus, as a person does."""
        self.call("Input.insertText", text=text)

    def press_enter(self) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r"
            )

    def seen(self, *, width: int, dark: bool) -> None:
        """Be a window of so many pixels, of somebody who likes dark or light colours."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, file: Path) -> None:
        """The whole page as a PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def requested(self) -> list[str]:
        """The URLs that were asked for."""
        sent = [each["params"] for each in self.told if each["method"] == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent]

    def complaints(self) -> list[str]:
        """Errors of the page: of its script, and of its policy."""
        thrown = [each["params"] for each in self.told if each["method"] == "Runtime.exceptionThrown"]
        logged = [each["params"]["entry"] for each in self.told if each["method"] == "Log.entryAdded"]
        return [str(each) for each in thrown] + [str(each) for each in logged if each["source"] != "network"]


@contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """A browser without a window, with a profile of its own.

    Args:
        profile: an empty folder.
    """
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
               "--disable-background-networking", "--window-size=1100,900"]  # fmt: skip
    process = subprocess.Popen(
        [program, *options, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        told = profile / "DevToolsActivePort"
        wait_until(lambda: told.exists() and "\n" in told.read_text(), 30, "Chromium listens")
        port = told.read_text().splitlines()[0]
        page = httpx.put(f"http://127.0.0.1:{port}/json/new?about:blank").json()
        with connect(page["webSocketDebuggerUrl"], max_size=None) as connection:
            yield Tab(connection)
    finally:
        process.terminate()
        process.wait(20)
