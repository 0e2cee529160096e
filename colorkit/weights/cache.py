"""The folder that keeps weights: what its files are called, and whether they are whole.

::

    eccv16-9b330a0b.pth                              as published; its name has the hash's beginning
    eccv16-9b330a0b-v1-0123456789abcdef.safetensors  made from it; its own hash is in its name
    eccv16-9b330a0b-v1-float32.tflite                its network, converted
    eccv16.brought.json                              the user brought that file: its size, hash
    .colorkit-0123456789abcdef.part                  being written, or left by a killed process
"""

import contextlib
import json
import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import PluginError, WeightsError
from colorkit.specs import WEIGHTS_FORMATS, WeightsSpec
from colorkit.weights import files, safetensors

ENVIRONMENT = "COLORKIT_CACHE"

CONVERSION = 1
"""Raised when what is made from a published file changes, so that it is made anew."""

_RECORD = ".brought.json"

_OURS = re.compile(r"\.colorkit-[0-9a-f]+\.part|.+-[0-9a-f]{8}[.-].+|.+\.brought\.json")


def folder() -> Path:
    """Where weights are kept; it need not exist yet.

    Returns
    -------
    path
        The folder ``weights`` in the one that the environment variable ``COLORKIT_CACHE`` names, or
        in the user's folder for what can be had again.

    Raises
    ------
    WeightsError
        When ``COLORKIT_CACHE`` is a relative path, or this user has no home.
    """
    given = os.environ.get(ENVIRONMENT)
    if not given:
        return _user_cache() / "colorkit" / "weights"
    if not Path(given).is_absolute():
        raise WeightsError(
            f"{ENVIRONMENT} must be an absolute path, lest there be a cache in every folder; "
            f"received {given!r}"
        )
    return Path(given) / "weights"


def _user_cache() -> Path:
    try:
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise WeightsError(f"{error}; set {ENVIRONMENT} to a folder for weights") from error


@contextmanager
def use() -> Iterator[None]:
    """Make a WeightsError of what the system says about files in the folder."""
    try:
        yield
    except OSError as error:
        raise WeightsError(
            f"cannot keep weights in {str(folder())!r}: {error}; {ENVIRONMENT} names another folder"
        ) from error


def path(spec: WeightsSpec) -> Path:
    """Where a published file is kept, as it was published."""
    return folder() / f"{_stem(spec)}{WEIGHTS_FORMATS[spec.format]}"


def _stem(spec: WeightsSpec) -> str:
    assert spec.sha256 is not None  # `pinned` sees to it
    return f"{spec.name}-{spec.sha256[:8]}"


@contextmanager
def placed(target: Path) -> Iterator[Path]:
    """A name to write to; the file becomes the target, in the same folder, when all went well."""
    part = _part()
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
        part.replace(target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _part() -> Path:
    return folder() / f".colorkit-{secrets.token_hex(8)}.part"


def sha256(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    import hashlib

    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def fault(file: Path, spec: WeightsSpec) -> str | None:
    """How a file differs from the one that is published, in words; None where it does not."""
    size = file.stat().st_size
    if size != spec.bytes:
        return f"{files.identify(file)} of {size:,} bytes, {spec.bytes:,} are expected"
    found = sha256(file)
    if found != spec.sha256:
        return f"{files.identify(file)} with the SHA-256 {found}, {spec.sha256} is expected"
    return None


def pinned(spec: WeightsSpec) -> WeightsSpec:
    """A spec with size and hash: its own, or those of the file that the user brought.

    Raises
    ------
    WeightsError
        When it states none, and no file was brought.
    """
    if spec.sha256 is not None:
        return spec
    facts = brought(spec.name)
    try:
        return replace(spec, sha256=str(facts["sha256"]), bytes=facts["bytes"])
    except (KeyError, PluginError) as error:
        raise WeightsError(
            f"weights {spec.name!r} are not fetched: no hash of them is published; when you have "
            f"the file, run: colorkit weights add FILE --as {spec.name}"
        ) from error


def brought(name: str) -> dict[str, Any]:
    """What is recorded of a file that the user brought; empty without a readable record."""
    try:
        facts = json.loads(_record(name).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def remember(spec: WeightsSpec, source: Path) -> None:
    """Write down that the user brought a file."""
    facts = {
        "network": spec.network,
        "file": path(spec).name,
        "bytes": spec.bytes,
        "sha256": spec.sha256,
        "brought_as": source.name,
    }
    with placed(_record(spec.name)) as part:
        part.write_text(f"{json.dumps(facts, indent=2)}\n")


def _record(name: str) -> Path:
    return folder() / f"{name}{_RECORD}"


def made_from(spec: WeightsSpec) -> Path | None:
    """The file that was made from a published one, if there is one and it is whole."""
    for file in folder().glob(f"{_stem(spec)}-v{CONVERSION}-*.safetensors"):
        if file.stem.endswith(f"-{sha256(file)[:16]}"):
            return file
    return None


def converted(spec: WeightsSpec, precision: str) -> Path:
    """Where the network with these weights is kept, as a TFLite file."""
    return folder() / f"{_stem(spec)}-v{CONVERSION}-{precision}.tflite"


def keep_made(spec: WeightsSpec, tensors: Mapping[str, NDArray[np.floating[Any]]]) -> Path:
    """Keep what was made from a published file."""
    part = _part()
    part.parent.mkdir(parents=True, exist_ok=True)
    safetensors.write(part, tensors)
    name = f"{_stem(spec)}-v{CONVERSION}-{sha256(part)[:16]}.safetensors"
    return part.replace(part.with_name(name))


def clean(*, everything: bool) -> int:
    """Delete files that can be had again, or all; returns their bytes."""
    place = folder()
    entries = [
        entry for entry in place.glob("*") if entry.is_file() and _OURS.fullmatch(entry.name)
    ]
    kept = set() if everything else set(_users(place))
    freed = 0
    for entry in entries:
        if entry.name not in kept:
            freed += entry.stat().st_size
            entry.unlink(missing_ok=True)
    return freed


def _users(place: Path) -> Iterator[str]:
    """Names of the files that the user brought, and of their records."""
    for entry in place.glob(f"*{_RECORD}"):
        yield entry.name
        yield str(brought(entry.name.removesuffix(_RECORD)).get("file"))
