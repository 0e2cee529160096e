"""Many picture files: the work, and what became of each."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from colorkit import comparison, files
from colorkit.atomic import remove_leftovers
from colorkit.colorizer import Colorizer
from colorkit.errors import ColorkitError, FileError
from colorkit.files import Photo
from colorkit.hints import Hint
from colorkit.lineart import is_line_art
from colorkit.pixels import eight_bit
from colorkit.plan import Job
from colorkit.provenance import add_to_xmp

WORKERS = 2
"""Files in work at once: while one is coloured, another is read or written."""

SEED = 0
"""Of variants."""

HAD_COLOUR = "had colours, which are replaced"
LINE_ART = "looks like a page of text or a line drawing, whose colours nobody can tell"


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes
    ----------
    job : Job
        The job.
    written : tuple of Path
        Files that were written; empty when it was skipped or failed.
    remarks : tuple of str
        Why colouring the source may make little sense: it had colours, it is a page of text.
    error : Exception or None
        Why it failed.
    """

    job: Job
    written: tuple[Path, ...] = ()
    remarks: tuple[str, ...] = ()
    error: Exception | None = None

    @property
    def skipped(self) -> bool:
        """Whether everything that it would have written was there already."""
        return not self.written and self.error is None


@dataclass(frozen=True)
class Batch:
    """How picture files are coloured.

    Parameters
    ----------
    colorizer : Colorizer
        The recipe for the colours.
    overwrite : bool
        Write over files that are there, instead of taking them as done.
    max_pixels : int
        Larger pictures are refused before they are decoded.
    hints : sequence of Hint
        Colours at points; variants go without them.
    metadata : str
        How much of a picture's metadata its colours get: "keep", "safe" or "none", as for
        `colorkit.files.reduce_metadata`.
    provenance : bool
        Note in every file that a model made its colours, and which.
    """

    colorizer: Colorizer
    overwrite: bool = False
    max_pixels: int = files.MAX_PIXELS
    hints: Sequence[Hint] = ()
    metadata: str = "keep"
    provenance: bool = True
    _swept: set[Path] = field(default_factory=set, init=False, repr=False, compare=False)

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Colour files, two at once; outcomes come in the order of the jobs.

        A file that fails is an outcome like any other. When the iterator is closed, the few files
        that were begun are finished first. What killed runs left half written in the folders of
        the targets is removed; a folder is looked through once, however often this is called.

        Raises
        ------
        BackendError
            When the backend cannot be loaded, which happens while the first file is read.
        """
        pending: deque[Future[Outcome]] = deque()
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="colorkit-batch") as pool:
            for job in jobs:
                self._sweep(job.target.parent)
                pending.append(pool.submit(self._outcome, job))
                self.colorizer.load()
                if len(pending) > WORKERS:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()

    def _sweep(self, folder: Path) -> None:
        # One that is yet to be made has nothing to sweep; of those there may be one a picture.
        if folder not in self._swept and folder.is_dir():
            self._swept.add(folder)
            remove_leftovers(folder)

    def missing(self, job: Job) -> list[Path]:
        """Files of a job that are still to be written."""
        return [target for target in job.targets if self.overwrite or not target.exists()]

    def photos(self, job: Job) -> Iterator[Photo]:
        """What a job colours: all pages, or the first one if there are to be several results."""
        if job.variants or job.compare:
            yield files.read(job.source, max_pixels=self.max_pixels)
        else:
            yield from files.read_pages(job.source, max_pixels=self.max_pixels)

    def _outcome(self, job: Job) -> Outcome:
        try:
            wanted = self.missing(job)
            return self._color(job, wanted) if wanted else Outcome(job)
        except Exception as error:  # one bad file must not end the run
            return Outcome(job, error=error)

    def _color(self, job: Job, wanted: Sequence[Path]) -> Outcome:
        remarks = dict[str, None]()  # in order, each once
        written = []
        for target, photos in self._results(job, remarks):
            if target in wanted:
                self._write(target, photos)
                written.append(target)
        return Outcome(job, tuple(written), tuple(remarks))

    def _results(
        self, job: Job, remarks: dict[str, None]
    ) -> Iterator[tuple[Path, Iterator[Photo]]]:
        """The files of a job, and the pages of each."""
        if not (job.variants or job.compare):
            yield job.target, self._pages(job, remarks)
            return
        photo = next(self.photos(job))
        remarks |= dict.fromkeys(remarks_on(photo))
        coloured = self._colourings(photo, job.variants)
        # A backend may have fewer alternatives than were asked for.
        for target, result in zip(job.colourings, coloured, strict=False):
            yield target, iter([result])
        if job.compare:
            both = map(eight_bit, (photo.image, *(result.image for result in coloured)))
            image = comparison.side_by_side(*both)
            yield job.comparison, iter([self._result(photo, image)])

    def _pages(self, job: Job, remarks: dict[str, None]) -> Iterator[Photo]:
        for page in self.photos(job):
            remarks |= dict.fromkeys(remarks_on(page))
            yield from self._colourings(page)

    def _colourings(self, photo: Photo, variants: int = 0) -> list[Photo]:
        """A page in colour, or in several."""
        try:
            if variants:
                images = self.colorizer.variants(photo.image, variants, SEED)
                details = [{"variant": i, "seed": SEED} for i in range(1, len(images) + 1)]
            else:
                images = [self.colorizer.colorize(photo.image, hints=self.hints)]
                details = [{"hints": len(self.hints)} if self.hints else {}]
        except ColorkitError:
            raise
        except Exception as error:  # a backend may raise anything
            raise ColorkitError(f"cannot be coloured: {error!r}") from error
        return [
            self._result(photo, image, **detail)
            for image, detail in zip(images, details, strict=True)
        ]

    def _result(self, photo: Photo, image: NDArray[Any], **details: int) -> Photo:
        """A page of a result, with what goes beside the pixels."""
        result = files.reduce_metadata(replace(photo, image=image), self.metadata)
        if not self.provenance:
            return result
        return replace(result, xmp=add_to_xmp(result.xmp, self.colorizer.note(**details)))

    def _write(self, target: Path, photos: Iterator[Photo]) -> None:
        first = next(photos)
        _make_folder(target.parent)
        files.write_pages(
            target,
            chain([first], photos),
            format=format_of(target, first),
            overwrite=self.overwrite,
        )


def remarks_on(photo: Photo) -> list[str]:
    """Why colouring a picture may make little sense."""
    reasons = {HAD_COLOUR: photo.has_colour, LINE_ART: is_line_art(photo.image)}
    return [reason for reason, holds in reasons.items() if holds]


def format_of(target: Path, photo: Photo) -> str | None:
    """The format of a file to be written: without an ending, that of the source or one like it."""
    if target.suffix:
        return files.FORMATS.get(target.suffix.lower())
    known = photo.format in files.FORMATS.values()
    return photo.format if known else {"GIF": "WEBP"}.get(photo.format, "PNG")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {str(folder)!r}: {error.strerror}") from error
