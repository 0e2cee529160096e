"""Many pictures on many machines, a bounded number of them in work."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from colorkit import Colorizer, ColorkitError, FileError
from colorkit.batch import Batch
from colorkit_dask import work
from colorkit_dask.pictures import Picture, is_url, plan

if TYPE_CHECKING:
    from distributed import Client, Future

CHUNK = 8
"""Pictures of one task: while one is coloured, the next is read."""

LEAST_IN_WORK = 4
"""Tasks that are handed out before there is any worker, so that a growing cluster grows."""


@dataclass(frozen=True)
class Report:
    """What became of an archive.

    Attributes
    ----------
    written : int
        Pictures that were coloured.
    skipped : int
        Pictures whose colours were there already.
    failures : tuple of Picture
        The others, each with its error.
    """

    written: int
    skipped: int
    failures: tuple[Picture, ...]


def colorize_files(
    paths: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    client: "Client | None" = None,
    *,
    colorizer: Colorizer | None = None,
    overwrite: bool = False,
    retries: int = 1,
    timeout: float | None = 300,
    progress: Callable[[Picture], None] | None = None,
) -> Report:
    """Colour an archive.

    Each worker process loads the network once. A picture appears in its place whole or not at all;
    one that is there is skipped, so that the same call carries on after an interruption, and after
    its end does nothing. Lost workers lose nothing.

    Parameters
    ----------
    paths : iterable of path
        Pictures, folders with all that is below them, patterns: paths that all workers see, or
        URLs that fsspec knows, such as ``s3://scans``. May be a generator.
    out : path
        The folder or URL for the colours; trees are kept.
    client : distributed.Client, optional
        By default the one that is active, or else all cores of this machine.
    colorizer : Colorizer, optional
        The recipe. Each task computes on one thread unless it says how many.
    overwrite : bool
        Colour what is there once more.
    retries : int
        How often a picture that failed is tried again, on any worker.
    timeout : float or None
        Seconds to wait for the first worker; None for ever, where a queue may take hours.
    progress : callable, optional
        Called with each `Picture` when it is done.

    Returns
    -------
    Report
        Counts, and the pictures that failed.

    Raises
    ------
    FileError
        When there is no picture at all.
    BackendError
        When the backend cannot be loaded on a worker.
    ColorkitError
        When no worker has come in time.

    Examples
    --------
    >>> from colorkit_dask import colorize_files
    >>> report = colorize_files(["s3://archive/scans"], "s3://archive/colour")  # doctest: +SKIP
    """
    import cloudpickle

    colorizer = colorizer or Colorizer()
    batch = Batch(replace(colorizer, threads=colorizer.threads or 1), overwrite=overwrite)
    written, skipped, failures = 0, 0, list[Picture]()
    with connected(client) as connection:
        run = _Run(connection, cloudpickle.dumps(batch), retries, timeout)
        with closing(run.done(plan(paths, out))) as pictures:
            for picture in pictures:
                if picture.error is not None:
                    failures.append(picture)
                elif picture.skipped:
                    skipped += 1
                else:
                    written += 1
                if progress is not None:
                    progress(picture)
    if not (written or skipped or failures):
        raise FileError("there is nothing to colour")
    return Report(written, skipped, tuple(failures))


@contextmanager
def connected(client: "Client | None") -> Iterator["Client"]:
    """The client that was given, the active one, or one for this machine alone."""
    from distributed import Client, LocalCluster

    client = client or _active()
    if client is not None:
        yield client
        return
    with (
        LocalCluster(threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as own,
    ):
        yield own


def _active() -> "Client | None":
    from distributed import default_client

    try:
        return default_client()
    except ValueError:  # there is none
        return None


class _Run:
    """Tasks under way: each future with its pictures, and how often they were tried before."""

    def __init__(
        self, client: "Client", recipe: bytes, retries: int, timeout: float | None
    ) -> None:
        from distributed import as_completed

        self._client = client
        self._recipe = recipe
        self._retries = retries
        self._timeout = timeout
        self._folders = set[str]()
        self._pending: dict[Future, tuple[tuple[Picture, ...], int]] = {}
        self._completed = as_completed(loop=client.loop, with_results=True, raise_errors=False)

    def done(self, pictures: Iterator[Picture]) -> Generator[Picture, None, None]:
        """Hand out pictures as workers become free; yield each when it is done."""
        try:
            self._hand_out(pictures)
            if self._pending:
                self._wait_for_a_worker()
            for future, result in self._completed:
                chunk, tries = self._pending.pop(future)
                if future.status == "finished":
                    yield from self._settled(result, chunk, tries)
                else:
                    yield from self._lost(chunk, tries, future.exception())
                self._hand_out(pictures)
            if self._folders:
                # A worker that was killed has left half a file where others had looked before.
                self._client.submit(work.sweep, sorted(self._folders), pure=False).result()
        finally:
            self._client.cancel(list(self._pending))

    def _hand_out(self, pictures: Iterator[Picture]) -> None:
        threads = sum(self._client.nthreads().values())
        while len(self._pending) < max(LEAST_IN_WORK, 2 * threads):
            chunk = tuple(islice(pictures, CHUNK))
            if not chunk:
                break
            self._folders.update(
                os.path.dirname(it.target) for it in chunk if not is_url(it.target)
            )
            self._submit(chunk, 0)

    def _wait_for_a_worker(self) -> None:
        # Not before there are tasks: without any, a cluster that adapts starts none.
        try:
            self._client.wait_for_workers(1, timeout=self._timeout)
        except TimeoutError as error:
            raise ColorkitError(
                f"no worker has come to {self._client.scheduler.address} in {self._timeout:g} "
                f"seconds; start some, or give them more time (timeout)"
            ) from error

    def _submit(self, chunk: tuple[Picture, ...], tries: int) -> None:
        future = self._client.submit(work.colour, self._recipe, chunk, pure=False)
        self._pending[future] = chunk, tries
        self._completed.add(future)

    def _settled(
        self, pictures: Iterable[Picture], chunk: tuple[Picture, ...], tries: int
    ) -> Iterator[Picture]:
        """The pictures that are done; those that failed are tried again, each alone."""
        for picture in pictures:
            refused = picture in chunk  # an error that it had before it was handed out
            if picture.error is not None and not refused and tries < self._retries:
                self._submit((replace(picture, error=None),), tries + 1)
            else:
                yield picture

    def _lost(
        self, chunk: tuple[Picture, ...], tries: int, error: BaseException
    ) -> Iterator[Picture]:
        """What killed its workers; which of several pictures did is found by each alone.

        One that was alone is tried again, too: it may have shared a worker with the culprit.
        """
        from distributed import KilledWorker

        if not isinstance(error, KilledWorker):
            raise error
        if len(chunk) > 1:
            for picture in chunk:
                self._submit((picture,), tries)
        elif tries < self._retries:
            self._submit(chunk, tries + 1)
        else:
            yield replace(chunk[0], error=f"several workers died of it: {error}")
