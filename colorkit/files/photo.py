"""A picture with what travels beside its pixels."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture file's pixels with what travels beside them.

    Attributes
    ----------
    image : ndarray of uint8, uint16 or float32
        Upright, as sRGB: `(H, W)` gray, `(H, W, 2)` gray+alpha, `(H, W, 3)` RGB or `(H, W, 4)`
        RGBA; floats lie in [0, 1].
    format : str
        Pillow's name of the file's format, such as ``"JPEG"``.
    exif : bytes
        EXIF block with the orientation set to 1, without a thumbnail; empty if there is none.
    dpi : tuple of float or None
        Resolution across and down, in dots per inch.
    has_colour : bool
        Whether the file held visible colour: more than a tint of paper or scanner.
    xmp : bytes
        XMP packet, with an orientation in it set to 1; empty if there is none.
    iptc : bytes
        IPTC-IIM records; empty if there are none.
    comment : bytes
        A JPEG's or GIF's comment; empty if there is none.
    shown_for : float
        How long a frame of an animation is shown, in milliseconds.
    runs : int
        How often the animation runs; 0 is for ever.
    """

    image: NDArray[Any]
    format: str
    exif: bytes = b""
    dpi: tuple[float, float] | None = None
    has_colour: bool = False
    xmp: bytes = b""
    iptc: bytes = b""
    comment: bytes = b""
    shown_for: float = 1000
    runs: int = 1
