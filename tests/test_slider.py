"""The slider in Chromium, with a mouse and a keyboard."""

import base64
import html.parser
import io
import json
import os
import re
import select
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorkit.comparison import compare
from colorkit.slider import page

SIZE = (400, 100)
GRAY, RED, BLUE = (80, 80, 80), (200, 40, 40), (40, 40, 200)


class Browser:
    """Chromium without a window, spoken to through a pipe."""

    def __init__(self, program: str, profile: Path) -> None:
        fcntl = pytest.importorskip("fcntl")
        pipes = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for _ in range(2) for end in os.pipe()]
        theirs, self._to, self._from, answers = pipes
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe")
        command = [program, *options, f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{theirs} 4>&{answers}', *command],
            pass_fds=(theirs, answers),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(answers)
        self._pending, self._session, self._number = b"", {}, 0
        self.asked: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": found["sessionId"]}
        for domain in ("Page", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> dict:
        """Give an order, and wait for its result."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": params, **self._session}
        os.write(self._to, json.dumps(order).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def show(self, folder: Path, content: str, *, scripts: bool = True) -> None:
        """Load a page."""
        (folder / "page.html").write_text(content, encoding="utf-8")
        self.asked.clear()
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url=(folder / "page.html").as_uri())
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def screen(self) -> np.ndarray:
        """What is to be seen, ``(H, W, 3)``."""
        content = base64.b64decode(self.call("Page.captureScreenshot")["data"])
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        codes = {"Tab": 9, "PageUp": 33, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}
        for key in keys:
            for kind in ("rawKeyDown", "keyUp"):
                self.call(
                    "Input.dispatchKeyEvent",
                    type=kind,
                    key=key,
                    code=key,
                    windowsVirtualKeyCode=codes[key],
                )

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press the mouse at one place, and let go at another."""
        for kind, (x, y) in (("Pressed", start), ("Moved", end), ("Released", end)):
            self.call(
                "Input.dispatchMouseEvent",
                type=f"mouse{kind}",
                x=x,
                y=y,
                button="left",
                buttons=1,
                clickCount=1,
            )

    def close(self) -> None:
        """End it."""
        self._session = {}
        self.call("Browser.close")
        self._process.wait(timeout=60)
        os.close(self._to)
        os.close(self._from)

    def _next(self) -> dict:
        """The next answer or event."""
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._from], [], [], 60)
            assert ready, "Chromium does not answer"
            received = os.read(self._from, 1 << 20)
            assert received, "Chromium has ended"
            self._pending += received
        message, _, self._pending = self._pending.partition(b"\0")
        found = json.loads(message)
        if found.get("method") == "Network.requestWillBeSent":
            self.asked.append(found["params"]["request"]["url"])
        return found


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    """Start Chromium, where there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip(f"no browser: {', '.join(names)} are not installed")
    started = Browser(program, tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


def flat(colour) -> np.ndarray:
    return np.full((SIZE[1], SIZE[0], 3), colour, np.uint8)


def shown(before=GRAY, after=RED) -> str:
    """The slider of two flat pictures."""
    return compare(flat(before), flat(after))._repr_html_()


def boundary(screen: np.ndarray, colour=GRAY, top: int = 8) -> int:
    """How many pixels of a row have the colour of "before"."""
    return int((np.abs(screen[top] - colour) < 12).all(axis=-1).sum())


def plain(slider: str) -> str:
    """A page that begins at its upper left corner."""
    return f'<!DOCTYPE html><body style="margin: 0">{slider}</body>'


def test_half_and_half_to_begin_with(browser, tmp_path):
    """Before is on the left, after on the right, up to the middle, in the pictures' own size."""
    browser.show(tmp_path, plain(shown()))
    screen = browser.screen()

    assert boundary(screen) == pytest.approx(SIZE[0] / 2, abs=4)
    assert boundary(screen, RED) == pytest.approx(SIZE[0] / 2, abs=4)
    assert boundary(screen[:, 204:]) == boundary(screen[:, :196], RED) == 0
    assert (screen[SIZE[1] + 4 :] == 255).all()


@pytest.mark.parametrize("x", [0, 37, 250, 399])
def test_the_line_follows_the_mouse(browser, tmp_path, x):
    """Wherever the mouse is pressed or dragged to, there is the line."""
    browser.show(tmp_path, plain(shown()))
    browser.drag((120, 80), (x, 60))

    assert boundary(browser.screen()) == pytest.approx(x, abs=4)


def test_the_keyboard_moves_it(browser, tmp_path):
    """Tab reaches it, arrows move it by a hundredth, Home and End show one picture whole."""
    browser.show(tmp_path, plain(shown()))
    browser.press("Tab", *["ArrowRight"] * 5)
    assert boundary(browser.screen()) == pytest.approx(SIZE[0] * 0.55, abs=4)
    browser.press("Home")
    assert boundary(browser.screen()) == 0
    browser.press("End")
    assert boundary(browser.screen(), RED) == 0


def test_the_keyboard_is_seen(browser, tmp_path):
    """A ring around the pictures shows that keys go there."""
    framed = plain(f'<div style="padding: 20px">{shown()}</div>')
    browser.show(tmp_path, framed)
    before = browser.screen()
    browser.press("Tab")
    after = browser.screen()

    changed = (before != after).any(axis=-1)
    assert changed[10:20, 100].any()
    assert not changed[20 : 20 + SIZE[1], 20 : 20 + SIZE[0]].any()


def test_several_on_a_page(browser, tmp_path):
    """Each slider moves its own pictures."""
    browser.show(tmp_path, plain(shown() + shown(after=BLUE)))
    browser.drag((200, 50), (100, 50))
    screen = browser.screen()
    assert boundary(screen) == pytest.approx(100, abs=4)
    assert boundary(screen, top=108) == pytest.approx(200, abs=4)
    assert boundary(screen, BLUE, top=108) == pytest.approx(200, abs=4)

    browser.drag((200, 150), (300, 150))
    screen = browser.screen()
    assert boundary(screen) == pytest.approx(100, abs=4)
    assert boundary(screen, top=108) == pytest.approx(300, abs=4)


def test_a_narrow_page(browser, tmp_path):
    """Pictures shrink with their page, and the line stays under the mouse."""
    browser.show(tmp_path, plain(f'<div style="width: 200px">{shown()}</div>'))
    browser.drag((100, 25), (150, 25))
    screen = browser.screen()

    assert boundary(screen) == pytest.approx(150, abs=4)
    assert (screen[54:] == 255).all()


def test_a_page_from_right_to_left(browser, tmp_path):
    """Before stays on the left."""
    browser.show(tmp_path, f'<html dir="rtl">{plain(shown())}')
    screen = browser.screen()
    left = int(np.flatnonzero((screen[20] != 255).any(axis=-1))[0])
    browser.drag((left + 200, 50), (left + 300, 50))

    assert boundary(browser.screen()) == pytest.approx(300, abs=4)
    assert (np.abs(screen[20, left] - GRAY) < 12).all()


def test_without_scripts(browser, tmp_path):
    """On a page that runs no scripts, half of each is seen."""
    browser.show(tmp_path, plain(shown()), scripts=False)
    browser.drag((200, 50), (300, 50))

    assert boundary(browser.screen()) == pytest.approx(200, abs=4)


def test_without_styles(browser, tmp_path):
    """Where a page takes neither styles nor handlers, both pictures are seen in full."""
    bare = re.sub(r"<style>.*?</style>| (?:style|oninput)=\"[^\"]*\"", "", shown(), flags=re.S)
    browser.show(tmp_path, plain(bare), scripts=False)
    screen = browser.screen()

    assert (np.abs(screen - GRAY) < 12).all(axis=-1).sum() == SIZE[0] * SIZE[1]
    assert (np.abs(screen - RED) < 12).all(axis=-1).sum() == SIZE[0] * SIZE[1]


def test_nothing_is_loaded(browser, tmp_path):
    """A page with sliders asks nobody for anything."""
    browser.show(tmp_path, page(shown() + shown()))
    browser.drag((200, 50), (300, 50))

    assert [url for url in browser.asked if not url.startswith("data:")] == [
        (tmp_path / "page.html").as_uri()
    ]
    assert "http" not in page(shown())


def test_a_page_of_its_own(browser, tmp_path):
    """Pictures stand in the middle of the window."""
    browser.show(tmp_path, page(shown()))
    screen = browser.screen()
    rows, columns = np.nonzero((np.abs(screen - RED) < 12).all(axis=-1))

    height, width = screen.shape[:2]
    assert columns.min() == pytest.approx(width / 2, abs=4)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(height / 2, abs=2)


def test_for_screen_readers():
    """The pictures have their texts, and the slider says what it does."""
    seen = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attributes):
            seen.append((tag, dict(attributes)))

    Reader().feed(shown())
    assert [a["alt"] for tag, a in seen if tag == "img"] == ["before", "after"]
    [control] = [a for tag, a in seen if tag == "input"]
    assert control["type"] == "range"
    assert "percent" in control["aria-label"]
    assert not {"script", "link", "iframe"} & {tag for tag, _ in seen}
    assert not any("id" in attributes for _, attributes in seen)
