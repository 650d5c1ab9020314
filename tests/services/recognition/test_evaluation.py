"""The figures of an evaluation, by hand."""

import pytest

from app.core.problems import UPSTREAM_UNAVAILABLE, Problem
from app.services.recognition import (
    NO_HINTS,
    PICTURE_NOT_READABLE,
    RECOGNISER_BUSY,
    RECOGNISER_REFUSED,
    Box,
    Hints,
    PlateReading,
    Reading,
)
from app.services.recognition.evaluation import Labelled, Measured, Share, evaluate, measure, promise


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


def test_a_threshold_is_promised_by_plates_that_it_was_not_sought_on() -> None:
    sure = [measured(f"B{number}A", f"B{number}A", 0.9) for number in range(1, 41)]
    unsure = [measured(f"D{number}A", f"D{number}A" if number % 2 else "D9B", 0.5) for number in range(1, 41)]
    told = promise(0.99, [*sure, *unsure])
    assert told.threshold == 0.9
    assert (told.coverage.count, told.coverage.of, told.precision.count) == (40, 80, 40)
    # One plate alone has a wrong reading that is surer than all: sought without it the threshold lets it pass, and that is told.
    told = promise(0.99, [*sure, measured("Z1Z", "Z7Z", 0.95)])
    assert told.threshold is None
    assert (told.precision.count, told.precision.of) == (8, 9)


def test_nothing_is_promised_of_a_reader_that_is_always_wrong() -> None:
    told = promise(0.95, [measured(f"B{number}A", "D1A") for number in range(1, 11)])
    assert (told.threshold, told.coverage.count, told.precision.of) == (None, 0, 0)


class Answers:
    """A recogniser that goes through its problems and then reads."""

    def __init__(self, *problems: Problem) -> None:
        self.problems, self.asked = list(problems), 0

    decodes_elsewhere = False

    async def warm_up(self) -> None: ...

    async def aclose(self) -> None: ...

    async def read(self, image: bytes, hints: Hints = NO_HINTS) -> Reading:
        self.asked += 1
        if self.problems:
            raise self.problems.pop(0)
        return Reading((PlateReading("B1A", 0.9, Box(0, 0, 9, 9), "id", (), "B1A"),), "mine", 1)


async def test_a_refused_picture_counts_as_not_read_and_an_absent_reader_as_nothing_at_all() -> None:
    label = Labelled("a.jpg", "b 1 a")
    assert (await measure(Answers(), label, b"")).exact
    refused = await measure(Answers(PICTURE_NOT_READABLE()), label, b"")
    assert (refused.read, refused.problem) == ("", "recognition-picture-not-readable")
    for away in (UPSTREAM_UNAVAILABLE(name="mine"), RECOGNISER_REFUSED(name="mine", status=401)):
        with pytest.raises(Problem) as told:
            await measure(Answers(away), label, b"")
        assert told.value is away


async def test_a_reader_that_asks_for_patience_gets_it_for_a_while() -> None:
    busy = [RECOGNISER_BUSY(retry_after=0, headers={"Retry-After": "0"}) for _ in range(9)]
    patient, hopeless = Answers(*busy[:5]), Answers(*busy)
    assert (await measure(patient, Labelled("a.jpg", "B1A"), b"")).exact
    with pytest.raises(Problem) as full:
        await measure(hopeless, Labelled("a.jpg", "B1A"), b"")
    assert (patient.asked, hopeless.asked, full.value.type) == (6, 6, RECOGNISER_BUSY)
