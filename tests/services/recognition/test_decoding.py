"""Decoding under the grammar: what comes out is a plate, and the plate that the reader saw."""

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.recognition.decoding import PlateDecoder
from app.services.reference.plates import PlateKind, parse_plate, region_codes

ALPHABET = ["", *string.digits, *string.ascii_uppercase, *string.ascii_lowercase, " ", "-", ".", "Ø", "|"]
DECODER = PlateDecoder(ALPHABET)


def plates(*, numbers: st.SearchStrategy[int], least_series: int) -> st.SearchStrategy[str]:
    return st.builds(
        lambda region, number, series: f"{region}{number}{series}",
        st.sampled_from(sorted(region_codes())),
        numbers,
        st.text(string.ascii_uppercase, min_size=least_series, max_size=3),
    )


def spelled(text: str, *, sure: float = 0.95) -> np.ndarray:
    """Probabilities of a reader that printed `text`, a gap after each character."""
    frames = [symbol for character in text for symbol in (character, "")]
    probabilities = np.full((len(frames), len(ALPHABET)), (1 - sure) / (len(ALPHABET) - 1), dtype=np.float32)
    for frame, symbol in enumerate(frames):
        probabilities[frame, ALPHABET.index(symbol)] = sure
    return probabilities


@given(plates(numbers=st.integers(1000, 9999), least_series=2))
@settings(max_examples=50, deadline=None)
def test_a_clearly_printed_plate_is_that_plate(plate: str) -> None:
    decoding = DECODER.decode(spelled(plate))
    assert decoding.hypotheses[0].plate == plate
    assert decoding.free_text == plate


@given(plates(numbers=st.integers(1, 9999), least_series=0))
@settings(max_examples=50, deadline=None)
def test_a_rare_short_plate_is_at_least_an_alternative(plate: str) -> None:
    """AA 1 is four strokes that are also A 4 I; the usual shape comes first, the other is not lost."""
    assert plate in [hypothesis.plate for hypothesis in DECODER.decode(spelled(plate)).hypotheses]


@given(st.text("".join(ALPHABET), max_size=12))
@settings(max_examples=50, deadline=None)
def test_whatever_is_printed_only_plates_come_out(text: str) -> None:
    decoding = DECODER.decode(spelled(text) if text else np.zeros((0, len(ALPHABET)), np.float32))
    for hypothesis in decoding.hypotheses:
        assert parse_plate(hypothesis.plate) is not None
    scores = [hypothesis.score for hypothesis in decoding.hypotheses]
    assert scores == sorted(scores, reverse=True)


def test_what_the_plate_font_looks_like_is_read_as_what_it_is() -> None:
    for printed, plate in [("8 I234 XY2", "B1234XYZ"), ("B 1Z34 AØ", "B1234AO"), ("D 9O4O EFG", "D9040EFG")]:
        assert DECODER.decode(spelled(printed)).hypotheses[0].plate == plate


@pytest.mark.parametrize(
    ("printed", "plate"),
    [
        ("RI 1", "RI1"),
        ("RI 42", "RI42"),
        ("CD 12 35", "CD12-35"),
        ("CC 123 5", "CC123-5"),
        ("CD 25 101", "CD25-101"),
        ("1234-00", "1234-00"),
        ("50072-15", "50072-15"),
        ("1234-V", "1234-V"),
        ("3045-XIV", "3045-XIV"),
    ],
)
def test_a_plate_without_a_region_code_is_not_forced_onto_one(printed: str, plate: str) -> None:
    decoding = DECODER.decode(spelled(printed))
    best = decoding.hypotheses[0]
    assert best.plate == plate
    parsed = parse_plate(plate)
    assert parsed is not None
    assert parsed.canonical == plate
    assert best.score - decoding.free_score > -8


def test_a_missions_number_without_its_gap_is_left_to_a_person() -> None:
    """CD1235 is 12 35 or 123 5 (plates tell them apart by the gap alone): both are told, and neither is sure."""
    first, second = DECODER.decode(spelled("CD1235")).hypotheses[:2]
    assert {first.plate, second.plate} == {"CD12-35", "CD123-5"}
    assert abs(first.score - second.score) < 0.7


@pytest.mark.parametrize("validity", ["03.28", "03-28", "12 30"])
def test_the_validity_below_the_number_is_no_police_plate(validity: str) -> None:
    kinds = {plate.kind for each in DECODER.decode(spelled(validity)).hypotheses if (plate := parse_plate(each.plate))}
    assert PlateKind.FORCE not in kinds


@given(plates(numbers=st.integers(100, 9999), least_series=1))
@settings(max_examples=50, deadline=None)
def test_a_civil_plate_stays_civil(plate: str) -> None:
    best = DECODER.decode(spelled(plate)).hypotheses[0]
    parsed = parse_plate(best.plate)
    assert parsed is not None
    assert parsed.kind is PlateKind.CIVIL


def test_words_on_a_shop_front_are_explained_badly() -> None:
    plate, words = DECODER.decode(spelled("B 1234 XYZ")), DECODER.decode(spelled("WARUNG MAKAN"))
    assert plate.hypotheses[0].score - plate.free_score > -1
    assert not words.hypotheses or words.hypotheses[0].score - words.free_score < -20


def test_a_second_reader_that_knows_plates_decides_what_the_first_one_doubts() -> None:
    first = spelled("AA1056OG", sure=0.6)
    ring = 2 * len("AA1056")
    first[ring, ALPHABET.index("Q")] = 0.1
    assert DECODER.decode(first).hypotheses[0].plate == "AA1056OG"
    symbols = " ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    second = np.full((len(first), len(symbols)), 0.001, dtype=np.float32)
    for frame, symbol in enumerate(character for letter in "AA1056QG" for character in (letter, " ")):
        second[frame, symbols.index(symbol)] = 0.96
    both = DECODER.decode(first, second)
    assert both.hypotheses[0].plate == "AA1056QG"
    assert "AA1056OG" in [hypothesis.plate for hypothesis in both.hypotheses]  # the officer sees the other one


def test_what_the_first_reader_is_sure_of_the_second_one_alone_does_not_undo() -> None:
    symbols = " ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    first = spelled("B1234XYZ", sure=0.999)
    unsure = np.full((len(first), len(symbols)), 1 / len(symbols), dtype=np.float32)
    assert DECODER.decode(first, unsure).hypotheses[0].plate == "B1234XYZ"
