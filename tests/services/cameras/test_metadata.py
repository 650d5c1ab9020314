"""What a camera says: one answer names all faults, and whatever comes there is an answer."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.actor import Actor, ActorKind
from app.core.house import House
from app.core.problems import Problem
from app.services.cameras import CaptureMetadata, check_metadata, parse_metadata
from app.services.cameras.metadata import LONGEST_CAPTURE_ID, LONGEST_LOCATION

GOOD: dict[str, Any] = {
    "captured_at": "2026-03-02T09:58:00+07:00",
    "violation": "287-2-APILL",
    "location": "Simpang Sarinah",
}
DEVICE = Actor(ActorKind.CAMERA, "019582d0-0000-7000-8000-000000000001", frozenset({"camera"}), unit="PMJ")


def refused(**changes: Any) -> Problem:
    with pytest.raises(Problem) as raised:
        parse_metadata(json.dumps({**GOOD, **changes}))
    return raised.value


def test_everything_that_the_contract_names_is_kept() -> None:
    told = parse_metadata(
        json.dumps(
            {
                **GOOD,
                "latitude": -6.1867,
                "longitude": 106.8231,
                "speed_kmh": 71.5,
                "limit_kmh": 50,
                "lane": 2,
                "capture_id": "cam-7/000123",
                "sent_at": "2026-03-02T03:00:00.123456789Z",
                "firmware": {"unknown": ["fields", "are", "ignored"]},
            }
        )
    )
    assert told == CaptureMetadata(
        captured_at=datetime(2026, 3, 2, 2, 58, tzinfo=UTC),
        violation_code="287-2-APILL",
        location="Simpang Sarinah",
        latitude=-6.1867,
        longitude=106.8231,
        speed_kmh=71.5,
        limit_kmh=50.0,
        lane="2",
        capture_id="cam-7/000123",
        sent_at=datetime(2026, 3, 2, 3, 0, 0, 123456, tzinfo=UTC),
    )


def test_null_is_as_good_as_absent() -> None:
    assert parse_metadata(json.dumps({**GOOD, "lane": None, "speed_kmh": None})).lane is None


@pytest.mark.parametrize(
    "text",
    ["", "plate=B1234XYZ", "[1]", '"text"', "{", "{}{}", "NaN", '{"a":NaN}', '{"a":1e999}', b"\xff\xfe", "\ud800"],
)
def test_what_is_no_json_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(Problem) as raised:
        parse_metadata(text)
    assert raised.value.type.code == "cameras-metadata-not-json"
    assert raised.value.detail("en").endswith(".")


def test_the_largest_metadata_is_small() -> None:
    with pytest.raises(Problem) as raised:
        parse_metadata(json.dumps({**GOOD, "note": "x" * 20_000}))
    assert raised.value.type.code == "cameras-metadata-not-json"


def test_one_answer_names_every_fault() -> None:
    with pytest.raises(Problem) as raised:
        parse_metadata('{"captured_at":"yesterday","location":"","latitude":"6","speed_kmh":-1,"lane":true}')
    assert raised.value.type.code == "cameras-metadata-invalid"
    assert [error.pointer for error in raised.value.errors] == [
        "/metadata/captured_at",
        "/metadata/violation",
        "/metadata/location",
        "/metadata/latitude",
        "/metadata/speed_kmh",
        "/metadata/lane",
    ]


@pytest.mark.parametrize(
    "moment",
    [
        "2026-03-02T09:58:00",  # no offset
        "2026-03-02",
        "2026-02-30T09:58:00+07:00",
        "2026-03-02T25:00:00+07:00",
        "2026-03-02T09:58:00+25:00",
        "0001-01-01T00:00:00+07:00",
        "9999-12-31T23:59:59-07:00",
        "02/03/2026 09:58",
        "2026-03-02T09:58:00+07:00\x00",
        1772420280,
        "٢٠٢٦-03-02T09:58:00Z",
    ],
)
def test_a_time_that_is_none_is_refused(moment: object) -> None:
    assert [error.pointer for error in refused(captured_at=moment).errors] == ["/metadata/captured_at"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("location", "x" * 10_000),
        ("location", "x" * (LONGEST_LOCATION + 1)),
        ("location", "Sarinah\x00"),
        ("location", "Sarinah\u202e"),
        ("capture_id", "7" * (LONGEST_CAPTURE_ID + 1)),
        ("capture_id", ["7"]),
        ("violation", "287\n288"),
        ("violation", {"code": "287"}),
        ("lane", "x" * 10_000),
        ("latitude", 90.001),
        ("longitude", 1e308),
        ("limit_kmh", True),
        ("speed_kmh", 10**30),
    ],
)
def test_a_value_that_does_not_fit_is_named(field: str, value: object) -> None:
    assert [error.pointer for error in refused(**{field: value}).errors] == [f"/metadata/{field}"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*GOOD, "latitude", "lane", "capture_id", "sent_at"], JSON)))
def test_any_json_is_parsed_or_refused(given_: dict[str, Any]) -> None:
    with suppress(Problem):
        told = parse_metadata(json.dumps({**GOOD, **given_}))
        assert told.captured_at.tzinfo is UTC
        assert "\x00" not in f"{told.location}{told.violation_code}{told.lane}{told.capture_id}"


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_bytes_are_refused_without_a_crash(sent: bytes | str) -> None:
    with pytest.raises(Problem):
        parse_metadata(sent)


@given(st.datetimes(), st.integers(-1439, 1439), st.integers(0, 9))
def test_every_real_time_with_an_offset_is_understood(moment: datetime, offset_minutes: int, digits: int) -> None:
    sign, size = ("-" if offset_minutes < 0 else "+"), abs(offset_minutes)
    fraction = f".{moment.microsecond:06}000"[: digits + 1] if digits else ""
    written = f"{moment:%H:%M:%S}{fraction}{sign}{size // 60:02}:{size % 60:02}"
    text = f"{moment.year:04}-{moment:%m-%d}T{written}"
    try:
        told = parse_metadata(json.dumps({**GOOD, "captured_at": text}))
    except Problem:
        assert moment.year in (1, 9999)  # out of the range of dates once it is UTC
    else:
        whole = moment.replace(microsecond=0, tzinfo=UTC) - timedelta(minutes=offset_minutes)
        assert told.captured_at.replace(microsecond=0) == whole


async def checked(house: House, **changes: Any) -> None:
    told = parse_metadata(json.dumps({**GOOD, **changes}))
    async with house.db.read() as connection:
        await check_metadata(connection, DEVICE, told, now=house.clock.now())


async def test_a_capture_of_just_now_is_accepted(house: House) -> None:
    await checked(house)
    await checked(house, captured_at="2026-03-02T10:01:00+07:00", sent_at="2026-03-02T09:59:00+07:00")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"captured_at": "2026-03-02T10:00:00Z"}, "cameras-capture-in-future", ["7 hours 0 minutes", "as UTC"]),
        ({"captured_at": "2026-03-02T12:30:00+07:00"}, "cameras-capture-in-future", ["2 hours 30 minutes"]),
        ({"captured_at": "2027-03-02T10:00:00+07:00"}, "cameras-capture-in-future", ["365 days 0 hours"]),
        ({"captured_at": "2025-03-02T10:00:00+07:00"}, "cameras-capture-too-old", ["365 days 0 hours", "days"]),
        ({"sent_at": "2026-03-02T03:00:00+07:00"}, "cameras-clock-off", ["7 hours 0 minutes", "as UTC"]),
        ({"sent_at": "2026-03-02T14:00:00+07:00"}, "cameras-clock-off", ["4 hours 0 minutes"]),
        ({"violation": "999-NONE"}, "reference-violation-not-found", ["999-NONE", "/v1/violations"]),
    ],
)
async def test_a_wrong_clock_or_code_is_refused_with_the_difference(
    house: House, changes: dict[str, str], code: str, words: list[str]
) -> None:
    with pytest.raises(Problem) as raised:
        await checked(house, **changes)
    problem = raised.value
    assert problem.type.code == code
    assert problem.type.status == 422
    assert all(word in problem.detail("en") for word in words), problem.detail("en")
    assert problem.detail("id")
