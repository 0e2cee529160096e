"""A page that colours photographs in the browser: written to a folder, for any web server."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from colorkit.backends.metadata import Metadata, read_metadata
from colorkit.errors import ExportError

SIZES = ((256, 256), (256, 384), (384, 256))
"""Heights and widths that the page's network is bound to: browsers know no files of any size."""

RUNTIME = {
    "@litertjs/core/dist/index.js": "litert.js",
    "@litertjs/wasm-utils/dist/index.js": "wasm-utils.js",
    # Two builds: the second for browsers without relaxed SIMD. Each visitor loads one.
    "@litertjs/core/wasm/litert_wasm_internal.js": "litert_wasm_internal.js",
    "@litertjs/core/wasm/litert_wasm_internal.wasm": "litert_wasm_internal.wasm",
    "@litertjs/core/wasm/litert_wasm_compat_internal.js": "litert_wasm_compat_internal.js",
    "@litertjs/core/wasm/litert_wasm_compat_internal.wasm": "litert_wasm_compat_internal.wasm",
}
"""Files of LiteRT.js in npm's folder, and their names in the page's."""


def write_page(folder: str | os.PathLike[str], model: str | os.PathLike[str] | None = None) -> None:
    """Write a page that colours photographs in the browser.

    It is static: any web server will do, and no picture is sent to it. LiteRT.js is fetched by
    npm, in the version and with the hashes that are locked here.

    Parameters
    ----------
    folder : str or path
        A new folder, or an empty one.
    model : str or path, optional
        A ``.tflite`` file of `colorkit.export_tflite`, bound to sizes, with lightness alone as
        its input and logits as its output. By default the embedded network is exported.

    Raises
    ------
    ExportError
        When the folder is not empty, the file is another kind of network, or npm or what the
        export needs is not installed or fails.
    BackendError
        When the file is not one that colorkit exported.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{str(folder)!r} is there already; give a new folder, or an empty one")
    if model is not None:
        _check(read_metadata(_content(model), model), model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".colorkit-", dir=folder.parent) as parent:
        page = Path(parent, "page")
        shutil.copytree(str(files(__name__) / "page"), page)
        shutil.copy(str(files("colorkit") / "cli" / "example.jpg"), page)
        _put_runtime(page / "vendor", Path(parent))
        _put_model(page, model)
        if folder.exists():
            folder.rmdir()  # it is empty, and on Windows not to be replaced
        page.replace(folder)


def _content(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ExportError(f"cannot read {os.fspath(path)!r}: {error.strerror}") from error


def _check(metadata: Metadata, source: str | os.PathLike[str]) -> None:
    given: dict[str, Any] = {
        "output": metadata.output,
        "interface": metadata.interface,
        "inputs": sorted(metadata.ranges),
        "sizes": list(metadata.sizes),
    }
    wanted = {"output": "logits", "interface": "lightness", "inputs": ["lightness"]}
    if not given["sizes"] or any(given[key] != value for key, value in wanted.items()):
        raise ExportError(
            f"{os.fspath(source)!r} has {given}; the page takes a network from lightness to "
            f"logits that is bound to sizes: colorkit export NETWORK OUT.tflite --size 256x384"
        )


def _put_runtime(vendor: Path, scratch: Path) -> None:
    """LiteRT.js, as npm gives it."""
    npm = shutil.which("npm")
    if npm is None:
        raise ExportError("LiteRT.js is fetched by npm, which is not installed: get Node.js")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(str(files(__name__) / name), scratch)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ExportError(f"npm cannot fetch LiteRT.js: {done.stderr.strip()}")
    vendor.mkdir()
    for source, name in RUNTIME.items():
        shutil.copyfile(scratch / "node_modules" / source, vendor / name)
    # In a worker no import map tells where a package is.
    core = vendor / "litert.js"
    text = core.read_text(encoding="utf-8")
    core.write_text(text.replace('"@litertjs/wasm-utils"', '"./wasm-utils.js"'), encoding="utf-8")


def _put_model(page: Path, model: str | os.PathLike[str] | None) -> None:
    """The network, and beside it what it says of itself."""
    target = page / "model.tflite"
    if model is None:
        from colorkit.export import export_tflite

        export_tflite(target, "lite", precision="int8-weights", size=SIZES)
    else:
        shutil.copyfile(model, target)
    content = target.read_bytes()
    about = asdict(read_metadata(content, target))
    about["sha256"] = hashlib.sha256(content).hexdigest()
    (page / "model.json").write_text(json.dumps(about), encoding="utf-8")
