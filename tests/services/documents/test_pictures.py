"""What is shown of a photograph: one plate, and nobody else's."""

import io
import random
import tracemalloc
from collections.abc import Sequence

import pytest
from PIL import Image, ImageDraw

from app.services.documents import CoveredScene, cover_scene, find_street_faces, measure_scene, thumbnail
from tests import make
from tests.services.documents import portraits

Box = tuple[int, int, int, int]
FACE_SHARE = 0.31  # of the sitter's width
OURS, THEIRS = (40, 40, 100, 60), (200, 120, 260, 140)


def scene() -> bytes:
    image = Image.new("RGB", (400, 240), "grey")
    draw = ImageDraw.Draw(image)
    for box in (OURS, THEIRS):
        for x in range(box[0], box[2], 6):
            draw.rectangle((x, box[1], x + 2, box[3]), fill="black")
            draw.rectangle((x + 3, box[1], x + 5, box[3]), fill="white")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_a_picture_of_any_shape_is_measured_in_no_more_pixels_than_it_has() -> None:
    assert measure_scene(scene()).sharpness > 0
    out = io.BytesIO()
    Image.linear_gradient("L").resize((20, 12_800)).save(out, "PNG")
    tracemalloc.start()
    slim = measure_scene(out.getvalue())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert slim.sharpness == 0
    assert abs(slim.brightness - 127.5) < 2
    assert most < 10 * 2**20


def contrast(data: bytes, box: tuple[int, int, int, int]) -> int:
    low, high = Image.open(io.BytesIO(data)).convert("L").crop(box).getextrema()
    return int(high) - int(low)


def cover(own: Box | None, *others: Box, faces: Sequence[Box] = ()) -> CoveredScene:
    return cover_scene(scene(), own, others, lambda _: faces)


def test_every_other_plate_becomes_unreadable_and_ours_stays() -> None:
    shown = cover(OURS, THEIRS)
    assert contrast(shown.photo, OURS) > 200
    assert contrast(shown.photo, THEIRS) < 60
    assert (shown.plates, shown.faces) == (1, 0)


def test_a_face_becomes_unreadable_and_never_takes_our_plate_with_it() -> None:
    shown = cover(OURS, faces=[THEIRS, (30, 20, 120, 80)])
    assert contrast(shown.photo, THEIRS) < 60
    assert contrast(shown.photo, OURS) > 200
    assert shown.faces == 2


def test_our_plate_read_twice_is_not_blurred_and_neighbours_touching_it_are() -> None:
    assert contrast(cover(OURS, (42, 41, 99, 59)).photo, OURS) > 200
    shown = cover(OURS, (90, 30, 300, 150)).photo
    assert contrast(shown, OURS) > 200
    assert contrast(shown, THEIRS) < 60


def test_without_a_plate_of_ours_all_are_blurred() -> None:
    shown = cover(None, OURS, THEIRS)
    assert contrast(shown.photo, OURS) < 60
    assert contrast(shown.photo, THEIRS) < 60
    assert shown.crop is None


def test_boxes_outside_the_picture_are_passed_over() -> None:
    shown = cover((900, 900, 950, 950), (-50, -50, -10, -10))
    assert contrast(shown.photo, OURS) > 200
    assert (shown.crop, shown.plates) == (None, 0)


def test_the_crop_takes_a_margin_and_stops_at_the_edge() -> None:
    def size(box: Box) -> tuple[int, int]:
        return Image.open(io.BytesIO(cover(box).crop or b"")).size

    assert size(OURS) == (90, 30)
    assert size((-20, -20, 30, 10)) == (42, 18)


def test_what_is_covered_cannot_be_worked_back() -> None:
    """Other characters on the plate, as light and as dark in each square: the picture that is shown is the very same."""
    plate, square = (200, 120, 280, 140), (26, 13)  # with its margin 104 by 26 pixels, in four by two squares
    one, other = (Image.open(io.BytesIO(scene())) for _ in range(2))
    chance = random.Random(1)
    for left in range(188, 292, square[0]):
        for y in range(117, 143):
            row = [(x, y) for x in range(left, left + square[0])]
            for place, colour in zip(row, chance.sample([one.getpixel(each) for each in row], len(row)), strict=True):
                other.putpixel(place, colour)
    shown = []
    for picture in (one, other):
        out = io.BytesIO()
        picture.save(out, "PNG")
        shown.append(cover_scene(out.getvalue(), OURS, [plate], lambda _: ()).photo)
    assert one.tobytes() != other.tobytes()
    assert shown[0] == shown[1]


@pytest.mark.parametrize("width", [30, 45, 120])
def test_a_face_in_the_street_is_found(width: int) -> None:
    person, mask = portraits.sitter()
    shape = (round(width / FACE_SHARE), round(width / FACE_SHARE * person.height / person.width))
    street = Image.open(io.BytesIO(make.photograph()))
    street.paste(person.resize(shape, Image.Resampling.LANCZOS), (300, 300), mask.resize(shape))
    middle = (300 + shape[0] * 0.5, 300 + shape[1] * 0.25)
    found = find_street_faces(street)
    assert any(x0 < middle[0] < x1 and y0 < middle[1] < y1 for x0, y0, x1, y1 in found), found


def test_a_thumbnail_is_small() -> None:
    assert Image.open(io.BytesIO(thumbnail(scene(), max_side=100))).size == (100, 60)
