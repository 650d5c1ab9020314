"""Hikvision ISAPI "HTTP listening": multipart with `anpr.xml` and pictures, or the bare XML.

Namespaces differ by firmware (hikvision.com, isapi.org, std-cgi.com), so elements are found by their local names. The
confidences are 0 to 100. After an outage events come again with `isDataRetransmission`.
"""

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from app.core.safe_xml import XmlFault, parse_small
from app.services.cameras.vendors import values
from app.services.cameras.vendors.multipart import Part, read_parts
from app.services.cameras.vendors.passage import BadPush, NotAPassage, Passage, Push, SeenVehicle

MOST_XML_BYTES = 2**20
"""A tree takes many times the bytes of its text; the messages that are known have some thousands of them."""

_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}\?>")
_CHARSET = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ORDER = ("detection", "vehicle", "licenseplate")
"""The whole scene first: it is the evidence; a crop proves nothing by itself."""


def read(push: Push) -> Passage:
    """The passage of an `ANPR` event. Raises `NotAPassage` for other events, `BadPush` for broken ones."""
    parts = read_parts(push.content_type, push.body) if "multipart" in push.content_type.lower() else []
    text = next((each.data for each in parts if _is_xml(each)), None if parts else push.body)
    if text is None:
        raise BadPush("bagian anpr.xml tidak ada", "the part anpr.xml is missing")
    alert = _parsed(text)
    kind = values.word(_text(alert, "eventType"))
    event = _first(alert, "ANPR")
    if event is None or kind.upper() not in {"ANPR", "VEHICLEDETECTION", ""}:
        raise NotAPassage(kind or _local(alert))
    return _passage(push, alert, event, _pictures(parts))


def _passage(push: Push, alert: Element, event: Element, pictures: tuple[bytes, ...]) -> Passage:
    told = values.word(_text(alert, "dateTime"))
    plate = values.plate(_text(event, "licensePlate") or _text(event, "originalLicensePlate"))
    camera = values.word(_text(alert, "macAddress") or _text(alert, "ipAddress"))
    channel = values.word(_text(alert, "channelID"))
    return Passage(
        event=values.word(_text(alert, "UUID")) or f"{camera}|{told}|{plate}|{channel}",
        captured_at=values.moment(told, push.zone),
        plate=plate,
        confidence=values.share(_text(event, "confidenceLevel"), whole=100),
        characters=_characters(_text(event, "plateCharBelieve")),
        box=_box(event),
        region=values.word(_text(event, "area") or _text(event, "country")),
        vehicle=SeenVehicle(
            kind=values.word(_text(event, "vehicleType")),
            make=values.word(_text(event, "vehicleLogoRecog")),
            colour=values.word(_text(event, "color")),
        ),
        camera=f"{camera}/{channel}" if channel else camera,
        direction=values.word(_text(event, "direction")),
        lane=values.lane(_text(event, "line")),
        speed_kmh=values.speed(_text(event, "speed")),
        late=_text(alert, "isDataRetransmission").lower() == "true",
        pictures=pictures,
    )


def _parsed(text: bytes) -> Element:
    if len(text) > MOST_XML_BYTES:
        raise BadPush("anpr.xml lebih dari 1 MB", "anpr.xml is larger than 1 MB")
    text = text.strip(b"\x00 \t\r\n\xef\xbb\xbf")
    declaration = _DECLARATION.match(text)
    if declaration is not None:
        text = text[declaration.end() :]
    charset = _CHARSET.search(declaration[0]) if declaration else None
    try:
        # A place name may be in another charset than the one declared; the plate is ASCII.
        told = text.decode(charset[1].decode() if charset else "utf-8", "replace")
    except (LookupError, UnicodeError):
        told = text.decode("utf-8", "replace")
    try:
        return parse_small(told.encode())
    except XmlFault as fault:
        raise BadPush(f"anpr.xml: {fault.why.id}", f"anpr.xml: {fault.why.en}") from fault


def _is_xml(part: Part) -> bool:
    names = f"{part.name} {part.filename}".lower()
    return ".xml" in names or "xml" in part.media_type or part.data.lstrip()[:1] == b"<"


def _pictures(parts: Sequence[Part]) -> tuple[bytes, ...]:
    def rank(part: Part) -> int:
        names = f"{part.name} {part.filename}".lower()
        return next((place for place, each in enumerate(_ORDER) if each in names), len(_ORDER))

    images = sorted((each for each in parts if not _is_xml(each)), key=rank)
    return tuple(dict.fromkeys(each.data for each in images))[: values.MOST_PICTURES]


def _characters(text: str) -> tuple[float, ...]:
    found = [values.share(each, whole=100) for each in text.split(",")[: values.LONGEST_PLATE]] if text else []
    return tuple(each for each in found if each is not None)


def _box(event: Element) -> tuple[int, int, int, int] | None:
    for info in _all(event, "pictureInfo"):
        rect = _first(info, "plateRect")
        if rect is not None and "detection" in (_text(info, "type") or _text(info, "fileName")).lower():
            return values.corner_and_size([_text(rect, each) for each in ("X", "Y", "width", "height")])
    return None


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(element: Element, name: str) -> Iterator[Element]:
    return (each for each in element.iter() if _local(each).lower() == name.lower())


def _first(element: Element, name: str) -> Element | None:
    return next(_all(element, name), None)


def _text(element: Element, name: str) -> str:
    found = _first(element, name)
    return (found.text or "").strip() if found is not None else ""
