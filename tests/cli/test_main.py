import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import colorkit


def python(*arguments, **variables):
    """Run a fresh interpreter, where no plugin is."""
    environment = os.environ | {"COLORKIT_PLUGINS": "none"} | variables
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def modules_after(*arguments):
    """Run the command line, and return what it printed and the modules that it imported."""
    code = (
        "import sys; from colorkit.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    finished = python("-c", code, *arguments)
    return finished.stdout, set(finished.stderr.split())


PLUGIN = """
    import click, colorkit

    @click.command()
    def tone():
        {body}

    @colorkit.hookimpl
    def register_commands(register):
        register(colorkit.CommandSpec("tone", "colorkit_toned:tone", summary="Tone prints"))
"""


@pytest.fixture
def tone(install, run):
    """Install a plugin with a command, and run that."""

    def tone(body, *options):
        install("colorkit-toned", PLUGIN.format(body=body))
        return run(*options, "tone")

    return tone


def test_is_a_module_too():
    """`python -m colorkit` is the command line."""
    finished = python("-m", "colorkit", "--version")

    assert finished.stdout.split() == ["colorkit,", "version", colorkit.__version__]
    assert finished.returncode == 0


def test_says_its_version_without_numpy_or_plugins():
    """`colorkit --version` imports neither numpy nor pluggy."""
    printed, modules = modules_after("--version")

    assert colorkit.__version__ in printed
    assert "click" in modules
    assert not modules & {"numpy", "pluggy", "colorkit.registry"}


def test_help_lists_commands_without_importing_them():
    """`colorkit --help` shows every command and its summary, and runs no command's module."""
    printed, modules = modules_after("--help")

    assert {"backends", "colorize", "export", "plugins"} <= set(printed.split())
    assert "Colour photographs and folders" in printed
    assert not modules & {"colorkit.cli.colorize", "colorkit.cli.export", "PIL", "keras"}


@pytest.mark.parametrize("arguments", [["nope"], ["--nope"], ["backends", "--nope"], []])
def test_wrong_usage_is_exit_status_2(run, arguments):
    """Unknown commands and options, or none at all, exit with 2 and show the usage."""
    code, out, err = run(*arguments)

    assert code == 2
    assert "Usage: colorkit" in err
    assert not out


def test_plugins_bring_commands(tone, run):
    """A plugin's command is listed and run; what it returns is not an exit status."""
    finished = tone("click.echo('toned'); return 'done'")

    assert finished == (0, "toned\n", "")
    assert "Tone prints" in run("--help").out


def test_commands_of_plugins_choose_their_exit_status(tone):
    """A plugin's command can exit as click commands do."""
    assert tone("click.get_current_context().exit(7)").code == 7


@pytest.mark.parametrize(
    ("raised", "said", "code"),
    [
        ("colorkit.ImageError('too\\ndark')", "too dark", 1),
        ("colorkit.OptionError('size is too large')", "size is too large", 2),
        ("PermissionError(13, 'denied', 'a')", "[Errno 13] denied: 'a'", 1),
        ("ZeroDivisionError('by zero')", "ZeroDivisionError('by zero')", 1),
    ],
)
def test_errors_are_one_line(tone, raised, said, code):
    """Any error is one line on stderr, without a traceback."""
    assert tone(f"raise {raised}") == (code, "", f"colorkit: {said}\n")


def test_debug_shows_a_traceback(tone):
    """After `colorkit --debug`, an error shows where it comes from, and its line last."""
    _, _, err = tone("raise colorkit.ImageError('too dark')", "--debug")

    assert "Traceback" in err
    assert "colorkit_toned.py" in err
    assert err.endswith("\ncolorkit: too dark\n")


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "click.Abort"])
def test_interruption_is_exit_status_130(tone, raised):
    """Ctrl-C ends a command with 130 and without a traceback."""
    code, _, err = tone(f"raise {raised}")

    assert code == 130
    assert err.strip() == "colorkit: interrupted; what was finished is kept"


COLLECTING = """
    import sys, weakref
    import click, colorkit

    class Rubbish: pass

    def when_collected(_):
        print("collecting", flush=True)
        sys.stdin.readline()

    @click.command()
    def tidy():
        rubbish = Rubbish()
        kept = weakref.ref(rubbish, when_collected)
        del rubbish
        sys.stdin.readline()

    @colorkit.hookimpl
    def register_commands(register):
        register(colorkit.CommandSpec("tidy", "colorkit_tidy:tidy", summary="Tidy up"))
"""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=lambda stop: stop.name)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_collecting_garbage_swallows_no_interruption(install, tmp_path, stop):
    """A signal ends a command even when it comes where Python ignores what is raised."""
    install("colorkit-tidy", COLLECTING)
    path = os.pathsep.join(map(str, (tmp_path, Path(colorkit.__file__).parents[1])))
    with subprocess.Popen(
        [sys.executable, "-m", "colorkit", "tidy"],
        env=os.environ | {"PYTHONPATH": path},
        **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE),
        text=True,
    ) as running:
        assert running.stdout.readline() == "collecting\n"
        running.send_signal(stop)
        try:
            code, err = running.wait(60), running.stderr.read()
        finally:
            running.kill()

    assert code == 130
    assert err.strip() == "colorkit: interrupted; what was finished is kept"


def test_warnings_are_one_line(tone):
    """Warnings of colorkit are plain lines, shown every time; others' go their own way."""
    finished = tone("[colorkit.errors.warn('a\\nfold') for _ in 'ab']")

    assert finished == (0, "", "colorkit: a fold\ncolorkit: a fold\n")


def test_a_command_that_is_none_is_named(install, run):
    """A plugin whose command is no click command is told so in one line."""
    install("colorkit-toned", PLUGIN.format(body="pass").replace("@click.command()", ""))

    code, _, err = run("tone")

    assert code == 1
    assert err.startswith("colorkit: command 'tone' is <function tone")
    assert err.endswith("a click.Command is needed\n")


def test_broken_plugins_leave_the_rest(install, run):
    """A plugin that cannot be imported takes only its own command along, and is named."""
    install("colorkit-toned", "import no_such_module", entry_point="tone")

    assert run("backends").code == 0
    code, _, err = run("tone")
    assert code == 1
    assert "plugin colorkit-toned 1.5 is broken" in err


def test_what_is_not_installed_is_named_with_its_remedy(install, run):
    """A command that needs an absent package says how to get it."""
    spec = "summary='Tone prints', requires=('no_such_module',), install='colorkit[tone]'"
    install_hint = PLUGIN.format(body="pass").replace('summary="Tone prints"', spec)
    install("colorkit-hint", install_hint.replace("toned", "hint").replace('"tone"', '"hint"'))

    code, _, err = run("hint")

    assert code == 1
    assert "needs no_such_module: pip install 'colorkit[tone]'" in err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_a_completion_script(shell):
    """`_COLORKIT_COMPLETE=bash_source colorkit` prints a script, as for any click program."""
    if shell == "bash" and sys.platform == "win32":
        pytest.skip("click asks the shell for its version")
    finished = python("-m", "colorkit", _COLORKIT_COMPLETE=f"{shell}_source")

    assert "_COLORKIT_COMPLETE" in finished.stdout
    assert finished.returncode == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("colorkit col", "plain,colorize"),
        ("colorkit colorize --sat", "plain,--saturation"),
        ("colorkit colorize old", "file,old"),
    ],
)
def test_shells_complete_commands_options_and_files(words, expected):
    """Completion knows commands, their options, and where files are wanted."""
    finished = python(
        "-m",
        "colorkit",
        _COLORKIT_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(words.count(" ")),
    )

    assert finished.stdout.strip() == expected
