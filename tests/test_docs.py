import importlib
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

import colorkit
from colorkit import errors
from colorkit.colorizer import DEFAULT_CAUTION

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXTRA = ("keras", "tensorflow", "ai_edge_quantizer")
"""What the extra `export` brings, for the pages that export something."""

PICTURES = ("old.jpg", "scans/street.tif", "scans/harbour/ships.png")
"""The names that the examples use."""

FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^>]+) -->\n)?```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One example."""

    page: Path
    line: int
    language: str
    code: str
    reason: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text[: m.start("code")].count("\n") + 1, m["language"], m["code"], m["reason"])
        for m in FENCE.finditer(text)
    ]


def prose(page: Path) -> str:
    """A page without its examples."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


BLOCKS = [block for page in PAGES for block in blocks(page)]
SHELL = [block for block in BLOCKS if block.language == "sh"]


def commands(block: Block) -> list[list[str]]:
    lines = [shlex.split(line, comments=True) for line in block.code.splitlines()]
    return [words for words in lines if words]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make a folder to work in: gray pictures by the names of the examples, photos in colour."""
    slope = np.add.outer(np.arange(96), np.arange(128)) + 16
    for name in PICTURES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(slope.astype(np.uint8)).save(path)
    (tmp_path / "photos").mkdir()
    for i in range(4):
        colours = np.dstack([slope, slope * 0 + 90, slope[:, ::-1]]) + 20 * i
        Image.fromarray(colours.astype(np.uint8)).save(tmp_path / "photos" / f"{i}.png")
    if find_spec("av"):
        write_film(tmp_path / "old.mp4", slope.astype(np.uint8))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_film(path: Path, picture: np.ndarray) -> None:
    """A second of film, in which a picture moves."""
    import av

    with av.open(path, "w") as film:
        stream = film.add_stream("mpeg4", rate=25, width=picture.shape[1], height=picture.shape[0])
        for i in range(25):
            moved = np.roll(picture, i, axis=1)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="gray")))
        film.mux(stream.encode(None))


def require_extra(page: Path) -> None:
    """Skip where the extra is absent; continuous integration has it."""
    missing = [module for module in EXTRA if find_spec(module) is None]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"{page.name} needs {', '.join(missing)}: pip install 'colorkit[export]'")


def require_plugins(code: str) -> None:
    """Skip where a plugin that the code imports is absent; continuous integration has all."""
    for module in re.findall(r"^(?:from|import) (colorkit_\w+)", code, re.MULTILINE):
        if find_spec(module) is None and os.environ.get("CI") != "true":
            pytest.skip(f"not installed: pip install -e plugins/{module.replace('_', '-')}")


def run(words: list[str]) -> None:
    """Call the command line in a process of its own, as a shell does."""
    assert words[0] == "colorkit", "only colorkit's own commands are run; say why others are not"
    paths = [str(Path(colorkit.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    finished = subprocess.run(
        [sys.executable, "-m", "colorkit", *words[1:]],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, f"{shlex.join(words)}: {finished.stderr}"


def runs(page: Path) -> list[Block]:
    """The examples of a page that are run, in its order."""
    return [b for b in blocks(page) if b.language in ("python", "sh") and b.reason is None]


def printed(page: Path) -> dict[int, str]:
    """What a page shows below a Python example, by the line of that example."""
    pairs = pairwise(blocks(page))
    return {
        one.line: two.code
        for one, two in pairs
        if (one.language, two.language) == ("python", "text")
    }


@pytest.mark.parametrize("page", [page for page in PAGES if runs(page)], ids=lambda p: p.name)
def test_examples_run(page, folder, registry, capsys):
    """The examples of a page run in its order, and print what it shows below them."""
    code = "\n".join(block.code for block in runs(page))
    if "export" in code:
        require_extra(page)
    if "video" in code:
        pytest.importorskip("av", reason="pip install 'colorkit[video]'")
        pytest.importorskip("cv2", reason="pip install opencv-python-headless")
    require_plugins(code)
    names = {"__name__": page.stem.replace("-", "_")}
    for block in runs(page):
        if block.language == "sh":
            for words in commands(block):
                run(words)
        else:
            # Empty lines in front make a traceback show the line of the page.
            code = compile("\n" * (block.line - 1) + block.code, block.page, "exec")
            capsys.readouterr()
            exec(code, names)
            shown = printed(page).get(block.line)
            assert shown is None or capsys.readouterr().out.split() == shown.split()


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.reason], ids=str)
def test_only_other_programs_are_left_out(block):
    """An example that is not run is one whose commands are not colorkit's alone."""
    assert block.language == "sh"
    assert any(words[0] != "colorkit" for words in commands(block))


def test_the_readme_begins_with_its_two_commands():
    """The README's first command installs and colours; its second installs the rest and tests."""
    first, second = [block.code.strip() for block in SHELL if block.page.name == "README.md"][:2]

    assert first == "pip install . && colorkit colorize --example"
    install = "pip install -e '.[export,onnx]' -r plugins/requirements.txt --group dev"
    assert second == f"{install} && pytest"


def anchors(page: Path) -> set[str]:
    """What headings of a page can be linked to, as Python-Markdown names them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    bare = [re.sub(r"[^\w\s-]", "", title).strip().lower() for title in titles]
    return {re.sub(r"[-\s]+", "-", title) for title in bare}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """Every link to a page, a heading, a picture or a file of the repository leads somewhere."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(there), f"{target} has no such heading"


def test_every_page_is_in_the_menu():
    """The site's menu shows every page of the documentation, and no other."""
    menu = re.findall(r"^ +- .+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    docs = ROOT / "docs"

    assert sorted(menu) == sorted(path.relative_to(docs).as_posix() for path in docs.rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_path_of_a_machine(page):
    """No page names a folder of somebody's machine."""
    found = re.findall(
        r"(?<![\w./])/(?:home|root|work|Users|mnt|tmp)/\S*|[A-Z]:\\\S+",
        page.read_text(encoding="utf-8"),
    )

    assert not found


def live_options(name: str) -> set[str]:
    """Long options of a command, as its help lists them."""
    from colorkit import registry

    command = registry.get_command(name)
    parts = [command, *getattr(command, "commands", {}).values()]
    params = [param for part in parts for param in part.params]
    options = [option for p in params if isinstance(p, click.Option) for option in p.opts]
    return {option for option in options if option.startswith("--")}


def test_the_table_of_options_is_complete():
    """Get started lists every option of `colorkit colorize`, and no other."""
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| option of `colorkit colorize` |")
    rows = table.partition("\n\n")[0].splitlines()
    listed = {o for row in rows for o in re.findall(r"`(--[\w-]+)`", row.partition(" | ")[0])}

    assert listed == live_options("colorize")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_exist(page):
    """Every option that a page names in passing is one of colorkit or its benchmarks."""
    scripts = (path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py"))
    known = {"--help", "--version", "--debug"}.union(
        *(re.findall(r'add_argument\("(--[a-z-]+)"', script) for script in scripts)
    )
    without_keras = ("colorize", "backends", "plugins", "weights", "evaluate", "video", "web")
    with_keras = ("export", "train") if find_spec("keras") else ()
    for command in without_keras + with_keras:
        known |= live_options(command)
    named = set(re.findall(r"`(?:colorkit [\w ]*)?(--[a-z-]+)", prose(page)))

    assert named <= known


def test_errors_are_all_described():
    """The page on errors has every error class of colorkit."""
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+Error)` \|(?: `(\w+)`)? \|", text, re.MULTILINE))
    real = {n for n in errors.__all__ if n.endswith("Error") and n != "ColorkitError"}

    assert set(rows) == real
    for name, kind in rows.items():
        bases = {base.__name__ for base in getattr(errors, name).__mro__}
        assert not kind or kind in bases, f"{name} is no {kind}"


def test_the_reference_is_complete():
    """The reference has every public name, and all that it names exists."""
    directives = re.findall(r"^::: (\S+)$", (ROOT / "docs" / "reference.md").read_text(), re.M)
    for path in directives:
        module, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(module), name) or find_spec(path), path
    shown = {path.rpartition(".")[2] for path in directives}
    assert {"errors", "hookspecs"} <= shown  # whole modules, hookimpl among them
    missing = set(colorkit.__all__) - shown - set(errors.__all__) - {"__version__", "hookimpl"}

    assert not missing


def test_defaults_are_those_of_the_code():
    """The documented default of caution is the real one."""
    for name in ("index.md", "how-it-works.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert re.search(
            rf"`caution` \| {DEFAULT_CAUTION} \||\*\*{DEFAULT_CAUTION}\*\*, the def", text
        )
