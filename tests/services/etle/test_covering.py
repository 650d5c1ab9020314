"""The finders that are shipped, on a drawn street with a real face and seven plates: the case's own plate alone is left."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageStat

from app.core.house import House
from app.services import cameras, recognition
from app.services.documents import find_street_faces
from app.services.etle import shown
from app.services.etle.plates_seen import Seen
from app.services.etle.reading import Match, take_up
from app.services.registries import VehicleRegistry
from app.wiring import build_house
from tests import make
from tests.conftest import KEYS
from tests.services.documents import portraits
from tests.services.etle.test_expiry import with_files

Box = tuple[int, int, int, int]
READER = pytest.mark.skipif(not recognition.can_find_places(), reason="the extra [anpr] is not installed")
FACE_AT = (300, 300)


def street() -> tuple[bytes, list[Box]]:
    """A drawn photograph with the plate of another vehicle pasted in six times, small and large, and somebody's face."""
    picture = Image.open(io.BytesIO(make.photograph()))
    other = Image.open(io.BytesIO(make.photograph("D1357EFG", seed=2)))
    box, *_ = recognition.find_places(make.photograph("D1357EFG", seed=2))
    plate = other.crop((box.x_min - 6, box.y_min - 6, box.x_max + 6, box.y_max + 6))
    boxes = []
    for number in range(6):
        width = round(plate.width * (0.25 + 0.12 * number))
        small = plate.resize((width, round(plate.height * width / plate.width)), Image.Resampling.LANCZOS)
        at = (60 + 190 * number, 40 + 55 * (number % 2))
        picture.paste(small, at)
        boxes.append((*at, at[0] + small.width, at[1] + small.height))
    person, mask = portraits.sitter()
    shape = (150, 200)
    picture.paste(person.resize(shape, Image.Resampling.LANCZOS), FACE_AT, mask.resize(shape))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=93)
    return out.getvalue(), boxes


def detail(picture: bytes, box: Box) -> float:
    """How much of the patch changes from pixel to pixel, on average of 255."""
    patch = Image.open(io.BytesIO(picture)).convert("L").crop(box)
    shifted = patch.crop((1, 0, patch.width, patch.height)), patch.crop((0, 0, patch.width - 1, patch.height))
    one, two = (each.tobytes() for each in shifted)
    return sum(abs(a - b) for a, b in zip(one, two, strict=True)) / len(one)


@READER
@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_six_strangers_and_a_face_are_covered_though_the_reader_named_one_plate(house: House) -> None:
    shipped = build_house(house.settings, clock=house.clock, keys=KEYS)
    house = replace(house, parts={**house.parts, shown.Finders: shipped[shown.Finders]})
    await make.demo_set(house)
    picture, strangers = street()
    alone = await house[recognition.Recogniser].read(make.photograph())  # among so many plates it may name others
    own = next(each for each in alone.results if each.plate == make.PLATE)
    reading = recognition.Reading((own,), "names-one-plate", 1)
    taken = await with_files(house, picture)
    vehicle = await house[VehicleRegistry].find(make.PLATE)
    async with house.db.begin(make.SYSTEM) as tx:
        await take_up(tx, taken, Match((reading,), own, vehicle, doubtful=False))
    async with house.db.begin(make.SYSTEM) as tx:
        file = (await cameras.get_capture(tx.session, taken.id)).files[0]
    box = (own.box.x_min, own.box.y_min, own.box.x_max, own.box.y_max)
    _, row = await shown.make_shown(house, taken.id, 0, Seen(box, (), sure=True), make.PLATE)
    copy = await shown.open_shown(house, file, row, shown.PHOTO)
    assert row.plates >= 6
    assert row.faces >= 1
    for stranger in strangers:
        assert detail(copy, stranger) < 0.35 * detail(picture, stranger), stranger
    face = (FACE_AT[0] + 53, FACE_AT[1] + 25, FACE_AT[0] + 97, FACE_AT[1] + 75)
    assert any(x0 < FACE_AT[0] + 75 < x1 for x0, _, x1, _ in find_street_faces(Image.open(io.BytesIO(picture))))
    assert detail(copy, face) < 0.5 * detail(picture, face)
    assert detail(copy, box) > 0.8 * detail(picture, box), "the plate that the case is about stays"
    assert ImageStat.Stat(Image.open(io.BytesIO(copy))).mean[0] > 20
