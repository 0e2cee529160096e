"""The note that a model made a picture's colours: into XMP metadata, and out of it."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any
from xml.etree import ElementTree

from colorkit import __version__, xmp
from colorkit.errors import FileError, OptionError, warn

__all__ = ["MADE_BY_MODEL", "Note", "add_to_xmp", "from_xmp", "source_date", "source_type"]

MADE_BY_MODEL = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)
"""The IPTC digital source type of a photograph that a trained model has painted in."""

NAMESPACE = "urn:colorkit:note:1.0/"
"""Of what IPTC has no property for."""

_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SOURCE, _SYSTEM, _SYSTEM_VERSION = (
    f"{{{_IPTC}}}{name}" for name in ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed")
)
_EARLIER = f"{{{NAMESPACE}}}EarlierSourceType"

_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"/></x:xmpmeta>'.encode()
# Of canonical XML, where nothing can be spelled in two ways.
_HOLLOW = re.compile(r"""<((?:[^<>: ]+:)?Description)(?: (?:xmlns:\w+|\w+:about)="[^"]*")*></\1>""")

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


@dataclass(frozen=True)
class Note:
    """What is said of a picture's colours: which model, and how it was asked.

    Attributes
    ----------
    model : str
        Name of the backend; of one that is a file, the file's name without its folder.
    sha256 : str or None
        Of the model's file, if it has one.
    version : str
        Of colorkit.
    temperature, saturation, caution, size, upsampling
        As for `colorkit.Colorizer`; None stands for that version's default.
    variant, seed : int or None
        Which of several colourings it is, from 1, and what they were drawn with.
    hints : int or None
        How many colours a person gave.
    date : str or None
        ``"2026-11-25T12:00:00Z"``, where `source_date` gives one.
    """

    model: str
    sha256: str | None = None
    version: str = __version__
    temperature: float | None = None
    saturation: float | None = None
    caution: float | None = None
    size: int | None = None
    upsampling: str | None = None
    variant: int | None = None
    seed: int | None = None
    hints: int | None = None
    date: str | None = None


_KINDS: dict[str, type[float] | type[int]] = dict.fromkeys(
    ("temperature", "saturation", "caution"), float
) | dict.fromkeys(("size", "variant", "seed", "hints"), int)


def add_to_xmp(packet: bytes | None, note: Note) -> bytes:
    """Put a note into a picture's XMP metadata.

    Parameters
    ----------
    packet : bytes or None
        The XMP packet that the picture has. All that others say in it stays; an earlier note, and
        what it says of where the picture comes from, give way.
    note : Note
        What is to be said.

    Returns
    -------
    bytes
        A packet, UTF-8. The same note put into it again changes nothing.

    Warns
    -----
    ColorkitWarning
        The packet cannot be read; the new one holds the note alone.
    """
    try:
        text = _checked(packet or _EMPTY)
        rdf = _parsed(text)
    except FileError as error:
        warn(f"{error}; they are left out")
        text = _checked(_EMPTY)
        rdf = _parsed(text)
    others = _HOLLOW.sub("", xmp.canonical(text, {_SOURCE, _SYSTEM, _SYSTEM_VERSION, *_names(rdf)}))
    described = _description(_said(note, dict(_properties(rdf))), _subject(rdf))
    return xmp.packet(xmp.with_more(others, described))


def from_xmp(packet: bytes) -> Note | None:
    """The note in a picture's XMP metadata, or None.

    Parameters
    ----------
    packet : bytes
        The XMP packet that the picture has.

    Raises
    ------
    FileError
        When it cannot be read: not XMP, a DTD in it, more than a million bytes.
    """
    said = dict(_properties(_parsed(_checked(packet))))
    found: dict[str, Any] = {"version": ""}
    for field in fields(Note):
        if (text := said.get(_tag(field.name))) is not None:
            with suppress(ValueError):  # somebody's edit, or a later colorkit's word
                found[field.name] = _KINDS.get(field.name, str)(text)
    return Note(**found) if "model" in found else None


def source_type(packet: bytes) -> str | None:
    """The IPTC digital source type that a picture's XMP metadata give; errors as for `from_xmp`."""
    return dict(_properties(_parsed(_checked(packet)))).get(_SOURCE)


def source_date() -> str | None:
    """The time that SOURCE_DATE_EPOCH gives, such as ``"2026-11-25T12:00:00Z"``.

    Raises
    ------
    OptionError
        When it is no number of seconds.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return None
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(epoch)))
    except (ValueError, OverflowError, OSError) as error:
        raise OptionError(
            f"SOURCE_DATE_EPOCH must be seconds since 1970; received {epoch!r}"
        ) from error


def _said(note: Note, before: dict[str, str]) -> dict[str, str]:
    """Properties and their texts; what was said of the source earlier is kept beside them."""
    said = {
        _SOURCE: MADE_BY_MODEL,
        _SYSTEM: f"colorkit {note.model}",
        _SYSTEM_VERSION: note.version,
    }
    said |= {_tag(name): str(value) for name, value in vars(note).items() if value is not None}
    earlier = before.get(_EARLIER) or before.get(_SOURCE, MADE_BY_MODEL)
    return said if earlier == MADE_BY_MODEL else said | {_EARLIER: earlier}


def _subject(rdf: ElementTree.Element) -> str:
    """What a packet is about, by its own word: readers ask for the same in all of its parts."""
    subjects = (each.get(f"{{{_RDF}}}about") for each in rdf.iterfind(f"{{{_RDF}}}Description"))
    return next(filter(None, subjects), "")


def _tag(field: str) -> str:
    return f"{{{NAMESPACE}}}{field.capitalize()}"


def _checked(packet: bytes) -> str:
    """The text of a packet that is safe to parse."""
    try:
        return xmp.checked_text(packet)
    except ValueError as error:
        raise FileError(f"XMP metadata cannot be read: {error}") from error


def _parsed(text: str) -> ElementTree.Element:
    """The ``rdf:RDF`` element."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  # there is no DTD
    except (ElementTree.ParseError, ValueError) as error:
        raise FileError(f"XMP metadata cannot be read: {error}") from error
    elements = [root] if root.tag == f"{{{_RDF}}}RDF" else list(root)
    if [element.tag for element in elements] != [f"{{{_RDF}}}RDF"]:
        raise FileError("XMP metadata cannot be read: they are no RDF, or more than that")
    return elements[0]


def _properties(rdf: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Names and texts of what is said of the picture itself, in either spelling."""
    for description in rdf.iterfind(f"{{{_RDF}}}Description"):
        yield from description.items()
        for element in description:
            yield element.tag, element.text or ""


def _names(rdf: ElementTree.Element) -> set[str]:
    """Names of our own namespace that are in use, those of other versions among them."""
    names = {name for element in rdf.iter() for name in (element.tag, *element.keys())}
    return {name for name in names if name.startswith(f"{{{NAMESPACE}}}")}


def _description(properties: dict[str, str], subject: str) -> str:
    """One element; its texts are attributes, so that nothing of it stays when they are removed."""
    prefixes = {_RDF: "rdf", _IPTC: "Iptc4xmpExt", NAMESPACE: "colorkit"}
    attributes = {f"xmlns:{prefix}": uri for uri, prefix in prefixes.items()}
    for name, value in {f"{{{_RDF}}}about": subject, **properties}.items():
        uri, _, local = name[1:].partition("}")
        attributes[f"{prefixes[uri]}:{local}"] = value
    texts = "".join(f' {name}="{_escaped(value)}"' for name, value in attributes.items())
    return f"<rdf:Description{texts}></rdf:Description>"


def _escaped(text: str) -> str:
    printable = (c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return "".join(printable).translate(_ESCAPES)
