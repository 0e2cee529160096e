"""Make the pictures of the documentation from public-domain photographs.

    COLORKIT_PHOTOS=FOLDER python docs/images/make.py

FOLDER holds the photographs below as legacy/NAME.jpg. Each picture is written beside this script.
"""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import colorkit
from colorkit.compare import sheet

HERE = Path(__file__).parent
PHOTOS = Path(os.environ["COLORKIT_PHOTOS"], "legacy")
CAUTIONS = (0.0, 0.5, 1.0)

Picture = NDArray[np.uint8]


def gray(name: str, top: int = 0, bottom: int | None = None) -> Picture:
    """Rows of one photograph."""
    with Image.open(PHOTOS / f"{name}.jpg") as photo:
        return np.asarray(photo.convert("L"))[top:bottom]


def save(name: str, pictures: list[Picture], columns: int, height: int) -> None:
    """Write one sheet."""
    contact = Image.fromarray(sheet(pictures, columns, height))
    contact.save(HERE / name, quality=84, optimize=True)


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


if __name__ == "__main__":
    main()
