import re
import warnings
from dataclasses import replace
from xml.dom import minidom

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import colorkit
from colorkit import Colorizer, ColorkitWarning, FileError, OptionError
from colorkit.provenance import MADE_BY_MODEL, Note, add_to_xmp, from_xmp, source_type

NOTE = Note("lite", "c0de" * 16, caution=0.2, hints=3)

ADOBE = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 9.1">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="uuid:f00d&amp;1"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    photoshop:Instructions="Copy > once&#xA;&quot;then&quot; return &lt;it&gt;"
    {attribute}>{element}
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Gro\u00dfmutter</rdf:li></rdf:Alt></dc:title>
   <dc:creator><rdf:Seq><rdf:li>Anna</rdf:li><rdf:li>Bert</rdf:li></rdf:Seq></dc:creator>
  </rdf:Description>
  <rdf:Description rdf:about="uuid:f00d&amp;1" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
   <xmp:Rating>5</xmp:Rating>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
                                        \n<?xpacket end="w"?>\0"""
NEGATIVE = "http://cv.iptc.org/newscodes/digitalsourcetype/negativeFilm"


def adobe(attribute="", element=""):
    return ADOBE.format(attribute=attribute, element=element).encode()


def texts(packet):
    """What another parser finds: names as they are written, with the texts of attributes and ends.

    Namespaces, the wrapper and white space between elements are left out.
    """
    root = minidom.parseString(packet.rstrip(b"\0")).documentElement
    elements = [root, *root.getElementsByTagName("*")]
    attributes = [pair for element in elements for pair in element.attributes.items()]
    ends = [
        (e.tagName, e.firstChild.data)
        for e in elements
        if e.firstChild and not e.getElementsByTagName("*")
    ]
    return {(name, text) for name, text in [*attributes, *ends] if not name.startswith("xmlns:")}


def test_a_note_says_that_a_model_made_the_colours():
    """IPTC's own properties carry it, so that other programs understand: source type and system."""
    text = add_to_xmp(None, NOTE).decode()

    assert f'Iptc4xmpExt:DigitalSourceType="{MADE_BY_MODEL}"' in text
    assert 'Iptc4xmpExt:AISystemUsed="colorkit lite"' in text
    assert f'Iptc4xmpExt:AISystemVersionUsed="{colorkit.__version__}"' in text
    assert 'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"' in text
    assert re.fullmatch(r"<\?xpacket begin=\"\ufeff\" id=\"W5\w+\"\?><x:.*<\?xpacket end=.*>", text)
    assert source_type(text.encode()) == MADE_BY_MODEL


printable = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
numbers = st.none() | st.floats(0, 1)
counts = st.none() | st.integers(1, 10**9)


@settings(max_examples=50, deadline=None)
@given(
    note=st.builds(
        Note, printable, st.none() | printable, temperature=numbers, caution=numbers, size=counts,
        variant=counts, seed=counts, hints=counts, upsampling=st.none() | st.just("bilinear"),
    ),
    packet=st.sampled_from([None, adobe(), adobe(f'ext:DigitalSourceType="{NEGATIVE}"')]),
)  # fmt: skip
def test_a_note_is_read_as_it_was_written(note, packet):
    """Whatever it says; written twice it is there once, byte for byte; a new one replaces it."""
    once = add_to_xmp(packet, note)

    assert from_xmp(once) == note
    assert add_to_xmp(once, note) == once
    assert add_to_xmp(add_to_xmp(packet, NOTE), note) == once


def test_what_others_say_stays():
    """All properties of a packet survive, with prefixes, line ends and the subject's name."""
    after = add_to_xmp(adobe(), NOTE)

    assert texts(adobe()) <= texts(after)
    assert ("photoshop:Instructions", 'Copy > once\n"then" return <it>') in texts(after)
    assert 'Instructions="Copy &gt; once&#xA;&quot;then&quot; return &lt;it&gt;"' in after.decode()
    for part in ("<dc:title ", "<xmp:Rating ", 'x:xmptk="Adobe XMP Core 9.1"'):
        assert part in after.decode()
    assert set(re.findall(r'rdf:about="(.*?)"', after.decode())) == {"uuid:f00d&amp;1"}
    assert texts(add_to_xmp(after, replace(NOTE, hints=4))) >= texts(adobe())


@pytest.mark.parametrize(
    "said",
    [
        {"attribute": f'ext:DigitalSourceType="{NEGATIVE}"'},
        {"element": f"<ext:DigitalSourceType>{NEGATIVE}</ext:DigitalSourceType>"},
    ],
    ids=["attribute", "element"],
)
def test_where_a_picture_came_from_is_kept_beside(said):
    """An earlier source type, in either spelling, is there once, as the earlier one."""
    after = add_to_xmp(add_to_xmp(adobe(**said), NOTE), replace(NOTE, model="other")).decode()

    assert after.count(NEGATIVE) == 1
    assert f'colorkit:EarlierSourceType="{NEGATIVE}"' in after
    assert after.count("DigitalSourceType=") == 1
    assert from_xmp(after.encode()).model == "other"


def test_plain_metadata_have_no_note():
    """Neither has a picture that another program's model has made."""
    assert from_xmp(adobe()) is None
    assert source_type(adobe()) is None
    other = adobe(f'ext:DigitalSourceType="{MADE_BY_MODEL}"')
    assert (from_xmp(other), source_type(other)) == (None, MADE_BY_MODEL)


BAD = {
    "it holds a DTD": b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + adobe(),
    "1048577 bytes": adobe().rstrip(b"\0").ljust(2**20 + 1),
    "more than 100 deep": b"<x>" * 101 + b"</x>" * 101,
    "utf-8": adobe().decode().encode("utf-16"),
    "they are no RDF": b"<x/>",
    "or more than that": b'<x xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:RDF/><r:RDF/></x>',
    "not well-formed": adobe()[:-80] + b"<",
    "no element found": b"",
    "undefined entity": adobe().replace(b"Anna", b"&nbsp;"),
    "unbound prefix": adobe().replace(b"xmlns:dc", b"xmlns:cd"),
}


@pytest.mark.parametrize("reason", [reason for reason in BAD if BAD[reason]])
def test_what_cannot_be_read_is_left_out(reason):
    """Bombs, damage and other encodings are told; the note is there all the same."""
    with pytest.raises(FileError, match=reason):
        from_xmp(BAD[reason])
    with pytest.warns(ColorkitWarning, match=f"{reason}.*; they are left out"):
        after = add_to_xmp(BAD[reason], NOTE)

    assert after == add_to_xmp(None, NOTE)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damaged_metadata_cost_no_note(data):
    """Whatever was changed in a packet, it is read or refused, and the note gets in."""
    packet = bytearray(data.draw(st.sampled_from([adobe(), add_to_xmp(adobe(), NOTE)])))
    parts = (b"<", b">", b'"', b"</rdf:RDF>", b"<?x?>", b"<!-- x -->", b"<xml:a/>", b"\xff", b"")
    for _ in range(data.draw(st.integers(1, 3))):
        at, length = data.draw(st.integers(0, len(packet))), data.draw(st.integers(0, 9))
        packet[at : at + length] = data.draw(st.sampled_from(parts))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ColorkitWarning)
        after = add_to_xmp(bytes(packet), NOTE)

    assert from_xmp(after) == NOTE
    assert add_to_xmp(after, NOTE) == after


def test_an_edited_note_is_read_as_far_as_it_goes():
    """What is no number where one belongs, and a word of a later version, are passed over."""
    packet = add_to_xmp(None, NOTE).replace(b'Caution="0.2"', b'Caution="?" colorkit:Mood="9"')

    assert from_xmp(packet) == replace(NOTE, caution=None)


def test_names_that_xml_cannot_hold_are_written_without():
    """A control character in a file's name breaks neither the packet nor a terminal."""
    note = from_xmp(add_to_xmp(None, Note("a\x1b[2J\udcff.tflite")))

    assert note.model == "a\ufffd[2J\ufffd.tflite"


def test_a_recipe_knows_its_note():
    """Model, hash and the options that are not the default; a function has its name alone."""

    def dusk(lightness):
        return np.zeros((*lightness.shape[:3], 2), np.float32)

    lite = Colorizer(caution=0.2, size=64, threads=1).note(hints=2)

    assert (lite.model, lite.caution, lite.size, lite.hints) == ("lite", 0.2, 64, 2)
    assert re.fullmatch("[0-9a-f]{64}", lite.sha256)
    assert Colorizer(dusk).note() == Note("dusk")
    assert Colorizer("litert").note() == Colorizer("colorkit:lite").note()


def test_a_file_is_named_without_its_folder(tmp_path):
    """Notes hold no paths; the hash is that of the file."""
    import hashlib
    from importlib.resources import files

    model = files("colorkit").joinpath("models/lite.tflite").read_bytes()
    (tmp_path / "own.tflite").write_bytes(model)

    note = Colorizer(str(tmp_path / "own.tflite")).note()

    assert (note.model, note.sha256) == ("own.tflite", hashlib.sha256(model).hexdigest())


def test_dates_are_given_not_taken(monkeypatch):
    """Without SOURCE_DATE_EPOCH a note has no date; a bad one is refused."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert Colorizer().note().date is None

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764072000")
    assert Colorizer().note().date == "2025-11-25T12:00:00Z"

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(OptionError, match="must be seconds since 1970; received 'soon'"):
        Colorizer().note()
