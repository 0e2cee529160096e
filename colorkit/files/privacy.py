"""Metadata without what tells where a picture was taken, and with whose camera."""

from dataclasses import replace
from typing import TYPE_CHECKING

from colorkit import xmp
from colorkit.errors import OptionError
from colorkit.files.metadata import EXIF, GPS
from colorkit.files.photo import Photo

if TYPE_CHECKING:
    from PIL.Image import Exif

METADATA = ("keep", "safe", "none")
"""What may become of a picture's metadata."""

# Of the first directory: host computer, the places of GeoTIFF; of DNG serial number, maker's data,
# unique number and the raw file's name.
_TAGS = (0x013C, 0x830E, 0x8482, 0x85D8, 0x87AF, 0x87B0, 0x87B1, 0xC62F, 0xC634, 0xC65D, 0xC68B)
# Of the Exif directory: maker note, image id, owner, serial numbers of camera and lens.
_EXIF_TAGS = (0x927C, 0xA420, 0xA430, 0xA431, 0xA435)
# Groups and numbers of IPTC records: unique name; content location, city, sublocation, state,
# country; unique numbers, owner, history.
_IPTC_RECORDS = {(1, 100)} | {(2, n) for n in (26, 27, 90, 92, 95, 100, 101, *range(185, 189), 231)}

_XMP_NAMES = {
    "http://ns.adobe.com/exif/1.0/": (
        "GPSAltitude GPSAltitudeRef GPSAreaInformation GPSDOP GPSDateStamp GPSDestBearing "
        "GPSDestBearingRef GPSDestDistance GPSDestDistanceRef GPSDestLatitude GPSDestLongitude "
        "GPSDifferential GPSHPositioningError GPSImgDirection GPSImgDirectionRef GPSLatitude "
        "GPSLongitude GPSMapDatum GPSMeasureMode GPSProcessingMethod GPSSatellites GPSSpeed "
        "GPSSpeedRef GPSStatus GPSTimeStamp GPSTrack GPSTrackRef GPSVersionID ImageUniqueID "
        "MakerNote"
    ),
    "http://cipa.jp/exif/1.0/": "BodySerialNumber CameraOwnerName LensSerialNumber",
    "http://ns.adobe.com/exif/1.0/aux/": "SerialNumber LensSerialNumber OwnerName ImageNumber",
    "http://ns.adobe.com/photoshop/1.0/": "City State Country History DocumentAncestors",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Location CountryCode",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": (
        "LocationCreated LocationShown PersonInImage PersonInImageWDetails ImageRegion "
        "DigImageGUID RegistryId"
    ),
    "http://www.metadataworkinggroup.com/schemas/regions/": "Regions",
    "http://ns.microsoft.com/photo/1.2/": "RegionInfo",
    "http://ns.acdsee.com/regions/": "Regions",
    "http://ns.apple.com/faceinfo/1.0/": "Regions",
    "http://ns.adobe.com/xap/1.0/": "Thumbnails",
    "http://ns.adobe.com/xap/1.0/mm/": (
        "DerivedFrom DocumentID History Ingredients InstanceID ManagedFrom OriginalDocumentID "
        "Pantry Versions"
    ),
    "http://ns.adobe.com/tiff/1.0/": "HostComputer",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "RawFileName",
}
_IN_XMP = {f"{{{space}}}{name}" for space, names in _XMP_NAMES.items() for name in names.split()}


def reduce_metadata(photo: Photo, metadata: str) -> Photo:
    """Leave out metadata that should not travel with a picture.

    Resolution stays in any case, as do the frames' times.

    Parameters
    ----------
    photo : Photo
        The picture with all that it has.
    metadata : str
        "keep" leaves everything as it is. "safe" leaves out, in EXIF data, XMP packet and IPTC
        records alike: places, serial numbers, the owner's name, unique numbers, maker notes, who
        is seen where in the picture, thumbnails, and the history of editing. Author, copyright,
        title, description, keywords, dates and camera stay, and what they tell. An XMP packet
        that cannot be read is left out whole. "none" leaves out EXIF data, XMP packet, IPTC
        records and comment.

    Returns
    -------
    Photo
        With the same pixels.

    Raises
    ------
    OptionError
        For another word.
    """
    if metadata == "keep":
        return photo
    if metadata == "none":
        return replace(photo, exif=b"", xmp=b"", iptc=b"", comment=b"")
    if metadata == "safe":
        exif, xmp, iptc = _safe_exif(photo.exif), _safe_xmp(photo.xmp), _safe_iptc(photo.iptc)
        return replace(photo, exif=exif, xmp=xmp, iptc=iptc)
    raise OptionError(f"metadata must be one of {', '.join(METADATA)}; received {metadata!r}")


def _safe_exif(data: bytes) -> bytes:
    from PIL import Image

    if not data:
        return b""
    exif: Exif = Image.Exif()
    exif.load(data)
    for tag in (*_TAGS, GPS):
        if tag in exif:
            del exif[tag]
    if EXIF in exif:  # asking for it makes one
        inner = exif.get_ifd(EXIF)
        for tag in _EXIF_TAGS:
            inner.pop(tag, None)
    return exif.tobytes() if len(exif) else b""


def _safe_xmp(packet: bytes) -> bytes:
    """The packet without properties that tell too much; empty if it cannot be read."""
    try:
        text = xmp.checked_text(packet)
    except ValueError:
        return b""
    return xmp.packet(xmp.canonical(text, _IN_XMP))


def _safe_iptc(records: bytes) -> bytes:
    """The records without those of places; what comes after a damaged one is left out."""
    kept, at = b"", 0
    while records[at : at + 1] == b"\x1c" and len(records) >= at + 5:
        length = int.from_bytes(records[at + 3 : at + 5], "big")
        if length > 0x7FFF:  # so long that the length's own length stands here
            break
        record = records[at : at + 5 + length]
        if tuple(records[at + 1 : at + 3]) not in _IPTC_RECORDS:
            kept += record
        at += len(record)
    return kept
