"""The figures of an evaluation, by hand."""

import pytest

from app.core.problems import UPSTREAM_UNAVAILABLE, Problem
from app.services.recognition import (
    NO_HINTS,
    RECOGNISER_REFUSED,
    Box,
    Hints,
    PlateReading,
    Reading,
)
from app.services.recognition.evaluation import Labelled, Measured, Share, evaluate, measure


def measured(plate: str, read: str, confidence: float = 0.9, ms: float = 1) -> Measured:
    return Measured(f"{plate}.jpg", "all", plate, read, confidence, ms)


@pytest.mark.parametrize(
    ("count", "of", "interval"),
    [(0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (81, 263, (0.2553, 0.3662)), (0, 0, (0.0, 1.0))],
)
def test_the_interval_is_wilsons(count: int, of: int, interval: tuple[float, float]) -> None:
    """81 of 263: the example in R. G. Newcombe, Statistics in Medicine 17 (1998), method 3."""
    assert Share(count, of).interval == pytest.approx(interval, abs=5e-5)


def test_figures_of_a_small_set() -> None:
    figures = evaluate(
        "mine",
        [
            measured("B1234XYZ", "B1234XYZ", 0.95, ms=30),
            measured("B1234XYZ", "B1Z34XY", 0.97, ms=10),
            measured("D2D", "", 0.0, ms=20),
            measured("D2D", "D2D", 0.4, ms=400),
        ],
    )
    assert (figures.exact.count, figures.exact.of, figures.nothing_read) == (2, 4, 1)
    assert figures.character_error_rate == pytest.approx((2 + 3) / (8 + 8 + 3 + 3))
    assert (figures.ms_p50, figures.ms_p95) == (20, 400)
    at = {each.threshold: (each.coverage.count, each.precision.count, each.precision.of) for each in figures.thresholds}
    assert (at[0.0], at[0.4], at[0.5]) == ((3, 2, 3), (3, 2, 3), (2, 1, 2))
    assert [each.read for each in figures.worst] == ["B1Z34XY", ""]  # the mistake that would pass unseen comes first


async def test_a_refused_picture_counts_as_not_read_and_an_absent_reader_as_nothing_at_all() -> None:
    class Answers:
        problem: Problem | None = None

        async def warm_up(self) -> None: ...

        async def aclose(self) -> None: ...

        async def read(self, image: bytes, hints: Hints = NO_HINTS) -> Reading:
            if self.problem:
                raise self.problem
            return Reading((PlateReading("B1A", 0.9, Box(0, 0, 9, 9), "id", (), "B1A"),), "mine", 1)

    reader, label = Answers(), Labelled("a.jpg", "b 1 a")
    assert (await measure(reader, label, b"")).exact
    reader.problem = RECOGNISER_REFUSED(name="mine", status=403)
    refused = await measure(reader, label, b"")
    assert (refused.read, refused.problem) == ("", "recognition-refused")
    reader.problem = UPSTREAM_UNAVAILABLE(name="mine")
    with pytest.raises(Problem):
        await measure(reader, label, b"")
