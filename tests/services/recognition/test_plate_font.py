"""The network that knows the plates' lettering: the file that was measured, and what it is worth on plates it never saw."""

import hashlib

import pytest

from app.sandbox.plate_lines import drawn_line
from app.services.recognition.decoding import PlateDecoder
from app.services.recognition.networks import PLATE_FONT, LineReader, PlateFont, WeightsMissing

DIGEST = "9b5d85fc730b30c1b5d98e82cd02ab99692b1cd9eba08d076b9335b81d88b987"
"""Of the file whose figures stand in docs/plate-reader.md. Train again, measure again, then change it."""

LINES = 150


def test_the_file_is_the_one_that_was_measured_and_is_small() -> None:
    weights = PLATE_FONT.read_bytes()
    assert hashlib.sha256(weights).hexdigest() == DIGEST
    assert len(weights) < 1_000_000


def test_drawn_plates_it_never_saw_are_read_better_with_it() -> None:
    reader = LineReader(threads=1)
    font = PlateFont(reader.alphabet, threads=1)
    decoder = PlateDecoder(reader.alphabet, font.symbols)
    lines = [line for line in map(drawn_line, range(LINES)) if line.text]
    alone = together = 0
    for line in lines:
        ((_, beliefs),) = reader.probabilities([line.strip])
        for taught in (None, font.beliefs(beliefs)):
            best = next(iter(decoder.decode(beliefs, taught).hypotheses), None)
            right = best is not None and best.plate == line.text
            alone, together = (alone + right, together) if taught is None else (alone, together + right)
    assert together / len(lines) > 0.65
    assert together >= alone + 4


def test_weights_of_another_reader_are_refused() -> None:
    with pytest.raises(WeightsMissing, match="train it again"):
        PlateFont(["", "a", "b"], threads=1)
