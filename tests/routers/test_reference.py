"""Units and violations over HTTP: whole, by pages, and cheap to ask again."""

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import reference
from app.services.reference.files import read_file
from app.services.reference.tables import UNITS


async def test_all_units_come_by_pages(client: httpx.AsyncClient) -> None:
    codes: list[str] = []
    after: str | None = ""
    while after is not None:
        answer = await client.get("/v1/units", params={"limit": 200, **({"after": after} if after else {})})
        assert answer.status_code == 200
        body = answer.json()
        codes += [unit["code"] for unit in body["items"]]
        after = body["next"]
    assert len(codes) == len(set(codes)) == 549
    assert codes == sorted(codes)


async def test_the_last_page_has_no_next_even_when_it_is_full(client: httpx.AsyncClient) -> None:
    of_diy = (await client.get("/v1/units", params={"polda": "DIY"})).json()
    assert len(of_diy["items"]) == 6
    full = (await client.get("/v1/units", params={"polda": "DIY", "limit": 6})).json()
    assert full["next"] is None


async def test_units_can_be_searched_by_seat(client: httpx.AsyncClient) -> None:
    body = (await client.get("/v1/units", params={"name": "sleman", "level": "POLRES"})).json()
    assert [(unit["name"], unit["polda"], unit["zone"]) for unit in body["items"]] == [
        ("Polresta Sleman", "DIY", "WIB")
    ]


async def test_violations_speak_the_caller_s_language(client: httpx.AsyncClient) -> None:
    for language, title in (("id", "Menerobos lampu merah (APILL)"), ("en", "Running a red light")):
        answer = await client.get("/v1/violations", headers={"Accept-Language": language})
        by_code = {item["code"]: item for item in answer.json()["items"]}
        assert len(by_code) == 42
        assert by_code["287-2-APILL"]["title"] == title
        assert by_code["287-2-APILL"]["max_fine"] == {"amount": 500_000, "currency": "IDR"}


@pytest.mark.parametrize("path", ["/v1/units", "/v1/violations"])
async def test_who_holds_the_newest_version_gets_it_not_again(
    client: httpx.AsyncClient, house: House, path: str
) -> None:
    first = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]

    renamed = (await reference_text("units.csv")).replace("Polresta Sleman", "Polresta Sleman Baru")
    async with house.db.begin(SYSTEM) as tx:
        await reference.apply(tx, read_file(UNITS, "units.csv", renamed.encode()))
    changed = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "after=%00", "after=bm9wZQ%3D%3D%3D!", "after=AA", "level=POLSEK", "polda=%00",
     "name=%00", "name=" + "x" * 101],
)  # fmt: skip
async def test_a_wrong_question_is_refused_as_one(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/v1/units?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


async def reference_text(name: str) -> str:
    path = reference.__file__.split("/services/")[0] + f"/data/reference/{name}"
    with open(path, encoding="utf-8") as file:
        return file.read()
