"""XML fed to expat piece by piece, with document types refused before anything is built.

Without a document type there are no entities to resolve, and expat fetches nothing by itself.
"""

from collections.abc import Iterator
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.parsers import expat

from app.services.billing.settlement.formats.values import Capped, at_place
from app.services.billing.settlement.lines import BadStatement

PIECE_BYTES = 16 * 1024

Event = tuple[str, Element]


class _RootSeen(Exception):
    """The prolog is over and held no document type declaration."""


def pieces(source: Capped) -> Iterator[list[Event]]:
    """The events (``start`` or ``end``, element) of each piece of at most `PIECE_BYTES`. Raises `BadStatement`.

    Whoever reads must clear elements as they end, else the tree grows with the file.
    """
    parser: XMLPullParser[Any] = XMLPullParser(events=("start", "end"))
    piece = source.read(PIECE_BYTES)
    _refuse_document_type(piece)
    try:
        while piece:
            parser.feed(piece)
            yield cast("list[Event]", list(parser.read_events()))  # start and end are always of an element
            piece = source.read(PIECE_BYTES)
        parser.close()
        yield cast("list[Event]", list(parser.read_events()))
    except ParseError as error:
        raise _no_xml(error.position[0], str(error)) from error


def _refuse_document_type(first: bytes) -> None:
    """Read the prolog by itself: only there a document type may stand."""
    parser = expat.ParserCreate()

    def doctype(*_: object) -> None:
        raise BadStatement("XML dengan DOCTYPE tidak diterima", "XML with a document type (DOCTYPE) is not taken")

    def root(*_: object) -> None:
        raise _RootSeen

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = root
    try:
        parser.Parse(first, False)
    except _RootSeen:
        return
    except expat.ExpatError as error:
        raise _no_xml(error.lineno, str(error)) from error
    raise BadStatement(f"tidak ada unsur XML dalam {PIECE_BYTES} byte", f"no XML element within {PIECE_BYTES} bytes")


def _no_xml(line: int, why: str) -> BadStatement:
    return at_place(f"line {line}", f"bukan XML yang sah ({why})", f"no valid XML ({why})")
