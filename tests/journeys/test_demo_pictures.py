"""The demonstration's first story with a picture that somebody brings along: also one that no machine can read."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pillow_heif
import pytest
from PIL import Image

from app.cli import demo, demo_set
from app.core.config import Settings
from app.sandbox.any_picture import as_sent_by_a_camera
from app.sandbox.photographs import draw_photograph
from app.sandbox.story import PatientTransport, Story
from app.wiring import build_house
from tests.ops.server import Server


def a_wall() -> bytes:
    """A blank wall, as an old program writes it."""
    out = io.BytesIO()
    Image.effect_noise((800, 600), 8).convert("RGB").save(out, "BMP")
    return out.getvalue()


def a_phones() -> bytes:
    """A photograph in the format in which a phone keeps it."""
    out = io.BytesIO()
    drawn = Image.open(io.BytesIO(draw_photograph("B1357QRS", seed=11)))
    pillow_heif.from_pillow(drawn).save(out, quality=90)
    return out.getvalue()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("demo")
    database = home / "loket.db"
    database.write_bytes(sqlite_template.read_bytes())
    with Server(home, f"sqlite:///{database}") as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("image", "words"),
    [(a_wall(), "the case will go the way of the person"), (a_phones(), "the machine reads B1357QRS")],
    ids=["nobody-can-read", "foreign-format"],
)
async def test_the_story_goes_through_with_any_picture(server: Server, image: bytes, words: str) -> None:
    said: list[str] = []
    settings = Settings(_env_file=None, home=server.home, database_url=server.database_url, public_url=server.url)
    house = build_house(settings)
    try:
        made = await demo_set.seed(house)
        async with httpx.AsyncClient(base_url=server.url, timeout=60, transport=PatientTransport()) as client:
            story = Story(client, demo._House(house, client, made), lambda _who, what: said.append(what))
            await demo._paid(story, as_sent_by_a_camera(image), house)
    finally:
        await house.close()
    assert any(words in each for each in said), said
    assert any("the proof verifies offline" in each for each in said)
