"""XML fed to expat piece by piece, with document types refused before anything is built (`app.core.safe_xml`)."""

from collections.abc import Iterator
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from app.core.safe_xml import PROLOG_BYTES, XmlFault, no_xml, refuse_document_type
from app.services.billing.settlement.formats.values import Capped, at_place
from app.services.billing.settlement.lines import BadStatement

PIECE_BYTES = PROLOG_BYTES

Event = tuple[str, Element]


def pieces(source: Capped) -> Iterator[list[Event]]:
    """The events (``start`` or ``end``, element) of each piece of at most `PIECE_BYTES`. Raises `BadStatement`.

    Whoever reads must clear elements as they end, else the tree grows with the file.
    """
    parser: XMLPullParser[Any] = XMLPullParser(events=("start", "end"))
    piece = source.read(PIECE_BYTES)
    try:
        refuse_document_type(piece)
        while piece:
            parser.feed(piece)
            yield cast("list[Event]", list(parser.read_events()))  # start and end are always of an element
            piece = source.read(PIECE_BYTES)
        parser.close()
        yield cast("list[Event]", list(parser.read_events()))
    except ParseError as error:
        raise _bad(no_xml(error.position[0], str(error))) from error
    except XmlFault as error:
        raise _bad(error) from error


def _bad(fault: XmlFault) -> BadStatement:
    if fault.line is None:
        return BadStatement(fault.why.id, fault.why.en)
    return at_place(f"line {fault.line}", fault.why.id, fault.why.en)
