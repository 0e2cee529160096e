"""A published file, from the first of its addresses that has it."""

import os
from contextlib import closing
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin

from colorkit.errors import WeightsError, warn
from colorkit.specs import WeightsSpec
from colorkit.weights import cache
from colorkit.weights.urls import is_safe

ENVIRONMENT = "COLORKIT_OFFLINE"

CHUNK = 1 << 17
"""Bytes that are received at once."""


def download(spec: WeightsSpec, target: Path, *, progress: bool) -> None:
    """Fetch a file into the cache, whole and with the right hash, or not at all.

    Parameters
    ----------
    spec : WeightsSpec
        With URLs, size and hash.
    target : path
        Its place in the cache.
    progress : bool
        Draw a bar on the standard error stream.

    Raises
    ------
    WeightsError
        When pooch is not installed, or no address has the file; names what each of them gave.
    OSError
        When it cannot be written.
    """
    try:
        import pooch  # noqa: F401
    except ModuleNotFoundError as error:
        raise WeightsError(
            f"fetching weights needs pooch: pip install 'colorkit[weights]'; or {by_hand(spec)}"
        ) from error
    from requests import RequestException

    warn(
        f"fetching weights {spec.name!r}, {spec.bytes:,} bytes, once; "
        f"licence: {spec.license or 'not stated'}; to cite: {spec.citation or 'not stated'}"
    )
    failures: list[Exception] = []
    with cache.placed(target) as part:
        for url in spec.urls:
            try:
                _receive(spec, url, part, progress=progress)
            except (RequestException, WeightsError) as error:
                failures.append(error)
            else:
                return
        reasons = "; ".join(
            f"{url}: {_words(error)}" for url, error in zip(spec.urls, failures, strict=True)
        )
        raise WeightsError(
            f"weights {spec.name!r} cannot be fetched: {reasons}; {by_hand(spec)}"
        ) from failures[-1]


def offline() -> bool:
    """Whether the environment variable ``COLORKIT_OFFLINE`` forbids to fetch anything.

    Raises
    ------
    WeightsError
        When it is neither 1 (true, yes, on) nor 0 (false, no, off), nor empty.
    """
    value = os.environ.get(ENVIRONMENT, "")
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("", "0", "false", "no", "off"):
        return False
    raise WeightsError(f"{ENVIRONMENT} must be 1 or 0; received {value!r}")


def by_hand(spec: WeightsSpec) -> str:
    """What a person does where the file cannot be fetched."""
    source = f" from {spec.urls[0]}" if spec.urls else ""
    return (
        f"bring the file of {spec.bytes:,} bytes with the SHA-256 {spec.sha256}{source} to this "
        f"machine, and run: colorkit weights add FILE (or put it at {str(cache.path(spec))!r})"
    )


def _receive(spec: WeightsSpec, url: str, part: Path, *, progress: bool) -> None:
    from pooch import HTTPDownloader
    from tqdm import tqdm

    bar = tqdm(total=spec.bytes, desc=spec.name, unit="B", unit_scale=True, disable=not progress)
    with part.open("wb") as file, bar, closing(_Transfer(file, spec.bytes or 0, bar)) as transfer:
        fetch = HTTPDownloader(chunk_size=CHUNK, hooks={"response": transfer.follow})
        fetch(url, transfer, None)
    fault = cache.fault(part, spec)
    if fault:
        raise WeightsError(fault)


class _Transfer:
    """What pooch writes to: a file that takes no more than was announced, from safe addresses."""

    def __init__(self, file: IO[bytes], limit: int, bar: Any) -> None:
        self._file = file
        self._limit = limit
        self._bar = bar
        self._responses: list[Any] = []
        self.flush = file.flush

    def follow(self, response: Any, **_: object) -> None:
        """Look at a response of requests before a redirect is followed."""
        self._responses.append(response)
        target = urljoin(response.url, response.headers.get("location", ""))
        if response.is_redirect and not is_safe(target, redirected_from=response.url):
            raise WeightsError(f"a redirect to {target!r}; only https:// is followed")

    def write(self, chunk: bytes) -> int:
        if self._file.tell() + len(chunk) > self._limit:
            raise WeightsError(f"more than the {self._limit:,} bytes that are expected")
        self._bar.update(len(chunk))
        return self._file.write(chunk)

    def close(self) -> None:
        """Hang up; pooch does not, after an error."""
        for response in self._responses:
            response.close()


def _words(error: Exception) -> str:
    from requests import HTTPError

    if isinstance(error, HTTPError):
        return f"{error.response.status_code} {error.response.reason}"
    return str(error)
