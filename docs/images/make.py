"""Make the pictures of the documentation from public-domain photographs.

    COLORKIT_PHOTOS=FOLDER python docs/images/make.py

FOLDER holds the photographs below as legacy/NAME.jpg. Each picture is written beside this script.
"""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import colorkit
from colorkit import Hint
from colorkit.comparison import sheet

HERE = Path(__file__).parent
PHOTOS = Path(os.environ["COLORKIT_PHOTOS"], "legacy")
CAUTIONS = (0.0, 0.5, 1.0)
ZOO = (
    "reg_full", "reg_full_vgg", "reg_part", "class_weights", "class_wo_weights", "autoencoder",
    "fav", "lite",
)  # fmt: skip
"""Backends, those of colorkit-zoo and ours; one column each."""

WALL, SUIT, BRASS, SKIN, TIE, CLOTH = (
    "#7d9486", "#4c556e", "#c8a040", "#9a6a50", "#a02c30", "#808080",
)  # fmt: skip
HINTS = {
    WALL: [
        (120, 640), (208, 408), (291, 269), (305, 400), (319, 713), (347, 663), (413, 200),
        (458, 824), (513, 769), (518, 292), (624, 269),
    ],
    SUIT: [
        (580, 385), (419, 602), (440, 685), (530, 713), (560, 520), (563, 630), (613, 547),
        (652, 474),
    ],
    BRASS: [(402, 463), (452, 380), (497, 297), (530, 224), (541, 186)],
    SKIN: [(263, 552), (324, 574), (480, 430)],
    TIE: [(413, 558)],
    CLOTH: [(408, 585), (430, 485), (524, 578)],
}  # fmt: skip
"""Colours and where they are given, rows and columns of armstrong-1946.jpg."""

Picture = NDArray[np.uint8]


def gray(name: str, top: int = 0, bottom: int | None = None) -> Picture:
    """Rows of one photograph."""
    with Image.open(PHOTOS / f"{name}.jpg") as photo:
        return np.asarray(photo.convert("L"))[top:bottom]


def save(name: str, pictures: list[Picture], columns: int, height: int) -> None:
    """Write one sheet."""
    contact = Image.fromarray(sheet(pictures, columns, height))
    contact.save(HERE / name, quality=84, optimize=True)


def dotted(photo: Picture, hints: list[Hint], radius: int = 10) -> Picture:
    """A photograph with a dot for each hint."""
    image = Image.fromarray(photo).convert("RGB")
    draw = ImageDraw.Draw(image)
    for hint in hints:
        centre = (hint.column, hint.row)
        draw.circle(centre, radius, fill=str(hint.colour), outline="white", width=2)
    return np.asarray(image)


def main() -> None:
    """Write all pictures."""
    shown = [gray("migrant-mother-1936"), gray("buffalo-bank-1908", 0, 640), gray("tetons-1942")]
    colours = [colorkit.colorize(photo) for photo in shown]
    save("before-after.jpg", shown + colours, columns=len(shown), height=388)

    doubtful = [
        gray("armstrong-1946", 2),
        gray("douglass-1879", 120, 668),
        gray("eniac-1946", 0, 522),
    ]
    rows = [
        picture
        for photo in doubtful
        for picture in (photo, *(colorkit.colorize(photo, caution=c) for c in CAUTIONS))
    ]
    save("caution.jpg", rows, columns=1 + len(CAUTIONS), height=264)

    photo = gray("armstrong-1946")
    hints = [Hint(*at, colour) for colour, points in HINTS.items() for at in points]
    steps = [colorkit.colorize(photo), dotted(photo, hints), colorkit.colorize(photo, hints=hints)]
    save("hints.jpg", steps, columns=3, height=360)

    compared = [*shown, gray("saratoga-1905")]
    rows = [
        picture
        for photo in compared
        for picture in (photo, *(colorkit.colorize(photo, backend=name) for name in ZOO))
    ]
    save("zoo.jpg", rows, columns=1 + len(ZOO), height=160)


if __name__ == "__main__":
    main()
