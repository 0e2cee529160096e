import hashlib
import importlib
import os
import signal
import subprocess
import sys
import tarfile
import venv
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import dedent
from threading import Thread
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import colorkit
from colorkit import registry as registry_module
from colorkit.registry import Registry
from colorkit.weights import safetensors

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in the background of a shell; the commands under test would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

SEPIA = Path(__file__).parents[1] / "examples" / "colorkit-sepia"
Install = Callable[..., None]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Give this process a registry that knows colorkit's own names only."""
    fresh = Registry()
    monkeypatch.setattr(registry_module, "_default", fresh)
    monkeypatch.delenv("COLORKIT_PLUGINS", raising=False)
    return fresh


@pytest.fixture
def install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry
) -> Iterator[Install]:
    """Put a distribution of one module on the path, with metadata as pip leaves it."""
    monkeypatch.syspath_prepend(tmp_path)
    modules = []

    def install(distribution: str, source: str, entry_point: str = "toned") -> None:
        module = distribution.replace("-", "_")
        info = tmp_path / f"{module}-1.5.dist-info"
        info.mkdir()
        (tmp_path / f"{module}.py").write_text(dedent(source))
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.5\n"
        )
        (info / "entry_points.txt").write_text(f"[colorkit]\n{entry_point} = {module}\n")
        modules.append(module)
        importlib.invalidate_caches()

    yield install
    for module in modules:
        sys.modules.pop(module, None)


class Photos:
    """Photographs that are not in the repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def legacy(self) -> Iterator[NDArray[np.uint8]]:
        """Give the historic ones, gray ``(H, W)``."""
        for path in sorted(self.folder.glob("legacy/*.jpg")):
            with Image.open(path) as photo:
                yield np.asarray(photo.convert("L"))

    def validation(self, every: int = 1) -> Iterator[NDArray[np.uint8]]:
        """Give each so-manieth of the validation photographs, gray ``(H, W)``."""
        with tarfile.open(self.folder / "val.tar") as archive:
            members = sorted((m for m in archive if m.isfile()), key=lambda m: m.name)
            for member in members[::every]:
                with Image.open(archive.extractfile(member)) as photo:
                    yield np.asarray(photo.convert("L"))


@pytest.fixture(scope="session")
def photos() -> Photos:
    """Give the folder that COLORKIT_PHOTOS names; CI has to have it."""
    folder = os.environ.get("COLORKIT_PHOTOS")
    if not folder or not Path(folder, "val.tar").exists():
        reason = "COLORKIT_PHOTOS names no folder with val.tar and legacy/*.jpg"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return Photos(Path(folder))


class Environment:
    """A virtual environment that sees colorkit and what the tests run on."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        scripts = "Scripts" if os.name == "nt" else "bin"
        self.python = folder / scripts / "python"
        site = Path(self.run("import sysconfig; print(sysconfig.get_path('purelib'))").strip())
        seen = [Path(colorkit.__file__).parents[1], Path(pytest.__file__).parents[1]]
        (site / "seen.pth").write_text("".join(f"{path}\n" for path in seen))

    def run(self, code: str, **variables: str) -> str:
        """Run a program, and return what it prints."""
        return self._call("-c", dedent(code), **variables)

    def install(self, *sources: Path) -> None:
        """Install wheels or source folders with pip, from this machine alone."""
        options = ("--no-index", "--no-deps", "--no-build-isolation", "--quiet")
        self._call("-m", "pip", "install", *options, *map(str, sources))

    def _call(self, *arguments: str, **variables: str) -> str:
        ours = ("COLORKIT_PLUGINS", "PYTHONPATH", "PYTHONHOME")
        clean = {name: value for name, value in os.environ.items() if name not in ours}
        finished = subprocess.run(
            [self.python, *arguments], env=clean | variables, capture_output=True, text=True
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Make an environment with colorkit-sepia, built as a wheel and installed."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, SEPIA],
        check=True,
        capture_output=True,
    )
    made = Environment(folder / "venv")
    made.install(*folder.glob("*.whl"))
    return made


Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """A server of this machine; what it answers below each path is a function."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def serve(self, path: str, content: bytes, status: int = 200, **headers: str) -> None:
        """Answer with those bytes; their number is announced where no headers are given."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in (headers or {"Content-Length": str(len(content))}).items():
                request.send_header(name.replace("_", "-"), value)
            request.end_headers()
            request.wfile.write(content)

        self.answers[path] = answer

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.answers[self.path](self)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output short."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve on loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as serving:
        thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


class Published(NamedTuple):
    """Weights named "bread" that a plugin brings, and the file that its server has."""

    content: bytes
    server: Server
    folder: Path
    file: Path


@pytest.fixture
def bread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server, install: Install
) -> Published:
    """Publish weights at /first and /second; neither is served yet, and the cache is empty."""
    tensors = {"crumb": np.arange(2**17, dtype=np.float32), "crust": np.ones(3, np.float32)}
    safetensors.write(tmp_path / "bread.safetensors", tensors)
    content = (tmp_path / "bread.safetensors").read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    install(
        "colorkit-bread",
        f"""
        import colorkit

        def slices(tensors):
            return {{f"slice/{{name}}": values for name, values in tensors.items()}}

        known = dict(
            urls=("{server.url("/first")}", "{server.url("/second")}"),
            bytes={len(content)},
            sha256="{sha256}",
            license="MIT",
            citation="B. Baker: Bread. 2031",
        )

        @colorkit.hookimpl
        def register_weights(register):
            about = dict(load=slices, network="bread", format="safetensors")
            register(colorkit.WeightsSpec("bread", **about, **known))
            register(colorkit.WeightsSpec("own-bread", **about))
        """,
    )
    cache = tmp_path / "cache"
    monkeypatch.setenv("COLORKIT_CACHE", str(cache))
    monkeypatch.delenv("COLORKIT_OFFLINE", raising=False)
    folder = cache / "weights"
    return Published(content, server, folder, folder / f"bread-{sha256[:8]}.safetensors")
