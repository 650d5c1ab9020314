"""Which plate in a picture is the case's own: by what was read, not by what the machine ranked first."""

from typing import Any

import pytest

from app.services.etle.plates_seen import Seen, plates_seen

SMALL, LARGE, OTHER = (10, 10, 60, 30), (100, 100, 300, 160), (400, 10, 440, 30)
PLATE = "B2911XYZ"


def line(plate: str, box: tuple[int, ...], *, file: int = 0, alternatives: tuple[str, ...] = ()) -> dict[str, Any]:
    others = [[each, 0.4] for each in alternatives]
    return {"file": file, "plate": plate, "raw": plate, "confidence": 0.9, "box": list(box), "alternatives": others}


def seen(*lines: dict[str, Any], pictures: int = 1, read: tuple[int, ...] = (0,)) -> tuple[Seen | None, ...]:
    return plates_seen({"results": list(lines), "files_read": list(read)}, pictures, PLATE)


def boxes(found: Seen | None) -> tuple[object, object, bool]:
    assert found is not None
    return found.own, found.others, found.sure


@pytest.mark.parametrize(
    ("lines", "own", "others", "sure"),
    [
        ([line("D1357EFG", LARGE), line(PLATE, SMALL)], SMALL, (LARGE,), True),
        ([line("D1357EFG", LARGE), line("B2911XY2", SMALL, alternatives=(PLATE,))], SMALL, (LARGE,), True),
        ([line("D1357EFG", LARGE), line("B29I1XYZ", SMALL)], SMALL, (LARGE,), True),  # the grammar knows the misreading
        ([line("D1357EFG", LARGE), line("B2811XYZ", SMALL)], SMALL, (LARGE,), True),  # 2811 for 2911
        ([line("D1357EFG", SMALL), line("AB12CD", LARGE)], LARGE, (SMALL,), False),
        ([line(PLATE, SMALL), line(PLATE, LARGE)], SMALL, (), True),  # the number on a lorry's side is its own as well
        ([], None, (), False),
    ],
)
def test_the_line_that_is_the_cases_plate_is_kept(
    lines: list[dict[str, Any]], own: object, others: object, sure: bool
) -> None:
    assert boxes(seen(*lines)[0]) == (own, others, sure)


def test_where_another_picture_shows_the_plate_a_stranger_is_not_kept_for_it() -> None:
    first, second = seen(line("D1357EFG", LARGE), line(PLATE, SMALL, file=1), pictures=2, read=(0, 1))
    assert boxes(first) == (None, (LARGE,), False)
    assert boxes(second) == (SMALL, (), True)


def test_a_picture_that_nobody_looked_at_is_not_known() -> None:
    assert seen(line(PLATE, SMALL), pictures=2)[1] is None
    old = {"results": [{**line(PLATE, SMALL)}]}
    del old["results"][0]["file"]
    assert [each is None for each in plates_seen(old, 2, PLATE)] == [False, True], "a reading of an earlier version"
    assert plates_seen(None, 1, PLATE) == (Seen(None, ()),), "a ticket carries its recording, whatever was read"
