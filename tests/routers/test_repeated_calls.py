"""A call that comes again because its answer was lost: it has the effect of one, and gets an answer that it can go on with."""

import httpx
import pytest
from sqlalchemy import func, select

from app.core.house import House
from app.core.once import KeptAnswer
from app.services.applications.models import ApplicationDocument
from app.services.registries import demo
from tests import make
from tests.applying import Desk, opened_unit, paper
from tests.drain import drain
from tests.files import objects


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.BUDI).sign_in()


async def count(house: House, model: type) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def test_a_change_of_the_draft_comes_again(desk: Desk) -> None:
    draft = await desk.draft("skck-new")
    path, body = f"/v1/applications/{draft['id']}", {"form": {"occupation": "Guru"}}
    headers = desk.key() | {"If-Match": f'"{draft["version"]}"', "Content-Type": "application/merge-patch+json"}
    first = await desk.client.patch(path, json=body, headers=headers)
    assert first.status_code == 200, first.text
    again = await desk.client.patch(path, json=body, headers=headers)
    assert (again.status_code, again.headers["etag"]) == (200, first.headers["etag"]), "not 412 for its own change"
    other = {**headers, "Idempotency-Key": "lain"}
    more = {"form": {"occupation": "Guru", "birth_place": "Bogor"}}
    assert (await desk.client.patch(path, json=more, headers=other)).status_code == 412
    reused = await desk.client.patch(path, json={"form": {"occupation": "Dosen"}}, headers=headers)
    assert reused.json()["code"] == "idempotency-key-reused"


async def test_who_got_no_answer_and_sends_no_key_hears_that_it_is_done(desk: Desk) -> None:
    draft = await desk.draft("skck-new")
    path, body = f"/v1/applications/{draft['id']}", {"form": {"occupation": "Guru", "birth_place": None}}
    headers = desk.headers | {"If-Match": f'"{draft["version"]}"', "Content-Type": "application/merge-patch+json"}
    first = await desk.client.patch(path, json=body, headers=headers)
    again = await desk.client.patch(path, json=body, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["etag"] == first.headers["etag"] != headers["If-Match"]
    assert again.json()["form"] == first.json()["form"]
    for stale in (
        {"form": {"occupation": "Dosen"}},
        {"form": {}},
        {"form": {"occupation": "Guru"}, "exemption": "poor"},
    ):
        assert (await desk.client.patch(path, json=stale, headers=headers)).status_code == 412


async def test_a_paper_comes_again_and_late(desk: Desk) -> None:
    draft = await desk.draft("skck-new")
    wanted = next(each for each in draft["documents"] if each["rule"] is None)
    path = f"/v1/applications/{draft['id']}/documents/{wanted['name']}"

    async def put(data: bytes, headers: dict[str, str]) -> httpx.Response:
        return await desk.client.put(path, headers=headers, files={"file": ("a.jpg", data, "image/jpeg")})

    old, new, key = paper(wanted["name"]), make.photograph(seed=5), desk.key()
    first = await put(old, key)
    assert first.status_code == 200, first.text
    there = await objects(desk.house)
    assert (await put(old, key)).json() == first.json()
    assert await objects(desk.house) == there
    assert (await put(old, desk.headers)).json() == first.json(), "the same bytes, without a key"
    await drain(desk.house)
    assert await objects(desk.house) == there
    better = await put(new, desk.key())
    assert better.status_code == 200, better.text
    assert (await put(old, key)).json() == first.json(), "the first one, late, does not push the better one out"
    assert await count(desk.house, ApplicationDocument) == 2


async def test_what_is_kept_for_a_repeated_call_cannot_be_read(desk: Desk) -> None:
    draft = await desk.draft("skck-new", occupation="Pembuat perahu")
    written = await desk.post(f"/v1/applications/{draft['id']}/messages", {"text": "Rumah saya biru"}, status=201)
    await desk.post(f"/v1/applications/{draft['id']}/copies", {"forms": [{}]}, status=201)
    async with desk.house.db.read() as connection:
        rows = [str(row) for row in await connection.execute(select(KeptAnswer.__table__))]  # type: ignore[attr-defined]
    assert len(rows) == 3
    for clear in ("Pembuat perahu", written["text"], draft["reference"], draft["form"]["address"]):
        assert not any(clear in row for row in rows), clear
