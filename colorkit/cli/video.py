"""``colorkit video``: film in colour."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from colorkit import files
from colorkit.cli import silent_libraries
from colorkit.cli.recipe import recipe_options
from colorkit.colorizer import Colorizer
from colorkit.errors import VideoError
from colorkit.hints import load_hints
from colorkit.video import Delivery, Report, colorize_folder, colorize_video, preview
from colorkit.video.corrections import Given
from colorkit.video.encode import CODECS
from colorkit.video.frames import STEADINESS

EPILOG = """\b
Examples:
  colorkit video old.mp4                          old-color.mp4 stands beside it
  colorkit video old.mp4 --preview 12             a sheet and a clip before the long run
  colorkit video old.avi -o new.mkv               another kind of file
  colorkit video old.mp4 --start 60 --end 75      a piece of it
  colorkit video old.mp4 --resume                 go on where a run was interrupted
  colorkit video old.mp4 --hints 12.5=coat.json   colours of your own; the shot follows
  colorkit video frames -o coloured               a folder of numbered pictures

Sound, subtitles, chapters and times are copied. Shots in colour stay as they are."""


DELIVERY = (
    "start",
    "end",
    "codec",
    "quality",
    "pixel_format",
    "deinterlace",
    "force",
    "provenance",
)
"""Options that are those of a `Delivery`."""


PREVIEW_SECONDS = 5


class Seconds(click.ParamType):  # type: ignore[type-arg]  # click 8.1 has no argument there
    """A time in a film, as in 90, 1:30 or 0:01:30.5."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Add up hours, minutes and seconds."""
        seconds = 0.0
        try:
            for part in str(value).split(":"):
                seconds = 60 * seconds + float(part)
        except ValueError:
            self.fail(f"{value!r} is no time, as 90 or 1:30 is", param, ctx)
        return seconds


class Correction(click.ParamType):  # type: ignore[type-arg]
    """A time, and a file with hints for the frame that is shown then: JSON, or it painted over."""

    name = "TIME=FILE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, Given]:
        """Read the file."""
        time, _, name = str(value).partition("=")
        if not name:
            self.fail(f"{value!r} is no time and file, as 1:30=hints.json is", param, ctx)
        is_json = name.lower().endswith(".json")
        given = load_hints(name) if is_json else files.read(name).image
        return Seconds().convert(time, param, ctx), given


@click.command(epilog=EPILOG)
@click.argument("film", metavar="IN", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="By default name-color.ext beside the film.",
)
@recipe_options
@click.option(
    "--steadiness",
    type=click.FloatRange(0, 1),
    default=STEADINESS,
    metavar="S",
    show_default=True,
    help="How much colours hold on to those of frames before; 0 is none.",
)
@click.option(
    "--hints",
    multiple=True,
    type=Correction(),
    help="Your colours at a time: points as JSON, or the frame painted over. May be repeated; in a "
    "folder the time is the number of a picture, from 0 on.",
)
@click.option("--force", is_flag=True, help="Colour shots that are in colour, too.")
@click.option("--start", type=Seconds(), default=0.0, help="Begin there: 90, or 1:30.")
@click.option("--end", type=Seconds(), help="Stop there.")
@click.option("--codec", metavar="NAME", help="An encoder of FFmpeg.  [default: libx264]")
@click.option("--quality", type=click.IntRange(0), metavar="N", help="Its CRF; less is better.")
@click.option("--pixel-format", metavar="NAME", help="Such as yuv444p10le; by default the film's.")
@click.option("--deinterlace", is_flag=True, help="Make whole pictures of interlaced ones.")
@click.option(
    "--preview",
    "previewed",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Only N frames on a sheet, those with hints too, and five seconds of film.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    show_default=True,
    help="Processes that share shots and threads.",
)
@click.option("--resume", is_flag=True, help="Go on where the same command was interrupted.")
@click.option("--overwrite", is_flag=True, help="Write over a film that is there.")
@click.option(
    "--no-provenance",
    "provenance",
    flag_value=False,
    default=True,
    help="Leave out the note that a model made the colours.",
)
@click.option("--threads", type=click.IntRange(1), metavar="N", help="By default all cores.")
@click.pass_context
def video(
    ctx: click.Context,
    /,
    film: Path,
    output: Path | None,
    previewed: int | None,
    workers: int,
    resume: bool,
    overwrite: bool,
    steadiness: float,
    hints: tuple[tuple[float, Given], ...],
    **options: Any,
) -> None:
    """Colour a film, or a folder of frames: steadily; luma, sound and times stay."""
    if len(dict(hints)) < len(hints):
        raise click.UsageError("--hints takes one file for each time.")
    delivery = Delivery(**{name: options.pop(name) for name in DELIVERY}, hints=dict(hints))
    look: dict[str, Any] = {"backend": Colorizer(**options), "steadiness": steadiness}
    target = output or _beside(film, "color")
    with nullcontext() if ctx.obj else silent_libraries(), _bar() as progress:
        if film.is_dir():
            look |= {"force": delivery.force, "hints": delivery.hints}
            count = colorize_folder(film, target, **look, progress=progress)
            click.echo(f"{film} -> {target}: {_count(count, 'frame')}")
        elif previewed:
            _preview(film, target, previewed, delivery, look)
        else:
            _refuse_to_replace(target, overwrite=overwrite)
            report = colorize_video(
                film,
                target,
                **look,
                delivery=delivery,
                workers=workers,
                resume=resume,
                progress=progress,
            )
            click.echo(f"{film} -> {target}: {_words(report)}")


def _beside(film: Path, word: str) -> Path:
    """A name beside a film; what cannot be written becomes Matroska."""
    suffix = film.suffix if film.suffix.lower() in CODECS or film.is_dir() else ".mkv"
    return film.with_name(f"{film.stem}-{word}{suffix}")


def _refuse_to_replace(target: Path, *, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise VideoError(f"{str(target)!r} is there already; --overwrite replaces it")


def _preview(
    film: Path, target: Path, frames: int, delivery: Delivery, look: dict[str, Any]
) -> None:
    """Write a sheet and a clip under names of their own, in place of earlier ones."""
    sheet, clip = target.with_name(f"{target.stem}-preview.png"), _beside(target, "preview")
    own: dict[str, Any] = {"force": delivery.force, "hints": delivery.hints}
    picture = preview(film, look["backend"], frames=frames, **own)
    files.write(sheet, picture, overwrite=True)
    end = delivery.start + PREVIEW_SECONDS
    hints = {time: given for time, given in delivery.hints.items() if time < end}
    piece = replace(delivery, end=end, hints=hints)
    colorize_video(film, clip, **look, delivery=piece)
    click.echo(f"{film} -> {sheet}, {clip}")


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None] | None]:
    """Draw a bar, with the time that is left, where a person watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(unit="frame") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def _words(report: Report) -> str:
    words = f"{_count(report.frames, 'frame')}, {_count(report.shots, 'shot')}"
    return words + (f"; {_count(report.kept, 'frame')} in colour before" if report.kept else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
