"""Several readings of one plate, and readings from which a piece is missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.recognition.calibration import OF_CHARACTERS, OF_PLATES
from app.services.recognition.decoding import Decoding, Hypothesis
from app.services.recognition.lines import Line, widened
from app.services.recognition.plate_reader import _completed
from app.services.recognition.read_lines import ReadLine, agreed
from app.services.recognition.reading import Box


def line(left: float = 100, top: float = 100, right: float = 300, bottom: float = 150) -> Line:
    return Line(np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32), 0.9)


def read(text: str, *hypotheses: tuple[str, float], where: Line | None = None) -> ReadLine:
    found = tuple(Hypothesis(plate, score) for plate, score in hypotheses)
    return ReadLine(where or line(), Decoding(found, 0.0, text, 0.9))


def box_of(each: ReadLine) -> Box:
    (left, top), (right, bottom) = each.line.quad.min(axis=0), each.line.quad.max(axis=0)
    return Box(int(left), int(top), int(right), int(bottom))


def decided(*found: ReadLine) -> list[ReadLine]:
    ranked = sorted(found, key=lambda each: -each.rank)
    return agreed(ranked, [box_of(each) for each in ranked])


def test_what_several_readings_of_one_place_say_counts_more_than_what_one_says() -> None:
    first = read("8 5829 KJ", ("B5829KJ", -0.60), ("N5829KJ", -0.62))
    second = read("N 5829 KJ", ("N5829KJ", -0.70), where=line(top=102))
    best = decided(first, second)[0]
    assert best.plate == "N5829KJ"
    assert "B5829KJ" in [each.plate for each in best.decoding.hypotheses]
    assert best.share == pytest.approx((0.495 + 0.951) / 1.951, abs=0.02)


def test_a_reading_of_another_place_has_no_vote() -> None:
    first = read("8 5829 KJ", ("B5829KJ", -0.60), ("N5829KJ", -0.62))
    elsewhere = read("N 5829 KJ", ("N5829KJ", -0.65), where=line(top=300, bottom=350))
    assert [each.plate for each in decided(first, elsewhere)] == ["B5829KJ", "N5829KJ"]


def test_a_poor_reading_does_not_outvote_a_good_one() -> None:
    good = read("B 1234 XYZ", ("B1234XYZ", -0.2))
    poor = [read("B 1Z34 XY", ("B1234XY", -6.0), where=line(top=100 + shift)) for shift in range(1, 5)]
    assert decided(good, *poor)[0].plate == "B1234XYZ"


def test_votes_leave_a_lone_reading_as_it_is() -> None:
    lone = read("B 1234 XYZ", ("B1234XYZ", -0.2), ("B1234XY2", -3.0))
    best = decided(lone)[0]
    assert best.belief == pytest.approx(lone.belief)
    assert best.characters() == pytest.approx(lone.characters())


def test_characters_that_nobody_printed_make_no_plate() -> None:
    assert read("", ("B8K", -1.0)).is_invented
    assert read("E2", ("D82Z", -1.0)).is_invented
    assert not read("B 123 XYZ", ("B1234XYZ", -1.0)).is_invented


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("1019 AJ", (1.8, 0.0)),
        ("1021 ~HU", (1.8, 0.0)),
        ("AA 1744", (0.0, 1.8)),
        ("1801", (1.8, 1.8)),
        ("B 1234 XYZ", None),
        ("HONDA", None),
        ("05-27", None),
        ("12.28", None),
        ("4", None),
        ("", None),
    ],
)
def test_a_number_without_its_letters_was_cut(text: str, ends: tuple[float, float] | None) -> None:
    """A civil plate begins with its region code, and nearly every one ends with a series."""
    completed = _completed(read(text))
    if ends is None:
        assert completed is None
    else:
        assert completed is not None
        left, right = ends
        assert completed.quad[0].tolist() == pytest.approx([100 - left * 50, 100])
        assert completed.quad[2].tolist() == pytest.approx([300 + right * 50, 150])


def test_a_leaning_line_is_widened_along_itself() -> None:
    leaning = Line(np.array([[100, 100], [260, 220], [230, 260], [70, 140]], np.float32), 0.9)
    wider = widened(leaning, left=1.0, right=0.0)
    assert wider.quad[0].tolist() == pytest.approx([60, 70])
    assert wider.height == pytest.approx(leaning.height)
    assert wider.width == pytest.approx(leaning.width + leaning.height)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_belief_is_never_less_confidence_and_never_certainty(one: float, other: float) -> None:
    for calibration in (OF_PLATES, OF_CHARACTERS):
        low, high = sorted((one, other))
        assert 0 < calibration(low) <= calibration(high) < 1
