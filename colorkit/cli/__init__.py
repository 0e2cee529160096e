"""The command line: it parses, calls once, and prints."""

import gc
import logging
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from io import TextIOWrapper
from typing import TextIO

import click

from colorkit import __version__
from colorkit.errors import (
    ColorkitError,
    ColorkitWarning,
    OptionError,
    PluginError,
    UnknownNameError,
)

INTERRUPTED = 130

aliases: dict[str, str] = {}
"""What people call files that stand in for something else."""


class Commands(click.Group):
    """Commands of colorkit and its plugins; imported only when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        from colorkit import registry

        return sorted(registry.commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        from colorkit import registry

        command: object = None
        # colorkit's own commands are its own: they win, and are quick to find.
        for name in (f"colorkit:{cmd_name}", cmd_name):
            with suppress(UnknownNameError):
                command = registry.get_command(name)
                break
        else:
            return None
        if not isinstance(command, click.Command):
            raise PluginError(f"command {cmd_name!r} is {command!r}; a click.Command is needed")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them by their summaries, importing none."""
        from colorkit import registry

        rows = [(name, spec.summary) for name, spec in sorted(registry.commands().items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Errors are one line; --debug, before the command, shows where they come from.",
)
@click.version_option(__version__, prog_name="colorkit")
@click.option("--debug", is_flag=True, help="Show a traceback for errors.")
@click.pass_context
def group(ctx: click.Context, debug: bool) -> None:
    """Colour for black-and-white photographs, the lightness of every pixel kept."""
    ctx.obj = debug


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit: 0 done, 1 failed in part, 2 wrong usage, 130 interrupted."""
    gc.set_threshold(50_000)  # imports make many objects and no garbage
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, TextIOWrapper):
        # The name of a file need not be text, or text that the terminal has letters for.
        sys.stdout.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings(), _interruptions_raised():
        warnings.simplefilter("always", ColorkitWarning)
        # Pillow names no file; of one that is damaged, colorkit has a warning of its own.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.showwarning = _show_warning
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
    gc.freeze()  # the process ends: looking through all that it made takes longer than its exit
    sys.exit(code)


@contextmanager
def _interruptions_raised() -> Iterator[None]:
    """Interrupt once more where a finalizer, or garbage collection, was interrupted in vain."""
    if sys.platform == "win32":  # has no timers
        yield
        return
    hook = sys.unraisablehook

    def raised_again(swallowed: "sys.UnraisableHookArgs") -> None:
        if issubclass(swallowed.exc_type, KeyboardInterrupt):
            # A moment later: what is raised in here would be swallowed too.
            signal.setitimer(signal.ITIMER_REAL, 0.1)
        else:
            hook(swallowed)

    handler = signal.signal(signal.SIGALRM, signal.default_int_handler)
    sys.unraisablehook = raised_again
    try:
        yield
    finally:
        sys.unraisablehook = hook
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def _run(arguments: list[str]) -> int:
    try:
        code = group.main(arguments, prog_name="colorkit", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted; what was finished is kept")
        return INTERRUPTED
    except Exception as error:
        say_error(error, debug=arguments[:1] == ["--debug"])
        return 2 if isinstance(error, OptionError | UnknownNameError) else 1
    return code if isinstance(code, int) else 0


def say(message: str) -> None:
    """Tell the person at the terminal something, in one line."""
    for path, name in aliases.items():
        message = message.replace(path, name)
    click.echo(f"colorkit: {' '.join(message.splitlines())}", err=True)


def shown(value: object) -> str:
    """A name or a value, quoted where it would break a line or a terminal."""
    text = aliases.get(str(value), str(value))
    return text if text.isprintable() else repr(text)


def say_error(error: Exception, *, about: str = "", debug: bool) -> None:
    """Say what went wrong; in debugging, where too."""
    if debug:
        traceback.print_exception(error)
    known = isinstance(error, ColorkitError | OSError)
    say(about + (str(error) if known else repr(error)))


@contextmanager
def silent_libraries() -> Iterator[None]:
    """Keep what libraries say of themselves and of nameless files off the terminal."""
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    sys.stderr.flush()
    with open(os.dup(2), "w", encoding=sys.stderr.encoding) as ours:
        try:
            with open(os.devnull, "w") as nowhere, redirect_stderr(_beside(ours)):
                os.dup2(nowhere.fileno(), 2)
                yield
        finally:
            os.dup2(ours.fileno(), 2)


def _beside(ours: TextIO) -> TextIO:
    """Where Python is to write meanwhile: as before, unless that is the stream of C."""
    try:
        return ours if sys.stderr.fileno() == 2 else sys.stderr
    except (OSError, ValueError):
        return sys.stderr


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    say(str(message))
