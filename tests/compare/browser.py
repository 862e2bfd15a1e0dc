"""A headless Chromium, driven through two pipes: no package, no port, no network."""

from __future__ import annotations

import base64
import functools
import io
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@functools.cache
def find_chromium() -> str | None:
    """The program of this machine that runs, which Ubuntu's placeholder does not; CHROMIUM names another."""
    if named := os.environ.get("CHROMIUM"):
        return named
    return next(filter(_runs, filter(None, map(shutil.which, NAMES))), None)


def _runs(program: str) -> bool:
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0


def pixels_of(browser: Browser) -> np.ndarray:
    """The window: (height, width, 3), uint8."""
    return np.asarray(Image.open(io.BytesIO(browser.screenshot())).convert("RGB"))


def corner(browser: Browser, what: str) -> dict[str, float]:
    """Where something lies in the window: x, y, width, height."""
    return browser.run(
        f"(({{x, y, width, height}}) => ({{x, y, width, height}}))({what}.getBoundingClientRect())"
    )


def drag(browser: Browser, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the mouse, from one place of the window to another."""
    browser.mouse("mouseMoved", *start)
    browser.mouse("mousePressed", *start, button="left", buttons=1, clickCount=1)
    browser.mouse("mouseMoved", *end, button="left", buttons=1)
    browser.mouse("mouseReleased", *end, button="left", clickCount=1)
    browser.settle()


class Browser:
    """One page of one browser.

    Attributes:
        complaints: What the page wrote to the console, exceptions included, and requests it made.
    """

    def __init__(self, program: str, profile: Path, width: int, height: int) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        flags = [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
            "--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking",
            f"--user-data-dir={profile}", f"--window-size={width},{height}",
        ]  # fmt: skip
        # The browser reads its descriptor 3 and writes to 4; a shell puts the pipes there.
        script = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", program, *flags, "about:blank"],
            pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._waiting = b""
        self._number = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        targets = self._call("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self.resize(width, height)

    def resize(self, width: int, height: int, *, mobile: bool = False, scale: float = 1) -> None:
        """Give the page this size in CSS pixels, of which each is so many of the screen's wide."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                   mobile=mobile)  # fmt: skip

    def prefer(self, **features: str) -> None:
        """What the page's media queries see, such as prefers_reduced_motion="reduce"."""
        wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self._call("Emulation.setEmulatedMedia", features=wanted)

    def open(self, page: Path) -> None:
        """Load a file and wait until its pictures are decoded."""
        self.complaints.clear()
        self._call("Page.navigate", url=page.as_uri())
        loaded = "document.readyState === 'complete' && location.protocol === 'file:'"
        while not self.run(loaded):
            pass
        self.settle()

    def settle(self) -> None:
        """Wait until the pictures that are shown are decoded and drawn."""
        self.run(
            "Promise.all([...document.images].filter(i => i.checkVisibility()).map(i => i.decode()))"
            ".then(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))"
        )

    def run(self, script: str) -> Any:
        """The value of an expression in the page, awaited."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """A key as a person presses it."""
        text: dict[str, Any] = {"text": key} if len(key) == 1 else {}
        if key == "Tab":  # the browser's own doing, which goes by the key's number
            text = {"windowsVirtualKeyCode": 9, "code": "Tab"}
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, **(text if kind == "keyDown" else {}))
        self.settle()

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """A mouse event at a place of the window."""
        self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def touch(self, *moves: Sequence[tuple[float, float]]) -> None:
        """Fingers put on the window, moved from places to places, and lifted."""
        for kind, places in zip(("touchStart", *["touchMove"] * (len(moves) - 1)), moves, strict=True):
            points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
            self._call("Input.dispatchTouchEvent", type=kind, touchPoints=points)
        self._call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.settle()

    def screenshot(self, *, whole: bool = False) -> bytes:
        """PNG of the window, or of the whole page."""
        return base64.b64decode(self._call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def accessibility(self) -> list[dict[str, Any]]:
        """What a screen reader is told: every node that is not ignored."""
        nodes = self._call("Accessibility.getFullAXTree")["nodes"]
        return [node for node in nodes if not node["ignored"]]

    def close(self) -> None:
        """End the browser."""
        os.close(self._write)
        os.close(self._read)
        self._process.terminate()
        self._process.wait()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self._note(answer)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            part = os.read(self._read, 1 << 16)
            assert part, "the browser has ended"
            self._waiting += part
        message, _, self._waiting = self._waiting.partition(b"\0")
        return json.loads(message)

    def _note(self, event: dict[str, Any]) -> None:
        method, parameters = event.get("method"), event.get("params", {})
        if method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(json.dumps(parameters))
        if method == "Network.requestWillBeSent":
            url = parameters["request"]["url"]
            if not url.startswith(("data:", "file:", "about:")):
                self.complaints.append(url)
