"""XMP packets of strangers: checked, and written again with less or more in them."""

import re
from collections import Counter
from collections.abc import Set
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

MAX_BYTES = 2**20
"""Larger packets are not parsed: their trees would take hundreds of times the memory."""

MAX_DEPTH = 100
"""Deeper packets are not parsed: canonical XML takes time by the square of the depth."""

_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_TAIL = '<?xpacket end="w"?>'
_ATTRIBUTE = re.compile(r'"[^"<]*"')
_INSIDE_RDF = re.compile(r"(<(?:[^<>: ]+:)?RDF[^<>]*>)(.*)(</(?:[^<>: ]+:)?RDF>)", re.DOTALL)
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_HAS_MORE = "{http://ns.adobe.com/xmp/note/}HasExtendedXMP"


def checked_text(packet: bytes) -> str:
    """The text of a packet that is safe to parse, without what stands around its XML.

    Raises
    ------
    ValueError
        It is not UTF-8 or not XML, holds a DTD, or is too large or too deep.
    """
    if len(packet) > MAX_BYTES:
        raise ValueError(f"{len(packet)} bytes are more than {MAX_BYTES}")
    text = packet.decode("utf-8-sig").strip("\0 \r\n\t")
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError(f"elements lie more than {MAX_DEPTH} deep")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*declaration: Any) -> None:
        raise ValueError("it holds a DTD")  # its entities could grow without end

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError(f"it is not XML: {error}") from error
    return text


class _Writer(ElementTree.C14NWriterTarget):
    """Canonical XML without the wrapper of a packet, which is of processing instructions."""

    def pi(self, target: str, data: str | None = None) -> None:
        """Leave one out."""


def canonical(text: str, without: Set[str]) -> str:
    """The same XML without some properties and without a wrapper; prefixes stay as they are."""
    parts: list[str] = []
    writer = _Writer(parts.append, exclude_tags=without, exclude_attrs=without)
    parser = ElementTree.XMLParser(target=writer)  # noqa: S314  # there is no DTD
    parser.feed(text)
    parser.close()
    # It may stand in an attribute, but ExifTool takes the first one for the end of the tag.
    return _ATTRIBUTE.sub(lambda match: match[0].replace(">", "&gt;"), "".join(parts))


def packet(text: str) -> bytes:
    """XML in its wrapper."""
    return f"{_HEAD}{text}{_TAIL}".encode()


def joined(first: bytes, rest: bytes) -> bytes:
    """The packet of a JPEG and its extension, which has what was too long for it, as one.

    Raises
    ------
    ValueError
        As of `checked_text`; one of them holds no RDF, or they write it differently.
    """
    text, more = (canonical(checked_text(part), {_HAS_MORE}) for part in (first, rest))
    here, there = _INSIDE_RDF.search(text), _INSIDE_RDF.search(more)
    if here is None or there is None or here[1] != there[1]:
        raise ValueError("the extended XMP is not of the kind of the packet")
    return packet(with_more(text, there[2]))


def with_more(text: str, more: str) -> str:
    """Canonical XML that has an ``rdf:RDF`` element, with more at its end."""
    inside = _INSIDE_RDF.search(text)
    assert inside is not None
    return text[: inside.end(2)] + more + text[inside.end(2) :]


def shortened(long: bytes, room: int) -> tuple[bytes, list[str]]:
    """A packet of at most that many bytes, and the names of its longest properties, left out.

    The packet is empty where that does not do, or it cannot be read.
    """
    try:
        text = checked_text(long)
    except ValueError:
        return b"", []
    lengths, without = _lengths(text), list[str]()
    shorter = packet(canonical(text, set()))
    while (excess := len(shorter) - room) > 0 and lengths:
        while excess > 0 and lengths:
            name, length = lengths.pop(0)
            without.append(name)
            excess -= length
        shorter = packet(canonical(text, set(without)))
    names = [name.rpartition("}")[2] for name in without]
    return (shorter if len(shorter) <= room else b""), names


def _lengths(text: str) -> list[tuple[str, int]]:
    """About what each property takes, the longest first."""
    found = Counter[str]()
    root = ElementTree.fromstring(text)  # noqa: S314  # there is no DTD
    for description in root.iterfind(f".//{_RDF}RDF/{_RDF}Description"):
        for name, value in description.items():
            found[name] += len(value)
        for element in description:
            found[element.tag] += len(ElementTree.tostring(element, short_empty_elements=False))
    return [each for each in found.most_common() if not each[0].startswith(_RDF)]
