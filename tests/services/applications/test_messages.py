"""A file that goes with a message is kept as papers are: sealed, and a picture without its place."""

import io

import httpx
from PIL import Image

from app.core.house import House
from app.services.registries import demo
from tests import make
from tests.applying import Desk, opened_unit
from tests.files import objects, phone_picture


async def test_a_picture_in_a_message_lies_sealed_and_says_not_where_it_was_taken(
    house: House, client: httpx.AsyncClient
) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    path, before = f"/v1/applications/{(await desk.draft('skck-new'))['id']}/messages", await objects(house)
    key = desk.key()

    async def write(picture: bytes) -> httpx.Response:
        files = {"file": ("rumah.png", picture, "image/png")}
        return await client.post(path, headers=key, data={"text": "Ini rumah saya"}, files=files)

    sent = await write(phone_picture("PNG"))
    assert (sent.status_code, sent.json()["file"]["media_type"]) == (201, "image/jpeg"), sent.text
    there = await objects(house)
    (sealed,) = [data for name, data in there.items() if name not in before]
    assert not any(clear in sealed for clear in (b"MARKER", b"Exif", b"PNG", b"\xff\xd8\xff"))
    opened = await client.get(f"{path}/{sent.json()['id']}/file", headers=desk.headers)
    assert b"MARKER" not in opened.content
    shown = Image.open(io.BytesIO(opened.content))
    assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (320, 200), {})
    assert (await write(phone_picture("PNG"))).json() == sent.json()
    assert len((await desk.get(path))["messages"]) == 1
    assert (await write(phone_picture("PNG", shade=10))).json()["code"] == "idempotency-key-reused"
