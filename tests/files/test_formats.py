from pathlib import Path

import pytest
from samples import SUFFIXES, sample

from colorkit import files
from colorkit.errors import OptionError
from colorkit.files import FORMATS, Photo, read


class TestNames:
    def test_suffix_for(self):
        """Formats and endings, in any case, lead to the usual ending."""
        names = ["JPEG", "jpeg", ".JPG", "jfif", "png", "TIFF", "tif", "webp", "BMP"]
        endings = [".jpg"] * 4 + [".png", ".tif", ".tif", ".webp", ".bmp"]
        assert [files.suffix_for(name) for name in names] == endings
        with pytest.raises(OptionError, match="'gif': choose one of JPEG, PNG, TIFF, WEBP, B"):
            files.suffix_for("gif")
        with pytest.raises(OptionError, match="unknown picture format ''"):
            files.suffix_for("")

    def test_is_picture(self):
        """Names of pictures are told by their ending, in any case."""
        assert files.is_picture("a/b.JPG")
        assert files.is_picture(Path("a.tiff"))
        assert files.is_picture("a/b.gif")
        assert not files.is_picture("a/b.txt")
        assert not files.is_picture("png")
        assert not files.is_picture("a/._b.jpg")

    def test_formats(self):
        """Every ending can be written, and every format says whether it holds alpha."""
        assert {files.suffix_for(name) for name in FORMATS.values()} == {*SUFFIXES, ".avif"}
        assert [files.can_hold_alpha(FORMATS[suffix]) for suffix in SUFFIXES] == [
            suffix not in (".jpg", ".bmp") for suffix in SUFFIXES
        ]

    def test_suffix_like(self):
        """Colours keep the ending of their source, unless its format is only read."""
        endings = {"a.JPG": ".JPG", "a.tif": ".tif", "a.gif": ".webp", "a.JP2": ".png", "a": ""}
        assert {name: files.suffix_like(name) for name in endings} == endings

    def test_photos_are_values_of_their_own(self, tmp_path):
        """A photo cannot be changed by accident, and two reads are two photos."""
        path = sample(tmp_path, ".png")
        photo = read(path)
        assert isinstance(photo, Photo)
        assert photo != read(path)
        with pytest.raises(AttributeError, match="cannot assign"):
            photo.format = "GIF"
