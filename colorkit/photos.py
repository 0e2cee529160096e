"""Colour photographs by the thousand: found in folders and tar files, read one at a time."""

import glob
import io
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import FileError
from colorkit.files import is_picture

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["StoredPhoto", "photos"]


@dataclass(frozen=True, order=True, slots=True)
class StoredPhoto:
    """Where a photograph is: small, and pickled without its pixels.

    Attributes
    ----------
    name : str
        Relative to the folder or the tar file that it was found in, parts joined by ``/``.
    path : str
        The picture, or the tar file that holds it.
    offset : int
        Where its bytes begin in that file.
    size : int
        How many they are; -1 stands for all.
    """

    name: str
    path: str
    offset: int = 0
    size: int = -1

    def read(self) -> NDArray[np.uint8]:
        """Decode it: ``(H, W, 3)`` uint8, upright, in sRGB.

        Colours of an embedded profile are converted; transparency is dropped.

        Raises
        ------
        FileError
            When it is missing, not a picture, damaged, or holds pixels that RGB cannot.
        """
        from PIL import Image, UnidentifiedImageError

        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                content = file.read(self.size)
            if len(content) < self.size:
                raise EOFError("the tar file ends within it")
            with Image.open(io.BytesIO(content)) as picture:
                return np.array(_upright_srgb(picture))
        except UnidentifiedImageError as error:
            raise FileError(f"cannot read {self}: it is not a picture, or damaged") from error
        except Exception as error:  # hostile bytes make Pillow raise nearly every class there is
            raise FileError(f"cannot read {self}: {_reason(error)}") from error

    def __str__(self) -> str:
        return repr(self.path) if self.size < 0 else f"{self.name!r} in {self.path!r}"


def photos(
    paths: Iterable[str | os.PathLike[str]], *, damaged: list[FileError] | None = None
) -> list[StoredPhoto]:
    """Find photographs, without decoding any.

    Parameters
    ----------
    paths : iterable of path-like
        Picture files, folders (with the folders in them), patterns such as ``"shards/*.tar"``, and
        tar files that are not compressed.
    damaged : list, optional
        Takes the errors of tar files that cannot be read to their end, whose photographs up to
        there are used. Without it, such an error is raised.

    Returns
    -------
    list of StoredPhoto
        In the order of ``paths``, and sorted by name within each; every photograph once.

    Raises
    ------
    FileError
        When a path does not exist, a pattern matches nothing, or a file is of another kind.
    """
    found = (photo for path in paths for photo in sorted(_below(os.fspath(path), damaged)))
    return list(dict.fromkeys(found))


def _below(path: str, damaged: list[FileError] | None) -> Iterator[StoredPhoto]:
    if os.path.isdir(path):
        files = (file for file in Path(path).rglob("*") if is_picture(file) and file.is_file())
        yield from (StoredPhoto(f.relative_to(path).as_posix(), str(f)) for f in files)
    elif not os.path.lexists(path) and (matches := sorted(glob.glob(path, recursive=True))):
        yield from photos(matches, damaged=damaged)
    elif not os.path.exists(path):
        raise FileError(f"cannot find {path!r}: name a picture, a folder, a tar file or a pattern")
    elif is_picture(path):
        yield StoredPhoto(os.path.basename(path), path)
    elif path.lower().endswith(".tar"):
        yield from _members(path, damaged)
    else:
        raise FileError(
            f"cannot look for photographs in {path!r}: it is neither a picture nor a folder nor a "
            f"tar file without compression"
        )


def _members(path: str, damaged: list[FileError] | None) -> Iterator[StoredPhoto]:
    """The pictures in a tar file, by where their bytes are."""
    try:
        with open(path, "rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                if member.isfile() and not member.issparse() and is_picture(member.name):
                    yield StoredPhoto(member.name, path, member.offset_data, member.size)
            # Only where its first header is damaged does tarfile say so; a good one ends in zeros.
            file.seek(archive.offset)
            if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
                raise tarfile.ReadError(f"damaged at byte {archive.offset}")
    except (OSError, tarfile.TarError) as cause:
        error = FileError(f"cannot read the tar file {path!r}: {_reason(cause)}")
        error.__cause__ = cause
        if damaged is None:
            raise error from cause
        damaged.append(error)


def _upright_srgb(picture: "Image") -> "Image":
    """8-bit RGB of an open picture."""
    from PIL import ImageOps

    if picture.mode == "F" or picture.mode.startswith("I"):
        raise ValueError(f"{picture.mode} pixels do not fit 8 bits; convert it to 8-bit RGB first")
    profile = picture.info.get("icc_profile")
    upright = ImageOps.exif_transpose(picture)
    if upright.mode not in ("RGB", "CMYK"):
        upright = upright.convert("RGB")
    return _in_srgb(upright, profile) if profile else upright.convert("RGB")


def _in_srgb(picture: "Image", profile: bytes) -> "Image":
    """Colours as they look by a profile; one of another kind, such as a gray one, says nothing."""
    from PIL import ImageCms

    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if source.profile.xcolor_space.strip() != picture.mode:
        return picture.convert("RGB")
    srgb = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(picture, source, srgb, outputMode="RGB")
    assert converted is not None  # it is None where a picture is converted in place
    return converted


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
