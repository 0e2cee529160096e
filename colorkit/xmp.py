"""XMP packets of strangers: checked, and written again without some of what they say."""

import re
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
