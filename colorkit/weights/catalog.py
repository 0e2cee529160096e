"""Published weights by their names: fetched once, checked by hash, and made into ours."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from colorkit import registry
from colorkit.errors import WeightsError, warn
from colorkit.specs import WeightsSpec
from colorkit.weights import cache, files
from colorkit.weights.download import by_hand, download, offline

__all__ = ["add", "clean", "converted", "fetch", "path", "state", "verify"]


def fetch(name: str, *, progress: bool = False) -> Path:
    """A published file, from the cache if it is there, else from the network.

    Parameters
    ----------
    name : str
        Of a `WeightsSpec`, such as "eccv16".
    progress : bool
        Draw a bar on the standard error stream while the file is received.

    Returns
    -------
    path
        The file in the cache, checked: it has the size and the SHA-256 that are published. One
        that has not is fetched anew.

    Raises
    ------
    UnknownNameError
        When there are no weights of that name.
    WeightsError
        When the file is not in the cache, and cannot or may not be fetched: says what each address
        gave, and which file to put where.

    Warns
    -----
    ColorkitWarning
        Before something is fetched: its size, its licence, and whom to cite.
    """
    with cache.use():
        spec = cache.pinned(registry.get_weights(name))
        file = cache.path(spec)
        fault = _fault(spec, file)
        if fault is None:
            return file
        if not spec.urls:
            raise WeightsError(f"{fault}; {by_hand(spec)}")
        if offline():
            raise WeightsError(f"{fault}; COLORKIT_OFFLINE forbids to fetch it; {by_hand(spec)}")
        if file.exists():
            warn(f"{fault}; it is fetched anew")
        download(spec, file, progress=progress)
        return file


def _fault(spec: WeightsSpec, file: Path) -> str | None:
    """Why a file of the cache cannot be used, in words; None when it can."""
    if not file.is_file():
        return f"the file of weights {spec.name!r} is not in the cache"
    found = cache.fault(file, spec)
    return None if found is None else f"{str(file)!r} is damaged: {found}"


def converted(name: str) -> Path:
    """A published file as .safetensors with our names: made once, then taken from the cache.

    Parameters
    ----------
    name : str
        Of a `WeightsSpec`.

    Returns
    -------
    path
        The file, checked. A damaged one is made anew, and a new published file makes a new one.
        Once it is made, the published file is not needed any more.

    Raises
    ------
    UnknownNameError, WeightsError
        As for `fetch`, and when the published file does not hold what its network needs.
    """
    with cache.use():
        spec = cache.pinned(registry.get_weights(name))
        made = cache.made_from(spec)
        if made is not None:
            return made
        tensors = registry.get_converter(name)(files.read(fetch(name)))
        return cache.keep_made(spec, tensors)


def add(file: str | os.PathLike[str], name: str | None = None) -> Path:
    """Copy a file that somebody brought into the cache.

    Parameters
    ----------
    file : str or path
        A published file. It stays as it is.
    name : str, optional
        The weights that it is. Those whose hash is published are recognised; the others have to
        be named, and the file has to hold what their network needs.

    Returns
    -------
    path
        The copy. It is recorded as the user's, and `clean` leaves it.

    Raises
    ------
    UnknownNameError
        When there are no weights of that name.
    WeightsError
        When the file is not what it should be, or cannot be read or copied; says what it is.
    """
    source = Path(file)
    spec = _meant(source, name)
    with cache.use():
        target = cache.path(spec)
        with cache.placed(target) as part:
            shutil.copyfile(source, part)
            fault = cache.fault(part, spec)
            if fault:
                raise WeightsError(f"{str(source)!r} changed while it was copied: {fault}")
        cache.remember(spec, source)
    return target


def _meant(source: Path, name: str | None) -> WeightsSpec:
    """The spec of a file that somebody brings, with its size and hash."""
    try:
        digest, size = cache.sha256(source), source.stat().st_size
    except OSError as error:
        raise WeightsError(f"cannot read {str(source)!r}: {error}") from error
    known = [spec for spec in registry.weights().values() if spec.sha256 == digest]
    spec = known[0] if name is None and known else registry.get_weights(_named(source, name))
    if spec.sha256 == digest:
        return spec
    if spec.sha256 is not None or known:
        found = f"weights {known[0].name!r}" if known else cache.fault(source, spec)
        raise WeightsError(f"{str(source)!r} is not the file of weights {name!r}: {found}")
    registry.get_converter(name or spec.name)(files.read(source))  # refuses what does not fit
    return replace(spec, sha256=digest, bytes=size)


def _named(source: Path, name: str | None) -> str:
    if name is not None:
        return name
    open_names = [name for name, spec in registry.weights().items() if spec.sha256 is None]
    raise WeightsError(
        f"{str(source)!r} is none of the files whose hash is published: {files.identify(source)}; "
        f"if it is one of {', '.join(open_names)}, say which: --as NAME"
    )


def verify(name: str) -> Path:
    """Check a published file in the cache; fetches nothing.

    Parameters
    ----------
    name : str
        Of a `WeightsSpec`.

    Returns
    -------
    path
        The file, which has the size and the SHA-256 that are published.

    Raises
    ------
    WeightsError
        When it has not, or is not there.
    """
    with cache.use():
        spec = cache.pinned(registry.get_weights(name))
        file = cache.path(spec)
        fault = _fault(spec, file)
    if fault:
        remedy = f"run: colorkit weights fetch {name}" if spec.urls else by_hand(spec)
        raise WeightsError(f"{fault}; {remedy}")
    return file


def path(name: str) -> Path:
    """Where a published file is in the cache, or would be.

    Raises
    ------
    UnknownNameError, WeightsError
        When there are no weights of that name, or their hash is not known yet.
    """
    with cache.use():
        return cache.path(cache.pinned(registry.get_weights(name)))


def state(name: str) -> str:
    """Whether weights are here: "absent", "fetched", or "yours" when you added them."""
    with cache.use():
        facts = cache.brought(registry.get_weights(name).name)
        try:
            file = path(name)
        except WeightsError:  # nobody brought it yet
            return "absent"
        if not file.is_file():
            return "absent"
        return "yours" if facts.get("file") == file.name else "fetched"


def clean(*, everything: bool = False) -> int:
    """Delete fetched files, those made from them, and what killed processes left.

    Parameters
    ----------
    everything : bool
        Those that you added, too.

    Returns
    -------
    int
        Bytes that are free again.

    Raises
    ------
    WeightsError
        When a file cannot be deleted.
    """
    with cache.use():
        return cache.clean(everything=everything)
