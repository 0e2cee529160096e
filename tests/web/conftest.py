"""The page as `colorkit web` writes it, on a server, in Chromium."""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urljoin

import pytest

from colorkit.specs import is_installed

DOCS = Path(__file__).parents[2] / "docs/web.md"
HEADER, RULES = re.search("(Content-Security-Policy): (.*)", DOCS.read_text()).groups()
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120_000  # milliseconds


def needed(found: object, reason: str) -> None:
    """Skip where something is missing; CI has to have it."""
    if not found:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


class Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        """Give workers, too, the rules that docs/web.md gives for servers."""
        self.send_header(HEADER, RULES)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the tests' output short."""


@pytest.fixture(scope="session")
def serve() -> Callable:
    """Give what serves a folder as long as a `with` lasts."""
    return serving


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; the address ends with a slash."""
    handler = functools.partial(Handler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page with the embedded network; COLORKIT_TRY names one that is written already."""
    if written := os.environ.get("COLORKIT_TRY"):
        return Path(written)
    needed(shutil.which("npm"), "npm is not installed")
    needed(is_installed("tensorflow"), "TensorFlow is not installed")
    made = tmp_path_factory.mktemp("web") / "page"
    command = [sys.executable, "-m", "colorkit", "web", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made


@pytest.fixture(scope="session")
def address(folder: Path) -> Iterator[str]:
    """Serve the page."""
    with serving(folder) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Start Chromium."""
    needed(is_installed("playwright"), "playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    needed(program, f"no browser: {', '.join(BROWSERS)} are not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visit(browser, address) -> Iterator[Callable]:
    """Open the page anew; at the end no visit asked elsewhere, broke a rule, or failed."""
    contexts, asked, faults, said = [], [], [], []

    def visit(url: str = address, before: str = "", **options: object):
        contexts.append(browser.new_context(**options))
        contexts[-1].set_default_timeout(PATIENCE)
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append((url, request.url)))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: said.append(message.text))
        if before:
            page.add_init_script(before)
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()
    elsewhere = [
        wanted
        for url, wanted in asked
        if not wanted.startswith((urljoin(url, "/"), f"blob:{urljoin(url, '/')}"))
    ]
    assert asked
    assert not elsewhere
    assert not faults
    assert not [text for text in said if "Content Security Policy" in text]


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Fetch axe-core, which finds faults of accessibility."""
    scratch = tmp_path_factory.mktemp("axe")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).parent / name, scratch)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    subprocess.run(command, cwd=scratch, check=True, capture_output=True)
    return (scratch / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
