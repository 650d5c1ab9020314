"""Plates: every spelling is one plate, and a machine's text is corrected only where the grammar forces it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.reference.plates import (
    DIGITS_FOR_LETTER,
    LETTERS_FOR_DIGIT,
    Plate,
    PlateKind,
    candidates,
    digits_are_doubtful,
    number_range_kind,
    parse_plate,
    region_codes,
)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

civil_plates = st.builds(
    Plate,
    st.just(PlateKind.CIVIL),
    st.sampled_from(sorted(region_codes())),
    st.integers(1, 9999).map(str),
    st.text(LETTERS, max_size=3),
)
separators = st.sampled_from(["", " ", "-", ".", "  ", " - ", "\t", "•"])


@given(civil_plates, separators, separators, st.booleans())
def test_every_usual_spelling_is_the_same_plate(plate: Plate, first: str, second: str, lower: bool) -> None:
    spelling = plate.region + first + plate.number + second + plate.series
    assert parse_plate(spelling.lower() if lower else spelling) == plate


@given(civil_plates)
def test_shown_and_canonical_form_read_back(plate: Plate) -> None:
    assert parse_plate(plate.canonical) == plate
    assert parse_plate(plate.shown) == plate


@pytest.mark.parametrize("text", ["b1234abc", "B-1234-ABC", "B 1234 ABC", " b.1234.abc "])
def test_lookups_accept_what_people_type(text: str) -> None:
    plate = parse_plate(text)
    assert plate is not None
    assert plate.canonical == "B1234ABC"
    assert plate.shown == "B 1234 ABC"


@pytest.mark.parametrize(
    ("text", "kind", "canonical", "shown"),
    [
        ("RI 1", PlateKind.STATE, "RI1", "RI 1"),
        ("cd 12 35", PlateKind.DIPLOMATIC, "CD12-35", "CD 12 35"),
        ("CD12-35", PlateKind.DIPLOMATIC, "CD12-35", "CD 12 35"),
        ("CC123456", PlateKind.DIPLOMATIC, "CC123-456", "CC 123 456"),
        ("1234-00", PlateKind.FORCE, "1234-00", "1234-00"),
        ("1234 - V", PlateKind.FORCE, "1234-V", "1234-V"),
        ("DS 123 A", PlateKind.CIVIL, "DS123A", "DS 123 A"),
    ],
)
def test_special_plates(text: str, kind: PlateKind, canonical: str, shown: str) -> None:
    plate = parse_plate(text)
    assert plate is not None
    assert (plate.kind, plate.canonical, plate.shown) == (kind, canonical, shown)
    assert parse_plate(plate.canonical) == plate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "B",
        "1234",
        "B 0123 ABC",  # no leading zero
        "B 12345 ABC",
        "B 1234 ABCD",
        "X 1234 AB",  # no region
        "CD1235",  # 12 35 or 123 5
        "SGX 1234 A",  # Singapore
        "WXY 1234",  # Malaysia
        "กก 1234",  # Thailand
        "B 1234 ABC\x00",
        "B" * 10_000,
    ],
)
def test_no_indonesian_plate(text: str) -> None:
    assert parse_plate(text) is None


@given(st.text(max_size=40))
def test_any_text_is_answered(text: str) -> None:
    plate = parse_plate(text)
    found = candidates(text)
    if plate is not None:
        assert [c.plate for c in found] == [plate]
        assert found[0].cost == 0
    for candidate in found:
        assert parse_plate(candidate.plate.canonical) == candidate.plate


@given(civil_plates, st.data())
def test_a_letter_in_a_digit_slot_leads_back_to_the_plate(plate: Plate, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(plate.number) - 1))
    digit = plate.number[at]
    misread = data.draw(st.sampled_from([c for c, digits in DIGITS_FOR_LETTER.items() if digit in digits] or [digit]))
    text = f"{plate.region}{plate.number[:at]}{misread}{plate.number[at + 1 :]}{plate.series}"
    found = candidates(text)
    if parse_plate(text) is None:
        assert plate in [c.plate for c in found]
        costs = [c.cost for c in found]
        assert costs == sorted(costs)
        assert min(costs) > 0


@given(civil_plates)
def test_a_readable_plate_is_never_corrected(plate: Plate) -> None:
    (only,) = candidates(plate.canonical)
    assert (only.plate, only.cost, only.changed) == (plate, 0, ())


def test_a_correction_says_which_character_it_changed() -> None:
    (best, *_) = candidates("8 I234 XY2")
    assert best.plate.canonical == "B1234XYZ"
    assert [(c.position, c.read, c.taken) for c in best.changed] == [
        (0, "8", "B"),
        (1, "I", "1"),
        (7, "2", "Z"),
    ]


def test_every_digit_that_is_printed_for_a_letter_leads_back() -> None:
    for digit, letters in LETTERS_FOR_DIGIT.items():
        for letter in letters:
            assert f"B1234X{letter}Y" in [c.plate.canonical for c in candidates(f"B1234X{digit}Y")]


def test_digits_that_look_alike_are_a_doubt() -> None:
    assert digits_are_doubtful("B2811ABC", "B2911ABC")
    assert not digits_are_doubtful("B2811ABC", "B2811ABC")
    assert not digits_are_doubtful("B2811ABC", "B2411ABC")
    assert not digits_are_doubtful("B2811ABC", "B281ABC")
    assert not digits_are_doubtful("B2811ABC", "B2911ABD")


def test_number_range_is_only_a_hint() -> None:
    kinds = [
        number_range_kind(Plate(PlateKind.CIVIL, "D", n, "A")) for n in ("1", "1999", "2000", "7000", "8000", "9000")
    ]
    assert kinds == ["car", "car", "motorcycle", "bus", "goods", "special"]
    assert number_range_kind(Plate(PlateKind.FORCE, "", "1", "00")) is None


def test_service_series_and_doubtful_letters_are_flagged() -> None:
    assert Plate(PlateKind.CIVIL, "B", "1", "ZZP").is_service_series
    assert not Plate(PlateKind.CIVIL, "B", "1", "ABC").is_service_series
    assert Plate(PlateKind.CIVIL, "D", "1", "IO").has_doubtful_letter
