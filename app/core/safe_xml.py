"""XML from strangers: document types are refused before anything is built.

Without a document type there are no entities to resolve or to blow up, and expat fetches nothing by itself (OWASP XXE
prevention: disallow DOCTYPE altogether).
"""

from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat

from app.core.texts import Text

PROLOG_BYTES = 16 * 1024


class XmlFault(ValueError):
    """Why these bytes are not taken as XML; `line` counts from 1, None where it is about the whole."""

    def __init__(self, why: Text, line: int | None = None) -> None:
        super().__init__(why.en)
        self.why, self.line = why, line


class _RootSeen(Exception):
    """The prolog is over and held no document type declaration."""


def refuse_document_type(first: bytes) -> None:
    """Read the prolog by itself: only there a document type may stand, and the root must begin within `first`. Raises
    `XmlFault`."""
    parser = expat.ParserCreate()

    def doctype(*_: object) -> None:
        raise XmlFault(
            Text("XML dengan DOCTYPE tidak diterima", "XML with a document type (DOCTYPE) is not taken"),
        )

    def root(*_: object) -> None:
        raise _RootSeen

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = root
    try:
        parser.Parse(first, False)
    except _RootSeen:
        return
    except expat.ExpatError as error:
        raise no_xml(error.lineno, str(error)) from error
    except (LookupError, ValueError) as error:  # an encoding that is unknown, or of several bytes a character
        raise no_xml(1, str(error)) from error
    raise XmlFault(Text(f"tidak ada unsur XML dalam {len(first)} byte", f"no XML element within {len(first)} bytes"))


def parse_small(data: bytes) -> Element:
    """A document that fits into memory, as its root element. Raises `XmlFault`."""
    refuse_document_type(data[:PROLOG_BYTES])
    parser = XMLParser()  # noqa: S314 a document type, through which alone XML attacks, was refused above
    try:
        parser.feed(data)
        return parser.close()
    except ParseError as error:
        raise no_xml(error.position[0], str(error)) from error
    except (LookupError, ValueError) as error:
        raise no_xml(1, str(error)) from error


def no_xml(line: int, why: str) -> XmlFault:
    """The fault of bytes that are no well-formed XML."""
    return XmlFault(Text(f"bukan XML yang sah ({why})", f"no valid XML ({why})"), line)
