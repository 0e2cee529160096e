"""What metadata travels with a picture."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import ExifTags, Image
from samples import camera_exif, colours, exif_of

from colorkit import OptionError, files
from colorkit.files import Photo, reduce_metadata

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="52,30.0N"'
    b' xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" aux:SerialNumber="4711" aux:Lens="50 mm"'
    b' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:ps="http://ns.adobe.com/photoshop/1.0/">'
    b"<dc:creator><rdf:Seq><rdf:li>D. Lange</rdf:li></rdf:Seq></dc:creator>"
    b"<ps:City>Nipomo</ps:City></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def record(number, value):
    return b"\x1c\x02" + struct.pack(">BH", number, len(value)) + value


MORE_XMP = (
    b"<mm:InstanceID>i-4711</mm:InstanceID><mm:History>cropped</mm:History>"
    b"<ps:History>opened by F. Brown</ps:History><tiff:HostComputer>attic</tiff:HostComputer>"
    b"<ext:PersonInImage>Florence O.</ext:PersonInImage><mwg:Regions>Florence O.</mwg:Regions>"
    b"<apple:Regions>Florence O.</apple:Regions><ext:LocationShown>Nipomo</ext:LocationShown>"
)
SPACES = {
    b"mm": b"http://ns.adobe.com/xap/1.0/mm/",
    b"ps": b"http://ns.adobe.com/photoshop/1.0/",
    b"tiff": b"http://ns.adobe.com/tiff/1.0/",
    b"ext": b"http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    b"mwg": b"http://www.metadataworkinggroup.com/schemas/regions/",
    b"apple": b"http://ns.apple.com/faceinfo/1.0/",
}
IPTC = record(90, b"Nipomo") + record(120, b"Pea picker") + record(101, b"USA")


def full_exif():
    exif = camera_exif()
    exif[ExifTags.Base.Artist] = "D. Lange"
    exif[ExifTags.Base.HostComputer] = "attic"
    inner = exif[ExifTags.IFD.Exif]
    inner[ExifTags.Base.BodySerialNumber] = "4711"
    inner[ExifTags.Base.CameraOwnerName] = "F. Brown"
    inner[ExifTags.Base.MakerNote] = b"secret of the maker"
    return exif.tobytes()


def photo():
    image = colours(channels=3)
    return Photo(image, "JPEG", full_exif(), (300.0, 300.0), False, XMP, IPTC, b"a comment")


def everything(photo):
    return photo.exif + photo.xmp + photo.iptc + photo.comment


PRIVATE = (b"4711", b"F. Brown", b"secret", b"attic", b"Nipomo", b"52,30", b"USA")
PUBLIC = (b"Kodak", b"D. Lange", b"grandmother", b"Pea picker", b"50 mm", b"a comment")


def test_keep():
    """Nothing changes."""
    full = photo()
    assert reduce_metadata(full, "keep") is full


def test_safe():
    """Place, serial numbers, owner and maker note go from all blocks; author and caption stay."""
    full, safe = everything(photo()), everything(reduce_metadata(photo(), "safe"))
    for word in PRIVATE:
        assert word in full
        assert word not in safe
    for word in PUBLIC:
        assert word in safe
    assert ExifTags.IFD.GPSInfo in exif_of(photo())
    assert ExifTags.IFD.GPSInfo not in exif_of(reduce_metadata(photo(), "safe"))


def test_who_and_what_else():
    """Faces with names, unique numbers, history and computer go, from XMP packet and IPTC."""
    spaces = b"".join(b' xmlns:%s="%s"' % pair for pair in SPACES.items())
    more = b"<rdf:Description%s>%s</rdf:Description></rdf:RDF>" % (spaces, MORE_XMP)
    packet = XMP.replace(b"</rdf:RDF>", more)
    records = IPTC + record(187, b"4711") + b"\x1c\x01" + record(100, b"4711")[2:]

    safe = reduce_metadata(replace(photo(), xmp=packet, iptc=records), "safe")

    for word in (b"4711", b"cropped", b"F. Brown", b"attic", b"Florence", b"Nipomo"):
        assert word not in safe.xmp + safe.iptc
    assert b"D. Lange" in safe.xmp
    assert safe.iptc == record(120, b"Pea picker")


def test_places_of_a_map(tmp_path):
    """What a GeoTIFF says of its place goes too."""
    image = Image.fromarray(colours(channels=0))
    image.save(tmp_path / "a.tif", tiffinfo={33922: (0.0, 0.0, 0.0, 52.5, 13.4, 0.0), 271: "Kodak"})
    kept, safe = (reduce_metadata(files.read(tmp_path / "a.tif"), how) for how in ("keep", "safe"))
    assert 33922 in exif_of(kept)
    assert dict(exif_of(safe)) == {271: "Kodak"}


def test_none():
    """Resolution alone stays."""
    bare = reduce_metadata(photo(), "none")
    assert everything(bare) == b""
    assert bare.dpi == (300.0, 300.0)


def test_twice_is_once():
    """What is safe stays as it is."""
    safe = reduce_metadata(photo(), "safe")
    assert everything(reduce_metadata(safe, "safe")) == everything(safe)


@pytest.mark.parametrize(
    "packet",
    [
        b"no XML",
        XMP[:100],
        b'<!DOCTYPE a [<!ENTITY b "cc">]>' + XMP,
        b"\xff\xfe" + XMP,
        b"<a>" * 10_000 + b"</a>" * 10_000,
        XMP.replace(b"D. Lange", b"D. Lange" * 200_000),
    ],
)
def test_packets_that_cannot_be_read(packet):
    """They are left out whole, as nobody knows what is in them."""
    assert reduce_metadata(replace(photo(), xmp=packet), "safe").xmp == b""


@pytest.mark.parametrize(
    "rest", [b"\x1c", b"\x1c\x02\x78\xff\xff", b"Nipomo", b"\x1c\x02\x78\0\x09a"]
)
def test_damaged_iptc(rest):
    """Records before the damage are kept, what follows is not taken on trust."""
    kept = reduce_metadata(replace(photo(), iptc=IPTC + rest), "safe").iptc
    assert kept.startswith(record(120, b"Pea picker"))
    assert b"Nipomo" not in kept


def test_unknown_word():
    """The three words are named."""
    with pytest.raises(OptionError, match="keep, safe, none; received 'all'"):
        reduce_metadata(photo(), "all")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
@pytest.mark.parametrize("metadata", files.METADATA)
@pytest.mark.filterwarnings("ignore:.*was written without:colorkit.ColorkitWarning")
def test_in_files(tmp_path, suffix, metadata):
    """A file holds the place as asked, byte for byte looked through; the pixels are the same."""
    path = tmp_path / f"a{suffix}"
    files.write(path, photo().image, like=photo(), metadata=metadata)
    again = files.read(path)
    found = everything(again)
    assert (ExifTags.IFD.GPSInfo in exif_of(again)) == (metadata == "keep")
    assert (b"Kodak" in found) == (metadata != "none")
    if metadata != "keep":
        assert not [word for word in PRIVATE if word in path.read_bytes() + found]
    plain = tmp_path / f"plain{suffix}"
    files.write(plain, photo().image)
    np.testing.assert_array_equal(again.image, files.read(plain).image)


def test_own_packet(tmp_path):
    """A packet that is handed over is written as it is, whatever becomes of the rest."""
    files.write(tmp_path / "a.png", photo().image, like=photo(), metadata="none", xmp=XMP)
    assert files.read_xmp(tmp_path / "a.png") == XMP
    assert files.read(tmp_path / "a.png").exif == b""


def test_profile_is_kept(tmp_path):
    """Without any metadata, a viewer still knows that it is sRGB."""
    files.write(tmp_path / "a.jpg", photo().image, like=photo(), metadata="none")
    with Image.open(tmp_path / "a.jpg") as stored:
        assert b"sRGB" in stored.info["icc_profile"].replace(b"\0", b"")
