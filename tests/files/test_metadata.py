import io
import itertools
import struct
import warnings

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageOps, IptcImagePlugin
from PIL.PngImagePlugin import PngInfo
from samples import ORIENTATION, camera_exif, colours, exif_of, sample, saved

from colorkit import files
from colorkit.errors import ColorkitWarning, FileError
from colorkit.files import Photo, read, write


class TestBesideThePixels:
    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_orientation(self, tmp_path, orientation, suffix):
        """Each of the eight orientations is applied; EXIF data then says 1 and the new sides."""
        stored = Image.fromarray(colours(channels=3))
        options = {"lossless": True} if suffix == ".webp" else {}
        exif = camera_exif(orientation).tobytes()
        path = saved(tmp_path, stored, f"turned{suffix}", exif=exif, **options)
        with Image.open(path) as reopened:
            expected = np.asarray(ImageOps.exif_transpose(reopened))
        photo = read(path)
        np.testing.assert_array_equal(photo.image, expected)
        assert photo.image.shape == ((13, 9, 3) if orientation > 4 else (9, 13, 3))
        exif = exif_of(photo)
        assert exif.get(ORIENTATION, 1) == 1
        details = exif.get_ifd(ExifTags.IFD.Exif)
        sides = details[ExifTags.Base.ExifImageWidth], details[ExifTags.Base.ExifImageHeight]
        assert sides == ((9, 13) if orientation > 4 else (13, 9))

    @pytest.mark.parametrize("compression", [None, "tiff_lzw"])
    @pytest.mark.parametrize("orientation", [3, 6])
    def test_orientation_of_compressed_tiff(self, tmp_path, orientation, compression):
        """A TIFF is turned once, and only once, however it is stored."""
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        pixels = colours(channels=3)
        path = saved(tmp_path, Image.fromarray(pixels), "t.tif", exif=exif, compression=compression)
        np.testing.assert_array_equal(read(path).image, np.rot90(pixels, {3: 2, 6: 3}[orientation]))

    @pytest.mark.parametrize("orientation", [0, 9, 65535])
    def test_senseless_orientation(self, tmp_path, orientation):
        """An orientation that does not exist counts as upright."""
        path = sample(tmp_path, ".png")
        image = Image.open(path)
        turned = saved(tmp_path, image, "odd.png", exif=camera_exif(orientation).tobytes())
        np.testing.assert_array_equal(read(turned).image, read(path).image)
        assert exif_of(read(turned))[ORIENTATION] == 1

    @pytest.mark.parametrize("target", [".jpg", ".png", ".tif", ".webp"])
    @pytest.mark.parametrize("source", [".jpg", ".png", ".tif", ".webp"])
    def test_exif_is_kept(self, tmp_path, source, target):
        """Camera, comment and place travel from every format to every format."""
        path = saved(
            tmp_path,
            Image.fromarray(colours(channels=3)),
            f"in{source}",
            exif=camera_exif(6).tobytes(),
        )
        photo = read(path)
        out = tmp_path / f"out{target}"
        write(out, photo.image, like=photo)
        again = read(out)
        assert again.image.shape == photo.image.shape
        exif = exif_of(again)
        assert exif[ExifTags.Base.Make] == "Kodak"
        assert exif.get(ORIENTATION, 1) == 1
        comment = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
        assert comment == b"ASCII\0\0\0grandmother"
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        assert place == {1: "N", 2: (52.0, 30.0, 1.5)}

    @pytest.mark.parametrize("target", [".jpg", ".png", ".tif", ".webp", ".bmp"])
    @pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}])
    def test_layout_of_a_tiff_stays_behind(self, tmp_path, target, options):
        """Tags on how a TIFF stores its pixels do not reach files that store others."""
        path = saved(
            tmp_path, Image.fromarray(colours(channels=0)), "in.tif", dpi=(300, 300), **options
        )
        photo = read(path)
        assert not {256, 257, 258, 259, 262, 273, 279}.intersection(exif_of(photo))
        out = tmp_path / f"out{target}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if target == ".bmp" else "error")
            write(out, np.dstack([photo.image] * 3), like=photo)
        again = read(out).image
        if target != ".jpg":
            np.testing.assert_array_equal(again, np.dstack([photo.image] * 3))

    def test_thumbnail_is_dropped(self, tmp_path):
        """The small gray picture inside EXIF data does not survive."""
        body = camera_exif().tobytes()[6:]
        at = struct.unpack(">I" if body[:2] == b"MM" else "<I", body[4:8])[0]
        order = ">" if body[:2] == b"MM" else "<"
        count = struct.unpack_from(order + "H", body, at)[0]
        thumbnail = b"\xff\xd8 a very small picture \xff\xd9"
        start = len(body) + 2 + 2 * 12 + 4
        ifd1 = struct.pack(order + "H", 2)
        ifd1 += struct.pack(order + "HHII", 0x0201, 4, 1, start)
        ifd1 += struct.pack(order + "HHII", 0x0202, 4, 1, len(thumbnail)) + bytes(4)
        linked = bytearray(body)
        struct.pack_into(order + "I", linked, at + 2 + 12 * count, len(body))
        exif = b"Exif\0\0" + bytes(linked) + ifd1 + thumbnail
        path = saved(tmp_path, Image.fromarray(colours(channels=0)), "thumb.jpg", exif=exif)
        assert thumbnail in path.read_bytes()
        with Image.open(path) as stored:
            assert stored.getexif().get_ifd(ExifTags.IFD.IFD1)[0x0201] == start
        photo = read(path)
        assert thumbnail not in photo.exif
        assert exif_of(photo).get_ifd(ExifTags.IFD.IFD1) == {}
        assert exif_of(photo)[ExifTags.Base.Make] == "Kodak"

    @pytest.mark.parametrize(
        ("source", "target"), list(itertools.product([".jpg", ".png", ".tif"], repeat=2))
    )
    def test_dpi_is_kept(self, tmp_path, source, target):
        """A scan at 300 by 200 dots an inch stays one."""
        path = saved(tmp_path, Image.fromarray(colours(channels=0)), f"a{source}", dpi=(300, 200))
        photo = read(path)
        assert photo.dpi == pytest.approx((300, 200), abs=0.01)
        write(tmp_path / f"b{target}", photo.image, like=photo)
        assert read(tmp_path / f"b{target}").dpi == photo.dpi

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
    def test_dpi_turns_with_the_picture(self, tmp_path, suffix):
        """Where a picture is turned on its side, the two resolutions change places."""
        exif = camera_exif(6)
        exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution] = 300.0, 200.0
        exif[ExifTags.Base.ResolutionUnit] = 2
        path = saved(
            tmp_path,
            Image.fromarray(colours(channels=0)),
            f"a{suffix}",
            dpi=(300, 200),
            exif=exif.tobytes(),
        )
        photo = read(path)
        assert photo.dpi == pytest.approx((200, 300), abs=0.01)
        assert exif_of(photo)[ExifTags.Base.XResolution] == 200

    @pytest.mark.parametrize("dpi", [(0, 0), (1, 1), (70000, 70000)])
    def test_senseless_dpi(self, tmp_path, dpi):
        """A resolution that cannot be meant is none."""
        path = saved(tmp_path, Image.fromarray(colours(channels=0)), "a.tif", dpi=dpi)
        assert read(path).dpi is None

    def test_tiff_has_a_resolution(self, tmp_path):
        """Where none is known it is 1 without a unit, as TIFF demands; an odd one stays."""
        write(tmp_path / "a.tif", colours(channels=3))
        odd = saved(
            tmp_path,
            Image.fromarray(colours(channels=3)),
            "b.tif",
            tiffinfo={282: 2.0, 283: 1.0, 296: 1},
        )
        photo = read(odd)
        write(tmp_path / "c.tif", photo.image, like=photo)
        for name, across in (("a.tif", 1), ("c.tif", 2)):
            with Image.open(tmp_path / name) as stored:
                assert [stored.tag_v2[tag] for tag in (282, 283, 296)] == [across, 1, 1]
            assert read(tmp_path / name).dpi is None

    def test_broken_exif_does_not_cost_the_picture(self, tmp_path):
        """EXIF data that cannot be read is left out with a warning."""
        pixels = Image.fromarray(colours(channels=0))
        path = saved(tmp_path, pixels, "a.png", exif=b"Exif\0\0nonsense that is no TIFF header")
        with pytest.warns(ColorkitWarning, match=r"a\.png.*EXIF data that cannot be read") as seen:
            photo = read(path)
        assert photo.exif == b""
        assert seen[0].filename == __file__
        np.testing.assert_array_equal(photo.image, np.asarray(pixels))

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
    @pytest.mark.parametrize("damage", ["first", "inner", "value"])
    @pytest.mark.filterwarnings("ignore:(Corrupt EXIF|Truncated File|Tag data)")
    def test_damaged_exif_is_kept_in_part(self, tmp_path, suffix, damage):
        """Each directory with an end beyond the data, or a value there, is warned of."""
        data = camera_exif().tobytes()
        pointer = data.index(b"\x87\x69")
        damaged = {
            "first": data[:20],
            "inner": data[: pointer + 8] + b"\0\0\x99\0" + data[pointer + 12 :],
            "value": data[:-4],
        }[damage]
        path = saved(tmp_path, Image.fromarray(colours(channels=3)), f"a{suffix}", exif=damaged)
        with pytest.warns(ColorkitWarning, match="EXIF data of which a part cannot be read"):
            read(path)

    @pytest.mark.parametrize("dtype", [np.uint8, np.float32], ids=["by Pillow", "by tifffile"])
    @pytest.mark.filterwarnings("ignore:(Tag data|Truncated File)")
    def test_damaged_tags_of_a_tiff(self, tmp_path, dtype):
        """A text that would lie beyond the end of the file is warned of; the picture is read."""
        image = (colours(channels=3) // (1 if dtype == np.uint8 else 255)).astype(dtype)
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, image, photometric="rgb", software="scanner " * 9, metadata=None)
        data = bytearray(path.read_bytes())
        entry = data.index(struct.pack("<HHI", 305, 2, 73))
        data[entry + 8 : entry + 12] = b"\0\0\xff\x7f"
        path.write_bytes(data)
        with pytest.warns(ColorkitWarning, match="EXIF data of which a part cannot be read"):
            photo = read(path)
        np.testing.assert_array_equal(photo.image, image)

    def test_exif_too_large_for_jpeg(self, tmp_path):
        """EXIF data above 64 KB is kept where it fits; a JPEG is written without, and says so."""
        exif = Image.Exif()
        exif[ExifTags.Base.ImageDescription] = "x" * 70000
        image = colours(channels=0)
        path = saved(tmp_path, Image.fromarray(image), "a.png", exif=exif.tobytes())
        photo = read(path)
        with pytest.warns(ColorkitWarning, match="written without EXIF data.*JPEG") as seen:
            write(tmp_path / "b.jpg", image, like=photo)
        assert seen[0].filename == __file__
        assert read(tmp_path / "b.jpg").exif == b""
        write(tmp_path / "b.png", image, like=photo)
        assert len(exif_of(read(tmp_path / "b.png"))[ExifTags.Base.ImageDescription]) == 70000

    def test_bmp_says_that_it_holds_no_exif(self, tmp_path):
        """BMP cannot keep EXIF data: the warning says so."""
        photo = read(sample(tmp_path, ".png"))
        with pytest.warns(ColorkitWarning, match="written without EXIF data.*BMP"):
            write(tmp_path / "b.bmp", photo.image, like=photo)

    @pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
    def test_first_page(self, tmp_path, suffix):
        """Of several pages the first is read, and a warning counts them."""
        pages = [Image.fromarray(colours(channels=3, seed=seed)) for seed in range(3)]
        path = tmp_path / f"pages{suffix}"
        options = {"lossless": True} if suffix == ".webp" else {}
        pages[0].save(path, save_all=True, append_images=pages[1:], **options)
        with pytest.warns(ColorkitWarning, match="holds 3 pages: only the first") as seen:
            photo = read(path)
        assert seen[0].filename == __file__
        np.testing.assert_array_equal(photo.image, np.asarray(pages[0]))

    def test_unreadable_second_page(self, tmp_path):
        """A second page that nobody can read does not cost the first."""
        pages = [Image.fromarray(colours(channels=0, seed=seed)) for seed in range(2)]
        path = tmp_path / "pages.tif"
        pages[0].save(path, save_all=True, append_images=pages[1:])
        depth = struct.pack("<HHIH", 258, 3, 1, 8)
        first, second, rest = path.read_bytes().split(depth)
        path.write_bytes(first + depth + second + struct.pack("<HHIH", 258, 3, 1, 7) + rest)
        with pytest.warns(ColorkitWarning, match="holds several pages: only the first"):
            photo = read(path)
        np.testing.assert_array_equal(photo.image, np.asarray(pages[0]))

    def test_name_and_content_differ(self, tmp_path):
        """A PNG named .jpg is read as what it is, with a warning."""
        path = tmp_path / "photo.jpg"
        Image.fromarray(colours(channels=3)).save(path, "PNG")
        with pytest.warns(ColorkitWarning, match=r"photo\.jpg' holds PNG"):
            assert read(path).format == "PNG"


PACKET = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'
    b'<?xpacket end="w"?>'
)
CAPTION = b"\x1c\x02\x78\x00\x0aPea picker"
TURNS = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: np.rot90(image, 2),
    4: lambda image: image[::-1],
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: np.rot90(image, 2).swapaxes(0, 1),
    8: lambda image: np.rot90(image),
}
HOLDS_XMP = (".jpg", ".png", ".tif", ".webp", ".avif")
HOLDS_IPTC = (".jpg", ".png", ".tif")


def described(*properties):
    """A packet that says so of a picture."""
    head, tail = PACKET.split(b"/></x:xmpmeta>")
    about = b'><rdf:Description rdf:about="" xmlns:e="urn:example:">'
    return head + about + b"".join(properties) + b"</rdf:Description></rdf:RDF></x:xmpmeta>" + tail


def jpeg_with(packet, *segments):
    """A JPEG with a packet, and other segments after it."""
    stream = io.BytesIO()
    Image.fromarray(colours(channels=3)).save(stream, "JPEG")
    parts = (b"http://ns.adobe.com/xap/1.0/\0" + packet, *segments)
    app1 = (b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part for part in parts)
    return b"\xff\xd8" + b"".join(app1) + stream.getvalue()[2:]


def extension(digest, packet, at):
    head = b"http://ns.adobe.com/xmp/extension/\0" + digest + struct.pack(">II", len(packet), at)
    return head + packet[at : at + 50_000]


def box(kind, content):
    return struct.pack(">I", len(content) + 8) + kind + content


MANIFEST = box(
    b"jumb",
    box(b"jumd", bytes.fromhex("63327061 0011 0010 8000 00AA00389B71") + b"\x03c2pa\0")
    + box(b"cbor", b"\xa0"),
)


class TestContentCredentials:
    @pytest.fixture
    def signed(self, tmp_path):
        """Write pictures with a manifest, each where the specification of C2PA wants it."""
        image = Image.fromarray(colours(channels=3))
        image.save(tmp_path / "plain.jpg")
        part = b"JP\0\1\0\0\0\1" + MANIFEST
        segment = b"\xff\xeb" + struct.pack(">H", len(part) + 2) + part
        content = (tmp_path / "plain.jpg").read_bytes()
        (tmp_path / "a.jpg").write_bytes(content[:2] + segment + content[2:])
        chunks = PngInfo()
        chunks.add(b"caBX", MANIFEST)
        image.save(tmp_path / "a.png", pnginfo=chunks)
        tag = (0xCD41, 7, len(MANIFEST), MANIFEST, True)
        with tifffile.TiffWriter(tmp_path / "a.tif") as pages:
            pages.write(np.asarray(image), extratags=[tag])
            pages.write(np.asarray(image), extratags=[tag])
        image.save(tmp_path / "a.webp", lossless=True)
        content = (tmp_path / "a.webp").read_bytes() + b"C2PA" + struct.pack("<I", len(MANIFEST))
        content += MANIFEST + b"\0" * (len(MANIFEST) % 2)
        (tmp_path / "a.webp").write_bytes(
            content[:4] + struct.pack("<I", len(content) - 8) + content[8:]
        )
        return tmp_path

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
    def test_loss_is_told_once(self, signed, suffix):
        """Whoever reads a signed picture is told, of a file once, that its signature stays."""
        with pytest.warns(ColorkitWarning) as told:
            pages = list(files.read_pages(signed / f"a{suffix}"))
        [message] = [str(warning.message) for warning in told]
        assert message.endswith(
            "has content credentials (C2PA), which are left out: they vouch for the old pixels"
        )
        write(signed / f"b{suffix}", pages[0].image, like=pages[0])
        assert b"c2pa" not in (signed / f"b{suffix}").read_bytes()

    def test_wherever_it_stands(self, tmp_path):
        """It is found behind any number of other bytes, and not where there is none."""
        image = Image.fromarray(colours(channels=3))
        for length in (0, 2**20 - 60, 2**20 - 50, 2**20 - 40, 2**20 - 30, 2**20):
            chunks = PngInfo()
            chunks.add(b"teSt", bytes(length))
            image.save(tmp_path / "plain.png", pnginfo=chunks)
            read(tmp_path / "plain.png")
            chunks.add(b"caBX", MANIFEST)
            image.save(tmp_path / "signed.png", pnginfo=chunks)
            with pytest.warns(ColorkitWarning, match="content credentials"):
                read(tmp_path / "signed.png")

    def test_notes_are_read_in_silence(self, signed):
        """Asking for the XMP packet alone warns of nothing."""
        assert files.read_xmp(signed / "a.jpg") == b""


class TestXmp:
    @pytest.mark.parametrize(("source", "target"), list(itertools.product(HOLDS_XMP, repeat=2)))
    def test_is_kept(self, tmp_path, source, target):
        """The packet travels from every format to every format, byte for byte."""
        image = colours(channels=3)
        write(tmp_path / f"a{source}", image, xmp=PACKET)
        photo = read(tmp_path / f"a{source}")
        assert photo.xmp == PACKET
        write(tmp_path / f"b{target}", image, like=photo)
        assert files.read_xmp(tmp_path / f"b{target}") == PACKET
        write(tmp_path / f"c{target}", image, like=photo, xmp=b"<other/>")
        assert files.read_xmp(tmp_path / f"c{target}") == b"<other/>"

    @pytest.mark.parametrize("suffix", [".jpg", ".tif", ".webp", ".avif"])
    def test_pillow_sees_it(self, tmp_path, suffix):
        """Other programs find it where they look for it."""
        write(tmp_path / f"a{suffix}", colours(channels=3), xmp=PACKET)
        with Image.open(tmp_path / f"a{suffix}") as stored:
            assert stored.info["xmp"] == PACKET

    @pytest.mark.parametrize("form", ['="6"', "='6'", ">6<"])
    def test_orientation(self, tmp_path, form):
        """An orientation in the packet says upright when the picture is."""
        packet = f"<a tiff:Orientation{form}/a>".encode()
        write(tmp_path / "a.png", colours(channels=3), xmp=packet)
        assert read(tmp_path / "a.png").xmp == packet.replace(b"6", b"1")

    def test_too_large_for_jpeg(self, tmp_path):
        """A packet above 64 KB is kept where it fits; a JPEG is written without, and says so."""
        packet = PACKET + b"." * 70_000  # no XML, so that nobody can take it apart
        with pytest.warns(ColorkitWarning, match=r"without XMP packet: \d+ bytes do not fit JPEG"):
            write(tmp_path / "a.jpg", colours(channels=3), xmp=packet)
        assert files.read_xmp(tmp_path / "a.jpg") == b""
        write(tmp_path / "a.webp", colours(channels=3), xmp=packet)
        assert files.read_xmp(tmp_path / "a.webp") == packet

    def test_the_longest_properties_give_way(self, tmp_path):
        """A JPEG keeps what fits of a packet, and it is told what does not; padding costs none."""
        rest = b"".join(b'<rdf:li e:when="%d">saved</rdf:li>' % i for i in range(3000))
        title = b"Pea &amp; picker</e:Title>"
        packet = described(b"<e:Title>" + title, b"<e:History>" + rest + b"</e:History>")
        with pytest.warns(ColorkitWarning, match=r"without History of its XMP packet: \d+ bytes"):
            write(tmp_path / "a.jpg", colours(channels=3), xmp=packet)
        assert title in files.read_xmp(tmp_path / "a.jpg")
        write(tmp_path / "b.jpg", colours(channels=3), xmp=PACKET + b" " * 70_000)
        assert b"RDF" in files.read_xmp(tmp_path / "b.jpg")

    def test_many_small_properties(self, tmp_path):
        """Not much more than what does not fit is left out."""
        small = [b"<e:p%d>%s</e:p%d>" % (i, b"x" * 700, i) for i in range(95)]
        with pytest.warns(ColorkitWarning, match="of its XMP packet"):
            write(tmp_path / "a.jpg", colours(channels=3), xmp=described(*small))
        assert files.read_xmp(tmp_path / "a.jpg").count(b"<e:p") > 80
        names = described(*[b"<e:p%d></e:p%d>" % (i, i) for i in range(9000)])
        with pytest.warns(ColorkitWarning, match="without p1000, p1001, p1002, others of its XMP"):
            write(tmp_path / "b.jpg", colours(channels=3), xmp=names)
        assert len(files.read_xmp(tmp_path / "b.jpg")) > 50_000

    def test_extended(self, tmp_path):
        """What a JPEG holds in segments of its own, in any order, belongs to the packet."""
        digest = b"0123456789ABCDEF" * 2
        note = b'xmlns:n="http://ns.adobe.com/xmp/note/"'
        first = described(b"<n:HasExtendedXMP %s>%s</n:HasExtendedXMP>" % (note, digest))
        rest = described(b"<e:History>" + b"saved " * 20_000 + b"</e:History>")
        segments = [extension(digest, rest, at) for at in range(0, len(rest), 50_000)]
        (tmp_path / "a.jpg").write_bytes(jpeg_with(first, *reversed(segments)))
        (tmp_path / "b.jpg").write_bytes(jpeg_with(first, *segments[1:]))
        (tmp_path / "c.jpg").write_bytes(jpeg_with(first))

        whole, damaged, without = (files.read_xmp(tmp_path / f"{name}.jpg") for name in "abc")

        assert whole.count(b"saved ") == 20_000
        assert b"HasExtendedXMP" not in whole
        assert damaged == without == first
        assert read(tmp_path / "a.jpg").xmp == whole
        with pytest.warns(ColorkitWarning, match=r"b\.jpg' has more XMP than its packet"):
            read(tmp_path / "b.jpg")

    def test_nothing_there(self, tmp_path):
        """A picture without a packet has an empty one; what is no picture is refused."""
        write(tmp_path / "a.png", colours(channels=3))
        assert files.read_xmp(tmp_path / "a.png") == b""
        (tmp_path / "b.png").write_text("grandmother")
        with pytest.raises(FileError, match=r"b\.png.*is not a JPEG"):
            files.read_xmp(tmp_path / "b.png")

    def test_as_imagemagick_writes_it(self, tmp_path):
        """A packet in the raw text of a PNG counts as one."""
        text = PngInfo()
        text.add_text("Raw profile type xmp", f"\nxmp\n{len(PACKET):8}\n{PACKET.hex()}\n", zip=True)
        Image.fromarray(colours(channels=3)).save(tmp_path / "a.png", pnginfo=text)
        assert files.read_xmp(tmp_path / "a.png") == PACKET


class TestIptc:
    @pytest.mark.parametrize(("source", "target"), list(itertools.product(HOLDS_IPTC, repeat=2)))
    def test_is_kept(self, tmp_path, source, target):
        """A caption travels from every format that has one to every other, byte for byte."""
        photo = Photo(colours(channels=3), "", iptc=CAPTION)
        write(tmp_path / f"a{source}", photo.image, like=photo)
        again = read(tmp_path / f"a{source}")
        assert again.iptc == CAPTION
        write(tmp_path / f"b{target}", again.image, like=again)
        assert read(tmp_path / f"b{target}").iptc == CAPTION

    @pytest.mark.parametrize("suffix", [".jpg", ".tif"])
    def test_pillow_sees_it(self, tmp_path, suffix):
        """Other programs find it where they look for it."""
        photo = Photo(colours(channels=3), "", iptc=CAPTION)
        write(tmp_path / f"a{suffix}", photo.image, like=photo)
        with Image.open(tmp_path / f"a{suffix}") as stored:
            assert IptcImagePlugin.getiptcinfo(stored) == {(2, 120): b"Pea picker"}

    def test_in_a_photoshop_block(self, tmp_path):
        """Of Photoshop's resources the caption is kept, wherever it stands among them."""
        resources = b"".join(
            b"8BIM" + struct.pack(">H", number) + name + struct.pack(">I", len(data)) + data
            for number, name, data in [
                (0x040C, b"\0\0", b"a thumbnail!"),
                (0x03F0, b"\x03abc", b"x\0"),
                (0x0404, b"\0\0", CAPTION + b"\0"),
            ]
        )
        path = tmp_path / "a.tif"
        Image.fromarray(colours(channels=3)).save(path, tiffinfo={34377: resources})
        assert read(path).iptc == CAPTION + b"\0"
        assert b"thumbnail" not in read(path).exif

    @pytest.mark.parametrize("cut", range(1, 40, 3))
    def test_damaged_block(self, tmp_path, cut):
        """A block that ends too early costs the caption at most, not the picture."""
        block = b"8BIM\x03\xed\0\0\0\0\0\x02ab8BIM\x04\x04\0\0\0\0\0\x0f" + CAPTION
        path = tmp_path / "a.tif"
        Image.fromarray(colours(channels=3)).save(path, tiffinfo={34377: block[:cut]})
        assert CAPTION.startswith(read(path).iptc)

    def test_no_room(self, tmp_path):
        """WebP has no place for it, and says so."""
        photo = Photo(colours(channels=3), "", iptc=CAPTION)
        with pytest.warns(ColorkitWarning, match="without IPTC records: 15 bytes do not fit WEBP"):
            write(tmp_path / "a.webp", photo.image, like=photo)


class TestTheRest:
    @pytest.mark.parametrize("suffix", [".webp", ".avif"])
    def test_resolution_in_exif(self, tmp_path, suffix):
        """Formats without a place for it have the resolution in their EXIF data."""
        photo = Photo(colours(channels=3), "", dpi=(300.0, 200.0))
        write(tmp_path / f"a{suffix}", photo.image, like=photo)
        assert read(tmp_path / f"a{suffix}").dpi == (300.0, 200.0)

    @pytest.mark.parametrize(
        ("source", "target"), list(itertools.product((".jpg", ".png"), repeat=2))
    )
    def test_comment(self, tmp_path, source, target):
        """A comment travels between JPEG and PNG."""
        photo = Photo(colours(channels=3), "", comment="großmutter".encode())
        write(tmp_path / f"a{source}", photo.image, like=photo)
        again = read(tmp_path / f"a{source}")
        write(tmp_path / f"b{target}", again.image, like=again)
        assert read(tmp_path / f"b{target}").comment == photo.comment

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize(
        ("suffix", "channels", "dtype"),
        [
            (".png", 3, np.uint16),
            (".tif", 3, np.uint16),
            (".tif", 2, np.uint16),
            (".avif", 3, np.uint8),
        ],
    )
    def test_orientation_of_other_kinds(self, tmp_path, suffix, channels, dtype, orientation):
        """Deep pictures, those that tifffile reads, and AVIF are turned as all others are."""
        image = colours(channels=channels).astype(dtype)
        path = tmp_path / f"a{suffix}"
        write(path, image, like=Photo(image, "", camera_exif(orientation).tobytes()))
        photo = read(path)
        expected = TURNS[orientation](image).astype(int)
        assert photo.image.shape == expected.shape
        assert np.abs(photo.image - expected).mean() < (10 if suffix == ".avif" else 1e-9)
        assert exif_of(photo).get(ORIENTATION, 1) == 1
