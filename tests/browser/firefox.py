"""Firefox as it comes from its maker, driven over WebDriver BiDi: what a test does with one tab, by mouse and keyboard.

Playwright drives only a Firefox built for it, and Selenium wants geckodriver; BiDi is Firefox's own.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from tests.waiting import wait_until

LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
PREFERENCES = """
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.auto", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("intl.accept_languages", "en-GB");
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
"""
SECONDS = 120
REDRAWN = frozenset({"move target out of bounds", "no such element", "no such node"})


class RedrawnError(Exception):
    """What was found to be clicked is no longer there: the page was drawn anew meanwhile."""


class Firefox:
    """One process; ``tab()`` opens a tab with cookies and storage of its own."""

    def __init__(self, executable: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True)
        Path(self._folder.name, "user.js").write_text(PREFERENCES, encoding="utf-8")
        log = Path(self._folder.name, "log")
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [executable, "--headless", "--no-remote", "--profile", self._folder.name, "--remote-debugging-port=0"],
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        found = wait_until(lambda: LISTENING.search(log.read_bytes()), every_seconds=0.05)
        self._open = ExitStack()
        self._socket = self._open.enter_context(connect(f"{found[1].decode()}/session", max_size=None))
        self._asked = 0
        self.ask("session.new", capabilities={})

    def ask(self, method: str, **parameters: Any) -> Any:
        self._asked += 1
        self._socket.send(json.dumps({"id": self._asked, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=SECONDS))
            if answer.get("id") == self._asked:
                if answer.get("error") in REDRAWN:
                    raise RedrawnError(answer["message"])
                assert answer["type"] == "success", answer
                return answer["result"]

    def tab(self) -> FirefoxTab:
        user = self.ask("browser.createUserContext")["userContext"]
        context = self.ask("browsingContext.create", type="tab", userContext=user)["context"]
        self.ask("browsingContext.setViewport", context=context, viewport={"width": 1280, "height": 900})
        return FirefoxTab(self, context)

    def stop(self) -> None:
        self._open.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._folder.cleanup()


class FirefoxTab:
    """What is found by a CSS selector and words; the first that is visible."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    def open(self, address: str) -> None:
        self._firefox.ask("browsingContext.navigate", context=self._context, url=address, wait="complete")

    def reload(self) -> None:
        self._firefox.ask("browsingContext.reload", context=self._context, wait="complete")

    def text(self, css: str) -> str:
        return self._evaluate(f"document.querySelector({json.dumps(css)})?.innerText ?? ''")["value"]

    def see(self, css: str, words: str = "") -> None:
        wait_until(lambda: self._find(css, words), timeout_seconds=SECONDS, every_seconds=0.1)

    def count(self, css: str) -> int:
        return self._evaluate(f"document.querySelectorAll({json.dumps(css)}).length")["value"]

    def click(self, css: str, words: str = "") -> None:
        wait_until(lambda: self._clicked(css, words), timeout_seconds=SECONDS, every_seconds=0.1)

    def _clicked(self, css: str, words: str) -> bool:
        """Whether what was found was hit: what is drawn meanwhile moves it away from under the mouse."""
        if (found := self._find(css, words)) is None:
            return False
        origin = {"type": "element", "element": {"sharedId": found}}
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        actions = [{"type": "pointerMove", "x": 0, "y": 0, "origin": origin}, *press]
        try:
            self._act({"type": "pointer", "id": "mouse", "actions": actions})
        except RedrawnError:  # moving there failed, so nothing was pressed
            return False
        return self._evaluate("window.wasMissed")["value"] is not True

    def fill(self, css: str, value: str) -> None:
        """Over what is there, and on to the next field."""
        wait_until(lambda: self._selected(css), timeout_seconds=SECONDS, every_seconds=0.1)
        keys = [{"type": kind, "value": key} for key in [*value, "\ue004"] for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": keys})

    def _selected(self, css: str) -> bool:
        if not self._clicked(css, ""):
            return False
        is_there = f"document.activeElement.matches({json.dumps(css)})"
        return self._evaluate(f"{is_there} && (document.activeElement.select(), true)")["value"]

    def _act(self, source: dict[str, Any]) -> None:
        self._firefox.ask("input.performActions", context=self._context, actions=[source])

    def _find(self, css: str, words: str) -> str | None:
        """What is seen and has stood still for two frames; ``window.wasMissed`` says until when no click has hit it."""
        found = self._evaluate(
            f"""(async () => {{
                const one = [...document.querySelectorAll({json.dumps(css)})]
                    .find((one) => one.checkVisibility() && one.innerText.includes({json.dumps(words)}));
                if (!one) return null;
                one.scrollIntoView({{ block: "center" }});
                const place = () => JSON.stringify(one.getBoundingClientRect());
                const before = place();
                for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
                if (!one.isConnected || place() !== before) return null;
                window.wasMissed = true;
                one.addEventListener("click", () => {{ window.wasMissed = false; }}, {{ capture: true, once: true }});
                return one;
            }})()"""
        )
        return found.get("sharedId")

    def _evaluate(self, expression: str) -> dict[str, Any]:
        answer = self._firefox.ask(
            "script.evaluate", expression=expression, target={"context": self._context}, awaitPromise=True
        )
        assert answer["type"] == "success", answer
        return answer["result"]
