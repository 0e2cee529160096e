"""Two pictures one over the other, and a slider between them: HTML that needs nothing else."""

from base64 import b64encode

STYLE = """\
.colorkit-slider { display: grid; width: 100%; direction: ltr }
.colorkit-slider > * { grid-area: 1 / 1; width: 100%; margin: 0; padding: 0; border: 0 }
.colorkit-slider > img { display: block; max-width: none; height: auto }
.colorkit-slider > img + img { clip-path: inset(0 0 0 var(--at)) }
.colorkit-slider > input {
  position: relative; height: 100%; appearance: none; cursor: ew-resize; touch-action: pan-y;
  border-radius: 0; background:
    radial-gradient(circle at var(--at), #fff 9px, #0008 10px, #0000 11px),
    linear-gradient(90deg, #0000 calc(var(--at) - 2px), #0008 0 calc(var(--at) - 1px),
      #fff 0 calc(var(--at) + 1px), #0008 0 calc(var(--at) + 2px), #0000 0)
}
.colorkit-slider > input:focus-visible { outline: 3px solid #06c; outline-offset: 2px }
.colorkit-slider > input::-webkit-slider-runnable-track { height: 100% }
.colorkit-slider > input::-webkit-slider-thumb { appearance: none; width: 1px; height: 100% }
.colorkit-slider > input::-moz-range-track { background: none }
.colorkit-slider > input::-moz-range-thumb { width: 1px; height: 100%; border: 0; opacity: 0 }
"""

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Before and after</title>
<body style="margin: 0; min-height: 100vh; display: grid; place-items: center; background: #777">
{slider}
</body>
</html>
"""


def slider(before: bytes, after: bytes, size: tuple[int, int]) -> str:
    """A part of a page. Any number of them may stand on one.

    Where a page takes styles but no scripts, the slider stays in the middle; where it takes
    neither, the pictures stand side by side.

    Parameters
    ----------
    before, after : bytes
        JPEG files.
    size : (int, int)
        Their width and height in pixels; on a narrower page they shrink.
    """
    width, height = size
    return f"""\
<div class="colorkit-slider" style="--at: 50%; max-width: {width}px">
<style>
{STYLE}</style>
<img alt="before" width="{width}" height="{height}" src="{_data_uri(before)}">
<img alt="after" width="{width}" height="{height}" src="{_data_uri(after)}">
<input type="range" step="any" aria-label="share of the picture that shows before, in percent" \
oninput="this.parentNode.style.setProperty('--at', this.value + '%')">
</div>"""


def page(slider: str) -> str:
    """A page of its own with one slider."""
    return PAGE.format(slider=slider)


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
