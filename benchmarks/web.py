"""The page of `colorkit web` in Chromium: how long a photograph takes there, and how much memory.

    colorkit web page && python benchmarks/web.py page

Peak memory is that of the process that shows the page, on Linux, less what it took before.
"""

import argparse
import functools
import re
import shutil
import tempfile
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

SIZES = ((1024, 768), (2000, 1500), (4000, 3000))
PATIENCE = 300_000  # milliseconds


class Handler(SimpleHTTPRequestHandler):
    """Says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def peak(browser: Browser) -> float:
    """Megabytes of resident memory, the most there ever were, of the process that has most."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    texts = [Path(f"/proc/{process['id']}/status").read_text() for process in processes]
    found = [re.search(r"VmHWM:\s+(\d+)", text) for text in texts]
    return max(int(match[1]) for match in found if match) / 1000


def measure(browser: Browser, url: str, path: Path) -> tuple[float, float, float]:
    """Seconds for a photograph, seconds for another saturation, megabytes."""
    page = browser.new_page()
    page.goto(url)
    page.locator("#status:has-text('Ready')").wait_for(timeout=PATIENCE)
    before, start = peak(browser), time.perf_counter()
    page.set_input_files("#file", path)
    page.locator("progress.idle").wait_for(state="attached", timeout=PATIENCE)
    coloured = time.perf_counter()
    page.locator("[name=saturation]").fill("1.5")
    page.locator("progress.idle").wait_for(state="attached", timeout=PATIENCE)
    again, after = time.perf_counter(), peak(browser)
    page.close()
    return coloured - start, again - coloured, after - before


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="what `colorkit web` wrote")
    parser.add_argument("--browser", default=shutil.which("chromium"))
    given = parser.parse_args()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=given.folder)
    )
    Thread(target=server.serve_forever, daemon=True).start()
    print("| megapixels | coloured, s | other saturation, s | memory, MB |")
    print("| ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        for size in SIZES:
            path = Path(scratch, "photo.jpg")
            with Image.open(Path(given.folder, "example.jpg")) as example:
                example.convert("L").resize(size).save(path, quality=90)
            browser = playwright.chromium.launch(
                executable_path=given.browser, args=["--no-sandbox", "--disable-gpu"]
            )
            url = f"http://127.0.0.1:{server.server_port}/"
            first, again, memory = measure(browser, url, path)
            pixels = size[0] * size[1] / 1e6
            print(f"| {pixels:.1f} | {first:.1f} | {again:.1f} | {memory:.0f} |", flush=True)
            browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
