"""What is shown of a photograph: one plate, and nobody else's."""

import io
import tracemalloc

import pytest
from PIL import Image, ImageDraw

from app.core.problems import Problem
from app.services.documents import blur_except, crop, measure_scene, thumbnail

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


def test_every_other_plate_becomes_unreadable_and_ours_stays() -> None:
    shown = blur_except(scene(), OURS, [THEIRS])
    assert contrast(shown, OURS) > 200
    assert contrast(shown, THEIRS) < 60


def test_our_plate_read_twice_is_not_blurred_and_neighbours_touching_it_are() -> None:
    assert contrast(blur_except(scene(), OURS, [(42, 41, 99, 59)]), OURS) > 200
    shown = blur_except(scene(), OURS, [(90, 30, 300, 150)])
    assert contrast(shown, OURS) > 200
    assert contrast(shown, THEIRS) < 60


def test_without_a_plate_of_ours_all_are_blurred() -> None:
    shown = blur_except(scene(), None, [OURS, THEIRS])
    assert contrast(shown, OURS) < 60
    assert contrast(shown, THEIRS) < 60


def test_boxes_outside_the_picture_are_passed_over() -> None:
    assert contrast(blur_except(scene(), (900, 900, 950, 950), [(-50, -50, -10, -10)]), OURS) > 200


def test_crop_takes_a_margin_and_stops_at_the_edge() -> None:
    assert Image.open(io.BytesIO(crop(scene(), OURS, 0.5))).size == (120, 40)
    assert Image.open(io.BytesIO(crop(scene(), (-20, -20, 30, 10), 0))).size == (30, 10)


@pytest.mark.parametrize("box", [(500, 10, 600, 20), (10, 10, 10, 10), (50, 50, 20, 20)])
def test_a_box_that_misses_the_picture_is_a_problem(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(Problem) as caught:
        crop(scene(), box, 0)
    assert caught.value.type.code == "documents-box-outside-image"


def test_a_thumbnail_is_small() -> None:
    assert Image.open(io.BytesIO(thumbnail(scene(), max_side=100))).size == (100, 60)
