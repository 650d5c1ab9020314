"""Every vendor's message becomes the one normal form; what is odd in the field is taken, what is broken says why."""

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.safe_xml import XmlFault, parse_small
from app.sandbox import camera_forms as pushes
from app.services.cameras.vendors import VENDORS, BadPush, NotAPassage, Passage, Push, read_push, values
from app.services.cameras.vendors.multipart import read_parts

AT = datetime(2026, 3, 2, 2, 58, tzinfo=UTC)
SCENE = b"\xff\xd8\xff scene with\r\nline ends \n--\xff\xd9"
CROP = b"\xff\xd8\xff crop \xff\xd9"
MS = timedelta(milliseconds=1)


def read(vendor: str, message: tuple[str, bytes], zone: timezone = pushes.JAKARTA) -> Passage:
    return read_push(vendor, Push(message[1], message[0], zone))


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_every_vendor_says_is_in_the_normal_form(vendor: str) -> None:
    passage = read(vendor, pushes.FORMS[vendor](AT, picture=SCENE))
    assert AT <= passage.captured_at < AT + timedelta(seconds=1)
    assert passage.plate == "B1234XYZ"
    assert passage.confidence is not None
    assert 0.6 < passage.confidence <= 1
    assert passage.box is not None
    assert passage.box[0] < passage.box[2]
    assert passage.box[1] < passage.box[3]
    assert passage.pictures == (SCENE,)
    assert passage.event
    assert passage.camera
    assert passage.direction
    assert passage.region
    assert passage.vehicle.colour.lower() in {"white", "black", "blue"}
    assert not passage.late


def test_what_only_some_vendors_say() -> None:
    hikvision = read("hikvision", pushes.hikvision(AT, picture=SCENE))
    assert (hikvision.event, hikvision.lane, hikvision.speed_kmh) == ("20260302-1", "2", 41)
    assert hikvision.characters == (0.99, 0.99, 0.98, 0.99, 0.99, 0.97, 0.99, 0.99)
    assert hikvision.box == (691, 397, 750, 431)
    assert read("dahua", pushes.dahua(AT, picture=SCENE)).captured_at == AT + 123 * MS
    assert read("milesight", pushes.milesight(AT, picture=SCENE)).captured_at == AT + 267 * MS
    for second in (False, True):
        stream = read("plate-recognizer", pushes.stream(AT, picture=SCENE, second_shape=second))
        assert stream.alternatives[0][0] == "B1284XYZ"
        assert (stream.vehicle.make, stream.vehicle.view, stream.direction) == ("Toyota", "Rear", "210")


def test_dahua_confidence_is_out_of_what_the_device_counts_to() -> None:
    kind, body = pushes.dahua(AT, picture=SCENE)
    sure = json.loads(body)
    sure["Picture"]["Plate"]["Confidence"] = 91
    message = json.dumps(sure).encode()
    found = {of: read_push("dahua", Push(message, kind, pushes.JAKARTA, of)).confidence for of in (None, 255, 100)}
    assert found == {None: 91 / 255, 255: 91 / 255, 100: 0.91}


def test_a_repetition_has_the_same_event_and_another_passage_another() -> None:
    for vendor, message in pushes.FORMS.items():
        make: Callable[..., tuple[str, bytes]] = message
        assert read(vendor, make(AT, picture=SCENE)).event == read(vendor, make(AT, picture=CROP)).event
    assert (
        read("axis", pushes.axis(AT, picture=SCENE)).event
        == read("axis", pushes.axis(AT + 9 * timedelta(seconds=1), picture=CROP, state="lost")).event
    )
    for vendor in ("dahua", "milesight", "plate-recognizer"):
        make = pushes.FORMS[vendor]
        assert read(vendor, make(AT, picture=SCENE)).event != read(vendor, make(AT, picture=SCENE, plate="D1AB")).event


def test_local_times_are_those_of_the_cameras_zone() -> None:
    wit = timezone(timedelta(hours=9))
    for vendor, hours in (("dahua", 2), ("milesight", 2), ("hikvision", 0), ("axis", 0), ("plate-recognizer", 0)):
        there = read(vendor, pushes.FORMS[vendor](AT, picture=SCENE), wit).captured_at
        here = read(vendor, pushes.FORMS[vendor](AT, picture=SCENE)).captured_at
        assert here - there == timedelta(hours=hours)


def test_hikvision_as_it_comes_from_the_field() -> None:
    kind, body = pushes.hikvision(AT, picture=SCENE)
    odd = {
        "bare line feeds in the headers": (kind, body.replace(b'"\r\n', b'"\n').replace(b"xml\r\n\r\n", b"xml\n\n")),
        "a doubled boundary line": (kind, body.replace(b"--boundary\r\n", b"--boundary\r\n--boundary\r\n", 1)),
        "another boundary than declared": ("multipart/form-data; boundary=other", body),
        "no boundary declared": ("multipart/form-data", b"\r\n" + body),
        "no closing line": (kind, body.removesuffix(b"--boundary--\r\n")),
        "an empty picture part": (
            kind,
            body.replace(b"--boundary--", b'--boundary\r\nContent-Disposition: form-data; name="vehiclePicture.jpg"\r\n'
            b"Content-Length: 0\r\n\r\n\r\n--boundary--"),
        ),
        "a header line without a colon": (kind, body.replace(b"Content-Type: text/xml", b"broken\r\nContent-Type: text/xml")),
        "another namespace": (kind, body.replace(b"www.hikvision.com/ver20", b"www.isapi.org/ver20")),
        "no namespace": (kind, body.replace(b' xmlns="http://www.hikvision.com/ver20/XMLSchema"', b"")),
        "a charset that says so": (kind, body.replace(b"<Event", b'<?xml version="1.0" encoding="GB2312"?><Event').replace(b"<ANPR>", b"<channelName>\xb5\xe7</channelName><ANPR>")),
        "a charset that nobody knows": (kind, body.replace(b"<Event", b'<?xml version="1.0" encoding="x-acp"?>\r\n<Event')),
        "a length that is no number": (kind, body.replace(b"Content-Type: text/xml", "Content-Length: ²\r\nContent-Type: text/xml".encode())),
        "bytes that are not UTF-8": (kind, body.replace(b"<ANPR>", b"<channelName>\xb5\xe7</channelName><ANPR>")),
    }  # fmt: skip
    for name, message in odd.items():
        passage = read("hikvision", message)
        assert (passage.plate, passage.pictures, passage.event) == ("B1234XYZ", (SCENE,), "20260302-1"), name
    late = read("hikvision", pushes.hikvision(AT, picture=SCENE, late=True))
    assert late.late
    bare = body[body.index(b"<Event") : body.index(b"</EventNotificationAlert>") + 25]
    assert read("hikvision", ("application/xml", bare)).pictures == ()
    without_uuid = (kind, body.replace(b"<UUID>20260302-1</UUID>", b""))
    assert read("hikvision", without_uuid).event.startswith("aa:bb:cc:00:11:22|2026-03-02T09:58:00+07:00|B1234XYZ|1")
    unread = read("hikvision", pushes.hikvision(AT, picture=SCENE, plate="unknown"))
    assert unread.plate is None
    parts = read_parts(
        kind, body.replace(b'"detectionPicture.jpg"; filename="detectionPicture.jpg"', b'"a"; filename=b')
    )
    assert [(each.name, each.filename) for each in parts] == [("anpr.xml", "anpr.xml"), ("a", "b")]


def test_xml_with_a_document_type_is_refused_before_it_is_built() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><EventNotificationAlert>&y;</EventNotificationAlert>'
    outside = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    for document in (bomb, outside, b"<!DOCTYPE html><html/>"):
        with pytest.raises(XmlFault, match="document type"):
            parse_small(document)
        with pytest.raises(BadPush, match=r"anpr\.xml"):
            read("hikvision", ("application/xml", document))
    for charset in (b"GB2312", b"x-acp"):
        with pytest.raises(XmlFault, match="no valid XML"):
            parse_small(b'<?xml version="1.0" encoding="' + charset + b'"?><a/>')


def test_dahua_plates_in_odd_bytes() -> None:
    kind, body = pushes.dahua(AT, picture=SCENE)
    for written in ("B 1234 XYZ", "В1234ХYZ", b"B1234XYZ".hex(), "b1234xyz"):
        told = body.replace(b'"B1234XYZ"', json.dumps(written).encode())
        assert read("dahua", (kind, told)).plate == "B1234XYZ"
    chinese = body.replace(b'"Black"', '"黑"'.encode("gb18030"))
    assert read("dahua", (kind, chinese)).vehicle.colour == "黑"
    for unread in ("--", "", "unlicensed"):
        assert read("dahua", (kind, body.replace(b'"B1234XYZ"', json.dumps(unread).encode()))).plate is None
    assert read("dahua", (kind, body.replace(b'"IsExist": true', b'"IsExist": false'))).plate is None


def test_vaxtor_with_the_published_template() -> None:
    told = {
        "camera": "gate", "date": "2026-03-02T09:58:00.120+07:00", "plateutf8": "B1234XYZ", "country": "IDN", "confidence": "91",
        "left": "1", "top": "2", "right": "30", "bottom": "9", "direction": "1", "plateimage": "", "overviewimage": "AAAA",
    }  # fmt: skip
    passage = read("axis", ("application/json", json.dumps(told).encode()))
    assert (passage.plate, passage.confidence, passage.box) == ("B1234XYZ", 0.91, (1, 2, 30, 9))
    assert passage.captured_at == AT + 120 * MS


def test_axis_pictures_within_the_json() -> None:
    _, body = pushes.axis(AT, picture=SCENE)
    event = json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])
    event["ImageArray"] = [
        {"ImageType": "plate", "BinaryImage": "BBBB"},
        {"ImageType": "vehicle", "BinaryImage": "AAAA"},
    ]
    passage = read("axis", ("application/json", json.dumps(event).encode()))
    assert passage.pictures == (b"\x00\x00\x00", b"\x04\x10\x41")


@pytest.mark.parametrize(
    ("vendor", "body", "kind"),
    [
        ("hikvision", b"<EventNotificationAlert><eventType>videoloss</eventType></EventNotificationAlert>", "videoloss"),
        ("dahua", b'{"Active":"keepAlive","DeviceID":"a"}', "keepAlive"),
        ("axis", b'{"system":{},"identify":{},"ALPV":{}}', "heartbeat"),
        ("milesight", b'{"event":"counting","device":"a"}', "counting"),
        ("openalpr", b'{"data_type":"heartbeat"}', "heartbeat"),
        ("openalpr", b'{"data_type":"alpr_results"}', "alpr_results"),
        ("plate-recognizer", b'{"hook":{"event":"image.done"},"data":{"results":[]}}', "no plate"),
        ("plate-recognizer", b'{"hook":{"event":"dwell"},"data":{"results":[{"plate":"a"}]}}', "dwell"),
    ],
)  # fmt: skip
def test_what_is_about_no_vehicle_is_told_apart(vendor: str, body: bytes, kind: str) -> None:
    with pytest.raises(NotAPassage) as found:
        read(vendor, ("application/json", body))
    assert found.value.kind == kind


def test_a_message_that_breaks_the_form_says_where() -> None:
    kind, body = pushes.milesight(AT, picture=SCENE)
    at = (kind, body.replace(b"2026-03-02 09:58:00", b"yesterday"))
    for vendor, message, why in [
        ("milesight", at, "yesterday"),
        ("dahua", ("", b"[1]"), "JSON object"),
        ("hikvision", ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a.jpg"\r\n\r\nb'), "missing"),
        ("hikvision", ("application/xml", b"<a>" + b" " * 2**20), "larger than 1 MB"),
        ("plate-recognizer", ("application/x-www-form-urlencoded", b"a=1"), "missing"),
        ("plate-recognizer", ("application/x-www-form-urlencoded", b"a=1&" * 21), "vendor's form"),
    ]:  # fmt: skip
        with pytest.raises(BadPush, match=why) as found:
            read(vendor, message)
        assert found.value.why.id


@given(
    st.sampled_from([*VENDORS]), st.sampled_from(["", "application/json", "multipart/form-data; boundary=b"]), st.data()
)
def test_whatever_comes_is_read_or_refused(vendor: str, kind: str, data: st.DataObject) -> None:
    scalar = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12)
    names = st.sampled_from(
        ["Picture", "Plate", "SnapInfo", "data", "results", "plate", "hook", "plateUTF8", "camera_info"]
    )
    tree = st.recursive(scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4))
    body = data.draw(st.binary(max_size=200) | tree.map(lambda told: json.dumps(told).encode()))
    message = kind, body if "multipart" not in kind else b"--b\r\nname: x\r\n\r\n" + body
    with contextlib.suppress(BadPush, NotAPassage):
        assert read(vendor, message).captured_at.tzinfo is UTC


def test_numbers_and_boxes_as_text() -> None:
    assert values.number("nan") is None
    assert values.number(True) is None
    assert values.number(" 41.5 ") == 41.5
    assert values.corners(["5", "5", "1", "9"]) is None
    assert values.corner_and_size([1, 2, 3, "x"]) is None
    assert values.share("140", whole=100) == 1
    with pytest.raises(BadPush):
        values.moment_of_epoch_ms("99999999999999999999")
