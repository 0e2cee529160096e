import io
import pickle
import tarfile

import numpy as np
import pytest
from PIL import Image, ImageCms

from colorkit.errors import FileError
from colorkit.photos import photos


def picture(colour=(200, 100, 50), size=(8, 6), format="PNG", **options):
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, format, **options)
    return stream.getvalue()


def shard(path, **contents):
    """Write a tar file of photographs, ``name.png`` each."""
    with tarfile.open(path, "w") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"{name}.png")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def names(*paths, **options):
    return [photo.name for photo in photos(paths, **options)]


def test_a_folder_is_searched_to_its_bottom(tmp_path):
    """Pictures of a folder and of those in it are found by name; other files are not."""
    for name in ("b.png", "in/a.PNG", "a.png", "._a.png", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture())

    assert names(tmp_path) == ["a.png", "b.png", "in/a.PNG"]
    assert names(tmp_path / "b.png") == ["b.png"]


def test_a_tar_file_is_a_folder(tmp_path):
    """Photographs in a tar file come sorted by name, and read as if they lay beside it."""
    red, blue = (255, 0, 0), (0, 0, 255)
    path = shard(tmp_path / "a.tar", z=picture(red), b=picture(blue))
    first, last = photos([path])

    assert (first.name, last.name) == ("b.png", "z.png")
    assert (first.read() == blue).all()
    assert (last.read() == red).all()


def test_patterns_and_repetitions(tmp_path):
    """A pattern stands for what it matches; a photograph that is named twice is there once."""
    one, two = shard(tmp_path / "1.tar", b=picture()), shard(tmp_path / "2.tar", a=picture())

    assert names(tmp_path / "*.tar") == ["a.png", "b.png"]
    assert names(one, two, one) == ["b.png", "a.png"]


def test_names_may_look_like_patterns(tmp_path):
    """A file that exists is itself, whatever its name would match."""
    (tmp_path / "a[1].png").write_bytes(picture())

    assert names(tmp_path / "a[1].png") == ["a[1].png"]


def test_references_are_small(tmp_path):
    """What stands for a photograph is pickled without pixels, and equal afterwards."""
    photo = photos([shard(tmp_path / "1.tar", a=picture(size=(500, 500)))])[0]
    content = pickle.dumps(photo)

    assert len(content) < 500
    assert pickle.loads(content) == photo


def test_photographs_are_upright(tmp_path):
    """EXIF orientation is applied."""
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "a.jpg").write_bytes(picture(size=(8, 6), format="JPEG", exif=exif))

    assert photos([tmp_path])[0].read().shape == (8, 6, 3)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_any_8_bit_mode_becomes_rgb(mode, tmp_path):
    """Gray, palettes, alpha and CMYK are read as RGB."""
    Image.new("RGB", (4, 3), "white").convert(mode).save(tmp_path / "a.tif")
    read = photos([tmp_path])[0].read()

    assert read.shape == (3, 4, 3)
    assert (read == 255).all()


def test_profiles_are_converted(tmp_path):
    """Colours of an RGB profile become those of sRGB that look the same; others are ignored."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Swapping the red and blue primaries is a profile whose effect is plain to see.
    swapped = srgb.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")
    for name, profile in (("lab", lab), ("srgb", srgb), ("swapped", swapped)):
        (tmp_path / f"{name}.png").write_bytes(picture((255, 0, 0), icc_profile=profile))
    unlike, same, other = (photo.read()[0, 0] for photo in photos([tmp_path]))

    assert tuple(unlike) == (255, 0, 0)
    np.testing.assert_allclose(same, (255, 0, 0), atol=2)
    np.testing.assert_allclose(other, (0, 0, 255), atol=2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>", "it is not a picture, or damaged"),
        (b"", "it is not a picture, or damaged"),
        (picture(size=(99, 99))[:-60], "truncated"),
        (picture(icc_profile=b"none"), "cannot open profile"),
    ],
)
def test_damage_is_an_error_of_one_photograph(content, reason, tmp_path):
    """A photograph that cannot be decoded raises when it is read, and says which one it is."""
    photo = photos([shard(tmp_path / "1.tar", a=content)])[0]

    with pytest.raises(FileError, match=rf"cannot read 'a.png' in '.*1.tar': .*{reason}"):
        photo.read()


def test_deep_pixels_are_refused(tmp_path):
    """16-bit gray would be cut to its brightest values, and is refused."""
    Image.new("I;16", (4, 3), 40000).save(tmp_path / "a.png")

    with pytest.raises(FileError, match="I;16 pixels do not fit 8 bits"):
        photos([tmp_path])[0].read()


def test_a_photograph_that_has_gone(tmp_path):
    """A file that vanished since it was found is an error that names it."""
    (tmp_path / "a.png").write_bytes(picture())
    photo = photos([tmp_path])[0]
    (tmp_path / "a.png").unlink()

    with pytest.raises(FileError, match=r"cannot read '.*a.png': No such file"):
        photo.read()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent", "cannot find '.*absent': name a picture, a folder, a tar file or a pattern"),
        ("*.tar", r"cannot find '.*\*.tar'"),
        ("notes.txt", "neither a picture nor a folder nor a tar file"),
        ("a.tar.gz", "tar file without compression"),
    ],
)
def test_paths_that_hold_nothing(name, reason, tmp_path):
    """A path without photographs is an error, not an empty list."""
    for other in ("notes.txt", "a.tar.gz"):
        (tmp_path / other).touch()

    with pytest.raises(FileError, match=reason):
        photos([tmp_path / name])


@pytest.mark.parametrize(
    ("damage", "left", "reason"),
    [
        (lambda tar: b"no tar", [], "truncated header"),
        (lambda tar: tar[:2600], ["a.png", "b.png", "c.png"], "unexpected end of data"),
        (lambda tar: tar[:2100], ["a.png", "b.png"], "damaged at byte 2048"),
        (lambda tar: tar[:1024] + b"?" * 512 + tar[1536:], ["a.png"], "damaged at byte 1024"),
    ],
    ids=["other content", "cut in a photograph", "cut in a header", "a header overwritten"],
)
def test_a_damaged_tar_file(damage, left, reason, tmp_path):
    """What lies before the damage is found; the damage is raised, or noted where that is asked."""
    path = shard(tmp_path / "1.tar", a=picture(), b=picture(), c=picture())
    path.write_bytes(damage(path.read_bytes()))
    damaged = []

    assert names(path, damaged=damaged) == left
    (error,) = damaged
    with pytest.raises(FileError, match=rf"cannot read the tar file '.*1.tar': {reason}") as raised:
        photos([path])
    assert str(raised.value) == str(error)


def test_a_photograph_that_its_tar_file_cuts_off(tmp_path):
    """A photograph whose end is missing says that the tar file ends."""
    path = shard(tmp_path / "1.tar", a=picture())
    path.write_bytes(path.read_bytes()[:560])
    photo = photos([path], damaged=[])[0]

    with pytest.raises(FileError, match=r"'a\.png' in .*: the tar file ends within it"):
        photo.read()
