"""The page that colours photographs, as a visitor has it."""

import base64
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import colorkit
from colorkit import files, lab, provenance

EXAMPLE = Path(colorkit.__path__[0]) / "cli" / "example.jpg"
BUSY = "progress:not(.idle)"


def settle(page) -> None:
    """Wait until the page is at rest."""
    page.locator(BUSY).wait_for(state="hidden")


def choose(page, path) -> None:
    """Choose a photograph, and wait for its colours."""
    page.set_input_files("#file", path)
    settle(page)
    assert page.inner_text("#error") == ""
    assert page.inner_text("#status").startswith("Done")


def move(page, name, value) -> None:
    """Move one of the sliders, and wait for what it does."""
    slider = page.locator(f"[name={name}]")
    slider.fill(str(value))
    settle(page)


def canvas(page) -> np.ndarray:
    """What is on the canvas, ``(H, W, 3)``."""
    url = page.evaluate("document.getElementById('after').toDataURL('image/png')")
    image = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    return np.asarray(image.convert("RGB"))


def levels_apart(one, other) -> float:
    return np.abs(np.asarray(one, int) - np.asarray(other, int)).mean()


def lightness(image) -> np.ndarray:
    return lab.rgb_to_lab(np.asarray(image, np.float64) / 255)[..., 0]


@pytest.fixture(scope="module")
def page(visit):
    """Colour the example."""
    page = visit(viewport={"width": 1100, "height": 900})
    page.click("#example")
    settle(page)
    return page


@pytest.fixture(scope="module")
def example():
    with Image.open(EXAMPLE) as image:
        return image.convert("RGB")


@pytest.fixture(scope="module")
def as_python(folder):
    """Colour with Python, by the page's own network."""

    def as_python(image, **options):
        return np.asarray(colorkit.colorize(image, folder / "model.tflite", **options))

    return as_python


@pytest.mark.parametrize("name", ["tetons-1942", "migrant-mother-1936"])
def test_colours_are_those_of_python(visit, photos, as_python, name):
    """At the default options, those of `colorkit.colorize` within 3 levels on average."""
    path = photos.folder / f"legacy/{name}.jpg"
    page = visit()
    choose(page, path)
    with Image.open(path) as photo:
        image = photo.convert("RGB")
    found = canvas(page)
    assert levels_apart(found, colorkit.colorize(image)) < 3
    assert levels_apart(found, as_python(image)) < 0.5
    assert np.ptp(found, axis=-1).mean() > 5


def test_the_example_of_the_docs_colours(visit, serve, folder, tmp_path, example, as_python):
    """The JavaScript of docs/web.md, beside the page's files."""
    text = (Path(__file__).parents[2] / "docs/web.md").read_text(encoding="utf-8")
    shutil.copytree(folder, tmp_path / "page")
    (tmp_path / "page/example.js").write_text(re.search("```js\n(.*?)```", text, re.DOTALL)[1])
    (tmp_path / "page/empty.html").write_text("<!DOCTYPE html><title>Empty</title>")
    with serve(tmp_path / "page") as url:
        page = visit(f"{url}empty.html")
        colours = page.evaluate(
            """async () => {
                const { colorize } = await import("./example.js");
                const photo = await createImageBitmap(await (await fetch("example.jpg")).blob());
                const context = new OffscreenCanvas(photo.width, photo.height).getContext("2d");
                context.drawImage(photo, 0, 0);
                const pixels = context.getImageData(0, 0, photo.width, photo.height);
                await colorize(pixels);
                return btoa(Array.from(pixels.data, (byte) => String.fromCharCode(byte)).join(""));
            }"""
        )
    found = np.frombuffer(base64.b64decode(colours), np.uint8).reshape(*example.size[::-1], 4)
    assert levels_apart(found[..., :3], as_python(example)) < 0.5


def test_lightness_stays(page, example):
    """As far as rounding of three channels lets it, at every pixel."""
    assert np.abs(lightness(canvas(page)) - lightness(example)).max() < 0.28


def test_photographs_are_upright(visit, tmp_path, example, as_python):
    """A camera that lay on its side says so in EXIF, and that is heeded."""
    exif = Image.Exif()
    exif[0x0112] = 6
    example.crop((0, 0, 600, 300)).save(tmp_path / "side.jpg", quality=95, exif=exif)
    page = visit()
    choose(page, tmp_path / "side.jpg")
    with Image.open(tmp_path / "side.jpg") as photo:
        upright = ImageOps.exif_transpose(photo)
    assert canvas(page).shape == (600, 300, 3)
    assert levels_apart(canvas(page), as_python(upright)) < 1


def test_options_are_those_of_python(page, example, as_python):
    """Saturation, temperature and caution do what they do in `colorkit.colorize`."""
    options = {"saturation": 1.5, "temperature": 0.8, "caution": 0.9}
    for name, value in options.items():
        move(page, name, value)
    assert levels_apart(canvas(page), as_python(example, **options)) < 0.5
    page.click("#again")
    settle(page)
    assert levels_apart(canvas(page), as_python(example)) < 0.5


def test_the_line_follows_the_keyboard(page):
    """Left of it is the photograph as it was."""
    page.focus("#split")
    before = page.screenshot(clip=page.locator("#slider").bounding_box())
    page.keyboard.press("End")
    after = page.screenshot(clip=page.locator("#slider").bounding_box())
    gray = np.asarray(Image.open(io.BytesIO(after)).convert("RGB")).astype(int)
    assert (
        page.evaluate(
            "getComputedStyle(document.getElementById('slider')).getPropertyValue('--at')"
        )
        == "100%"
    )
    assert before != after
    middle = gray[100:-100, 100:-100]
    assert np.ptp(middle, axis=-1).max() < 8
    page.keyboard.press("Home")


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png")])
def test_downloads_say_that_a_model_made_their_colours(page, folder, tmp_path, kind, suffix):
    """With the model and the options, for `colorkit inspect`."""
    move(page, "saturation", 1.25)
    with page.expect_download() as waiting:
        page.click(f"text=Download {kind}")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    network = json.loads((folder / "model.json").read_text())
    note = provenance.from_xmp(files.read_xmp(path))
    assert path.name == f"example-color{suffix}"
    assert note == provenance.Note("lite", network["sha256"], saturation=1.25)
    assert provenance.source_type(files.read_xmp(path)) == provenance.MADE_BY_MODEL
    colours = files.read(path).image[..., :3]
    assert levels_apart(colours, canvas(page)) < (1 if kind == "JPEG" else 1e-9)


def test_what_cannot_be_coloured_is_said(visit, tmp_path):
    """A file that is no picture, and one of too many pixels; then the page goes on."""
    (tmp_path / "notes.jpg").write_text("no picture")
    Image.new("1", (12_000, 10_000)).save(tmp_path / "huge.png")
    page = visit()
    page.set_input_files("#file", tmp_path / "notes.jpg")
    page.locator("#error:has-text('not a picture that the browser can read')").wait_for()
    page.set_input_files("#file", tmp_path / "huge.png")
    page.locator("#error:has-text('This photograph has 120 million pixels')").wait_for()
    choose(page, EXAMPLE)


def test_browsers_without_relaxed_simd_colour(visit, serve, folder, tmp_path, example, as_python):
    """They get the other build of LiteRT.js."""
    shutil.copytree(folder, tmp_path / "page")
    runtime = tmp_path / "page/vendor/litert.js"
    text = runtime.read_text(encoding="utf-8")
    assert text.count("await WebAssembly.instantiate(wasm);") == 1
    runtime.write_text(text.replace("await WebAssembly.instantiate(wasm);", "throw new Error();"))
    (tmp_path / "page/vendor/litert_wasm_internal.wasm").unlink()
    with serve(tmp_path / "page") as url:
        page = visit(url)
        choose(page, EXAMPLE)
    assert levels_apart(canvas(page), as_python(example)) < 0.5


def test_browsers_without_wasm_are_told(visit):
    """An old browser gets a sentence, no silence."""
    page = visit(before="delete self.WebAssembly")
    page.locator("#error:has-text('it has no WebAssembly')").wait_for()


@pytest.mark.parametrize(
    ("kind", "event", "place"),
    [("ClipboardEvent", "paste", "clipboardData"), ("DragEvent", "drop", "dataTransfer")],
)
def test_photographs_are_pasted_and_dropped(page, kind, event, place):
    """As well as chosen."""
    page.evaluate(
        """async ([kind, event, place]) => {
            const blob = await (await fetch("example.jpg")).blob();
            const given = new DataTransfer();
            given.items.add(new File([blob], "from-elsewhere.jpg", { type: "image/jpeg" }));
            document.dispatchEvent(new self[kind](event, { [place]: given }));
        }""",
        [kind, event, place],
    )
    settle(page)
    assert page.inner_text("#status").startswith("Done")


def test_it_works_without_a_connection(visit, serve, folder):
    """After the first visit."""
    with serve(folder) as url:
        page = visit(url)
        page.locator("html[data-offline]").wait_for()
    page.reload()
    page.click("#example")
    settle(page)
    assert page.inner_text("#status").startswith("Done")
    assert np.ptp(canvas(page), axis=-1).mean() > 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(page, axe, scheme):
    """Names, contrast, structure: for those who see little, and those who hear the page."""
    page.emulate_media(color_scheme=scheme)
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(({ violations }) => violations)")
    assert [(fault["id"], fault["impact"]) for fault in found] == []


def test_narrow_screens_show_all_of_it(page):
    """Nothing is wider than the screen."""
    page.set_viewport_size({"width": 340, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 340
    assert page.locator("#slider").bounding_box()["width"] > 250


def test_twelve_megapixels_leave_the_page_responsive(visit, tmp_path, example):
    """A timer keeps ticking while they are coloured."""
    example.convert("L").resize((4000, 3000)).save(tmp_path / "large.jpg")
    page = visit()
    page.locator("#status:has-text('Ready')").wait_for()
    page.evaluate("self.ticks = 0; setInterval(() => self.ticks++, 20)")
    choose(page, tmp_path / "large.jpg")
    assert page.evaluate("self.ticks") > 10
    width, height, *row = page.evaluate(
        """() => {
            const canvas = document.getElementById("after");
            const { data } = canvas.getContext("2d").getImageData(0, 2000, 4000, 1);
            return [canvas.width, canvas.height, ...data];
        }"""
    )
    assert (width, height) == (4000, 3000)
    assert np.ptp(np.reshape(row, (-1, 4))[:, :3], axis=-1).mean() > 5
