"""Decoding under the grammar: what comes out is a plate, and the plate that the reader saw."""

import string

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.recognition.decoding import PlateDecoder
from app.services.reference.plates import parse_plate, region_codes

ALPHABET = ["", *string.digits, *string.ascii_uppercase, *string.ascii_lowercase, " ", "Ø", "|"]
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
