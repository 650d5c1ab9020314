"""The service catalogue over HTTP: cheap to ask again, whole in both languages; and units that arrange their offers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.texts import Text
from app.main import create_app
from app.services import catalogue, reference
from app.services.identity.roles import Role
from app.services.reference.files import read_file
from app.services.reference.tables import FEES
from tests import make
from tests.conftest import open_house

FOLDER = Path(__file__).parents[1] / "data" / "catalogue_extra"
POLRES = "PMJ-POLRESTRO-JAKARTA-PUSAT"
ENGLISH = {"Accept-Language": "en"}
CODES = [
    "sim-international", "sim-new", "sim-renewal", "sim-replacement", "sim-upgrade", "skck-new", "skck-renewal",
    "stnk-annual", "stnk-new", "stnk-renewal", "stnk-replacement", "stnk-sale-report", "stnk-transfer",
]  # fmt: skip


async def test_the_list_has_every_service_with_its_price(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/services", headers=ENGLISH)
    assert answer.status_code == 200
    items = {item["code"]: item for item in answer.json()["items"]}
    assert sorted(items) == CODES
    assert items["stnk-annual"]["price"]["to"] == {"amount": 0, "currency": "IDR"}
    assert items["skck-new"]["price"]["from"]["amount"] == 30_000
    assert items["skck-new"]["must_come"] is True
    assert items["sim-renewal"]["family"] == "sim"
    in_indonesian = (await client.get("/v1/services")).json()["items"]
    assert {item["code"]: item["title"] for item in in_indonesian}["sim-renewal"] == "Perpanjangan SIM"


@pytest.mark.parametrize("path", ["/v1/services", "/v1/services/sim-renewal", "/v1/services/sim-renewal/standard"])
async def test_who_holds_the_newest_version_gets_it_not_again(
    client: httpx.AsyncClient, house: House, path: str
) -> None:
    first = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    data = Path(reference.__file__).parents[2] / "data" / "reference" / "pnbp_fees.csv"
    dearer = data.read_text().replace("A renewal (perpanjangan),80000", "A renewal (perpanjangan),85000")
    async with house.db.begin(SYSTEM) as tx:
        await reference.apply(tx, read_file(FEES, "pnbp_fees.csv", dearer.encode()))
    changed = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200, "a tariff has changed"
    if path == "/v1/services":
        price = next(item for item in changed.json()["items"] if item["code"] == "sim-renewal")["price"]
        assert price["to"]["amount"] == 85_000


async def test_every_service_says_all_that_is_needed_before_beginning(client: httpx.AsyncClient) -> None:
    for code in CODES:
        body = (await client.get(f"/v1/services/{code}", headers=ENGLISH)).json()
        Draft202012Validator.check_schema(body["form"])
        asked = [name for section in body["form"]["x-sections"] for name in section["fields"]]
        assert asked == list(body["form"]["properties"])
        assert body["law"], code
        assert body["steps"], code
        assert body["offer"] is None
        price = body["price"]
        for example in price["examples"]:
            assert example["total"]["amount"] == sum(fee["amount"]["amount"] for fee in example["fees"])
            assert price["from"]["amount"] <= example["total"]["amount"] <= price["to"]["amount"]
        standard = (await client.get(f"/v1/services/{code}/standard")).json()
        assert "".join(each["letter"] for each in standard["components"]) == "abcdefghijklmn"
        assert all(each["says"] for each in standard["components"])


async def test_a_unit_s_suspension_is_told_with_the_service(client: httpx.AsyncClient, house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        unit = await reference.unit(tx.session, POLRES)
        await catalogue.suspend(tx, unit, "sim-renewal", Text("Server dirawat.", "Being serviced."), None)
    there = await client.get("/v1/services/sim-renewal", params={"unit": POLRES}, headers=ENGLISH)
    assert there.json()["offer"] == {
        "unit": POLRES, "state": "suspended", "from": "2026-01-01", "target": "2026-12-31", "suspended_until": None,
        "notice": "Being serviced.",
    }  # fmt: skip
    elsewhere = (await client.get("/v1/services/sim-renewal", params={"unit": "PMJ"})).json()
    assert elsewhere["offer"]["state"] == "not_offered"
    again = await client.get(
        "/v1/services/sim-renewal", params={"unit": POLRES}, headers={**ENGLISH, "If-None-Match": there.headers["etag"]}
    )
    assert again.status_code == 304


async def test_units_that_offer_a_service_come_by_pages(client: httpx.AsyncClient, house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        unit = await reference.unit(tx.session, POLRES)
        await catalogue.offer(tx, unit, "sim-renewal", None)
    codes: list[str] = []
    after: str | None = ""
    while after is not None:
        query = {"limit": 200, **({"after": after} if after else {})}
        body = (await client.get("/v1/services/sim-renewal/units", params=query)).json()
        codes += [item["code"] for item in body["items"]]
        after = body["next"]
    assert len(codes) == 507
    assert codes == sorted(codes)
    assert POLRES not in codes
    mabes = (await client.get("/v1/services/sim-international/units")).json()
    assert "KORLANTAS" in [item["code"] for item in mabes["items"]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/services/nothing", 404), ("/v1/services/nothing/standard", 404), ("/v1/services/nothing/units", 404),
        ("/v1/services/NOTHING", 422), ("/v1/services/%00", 422), ("/v1/services/sim-new?unit=NOWHERE", 404),
        ("/v1/services/sim-new?unit=%00", 422), ("/v1/services/sim-new/units?after=x", 422),
    ],
)  # fmt: skip
async def test_a_wrong_question_is_refused_as_one(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.fixture
async def extra_client(sqlite_template: Path, tmp_path: Path, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a house with a directory of services of its own."""
    (tmp_path / "loket.db").write_bytes(sqlite_template.read_bytes())
    async with open_house(f"sqlite:///{tmp_path / 'loket.db'}", tmp_path, clock, catalogue=FOLDER) as house:
        transport = httpx.ASGITransport(app=create_app(house), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
            yield made


async def test_a_file_dropped_into_the_directory_is_a_service(extra_client: httpx.AsyncClient) -> None:
    items = (await extra_client.get("/v1/services")).json()["items"]
    assert len(items) == 14
    service = (await extra_client.get("/v1/services/band-permit")).json()
    assert service["form"]["properties"]["band_name"]["maxLength"] == 300
    assert service["price"]["words"] == "Rp0"


def change(**changes: Any) -> dict[str, Any]:
    body = {"unit": POLRES, "service": "sim-renewal", "from": "2026-01-01", "target": "2026-12-31"}
    return {**body, **changes}


async def test_a_supervisor_of_the_polda_arranges_its_units_offers(client: httpx.AsyncClient, house: House) -> None:
    await make.demo_set(house)
    supervisor = await make.staff_headers(house, Role.SUPERVISOR)
    suspended = {"until": "2026-03-05", "notice": {"id": "Server dirawat.", "en": "Being serviced."}}
    put = await client.put(
        "/v1/counter/offers", json=change(suspended=suspended), headers={**supervisor, "Idempotency-Key": "k1"}
    )
    assert put.status_code == 200, put.text
    assert (put.json()["state"], put.json()["suspended_until"]) == ("suspended", "2026-03-05")
    again = await client.put(
        "/v1/counter/offers", json=change(suspended=suspended), headers={**supervisor, "Idempotency-Key": "k1"}
    )
    assert again.json() == put.json()

    listed = await client.get("/v1/counter/offers", params={"unit": POLRES}, headers=supervisor)
    by_code = {each["service"]: each for each in listed.json()["offers"]}
    assert by_code["sim-renewal"]["notice"]["en"] == "Being serviced."
    assert by_code["sim-renewal"]["own"] is True
    assert by_code["stnk-annual"]["own"] is False
    own = (await client.get("/v1/counter/offers", headers=supervisor)).json()
    assert own["unit"] == "PMJ"

    resumed = await client.put("/v1/counter/offers", json=change(), headers={**supervisor, "Idempotency-Key": "k2"})
    assert (resumed.json()["state"], resumed.json()["notice"]) == ("offered", None)


async def test_others_are_kept_out_of_offers(client: httpx.AsyncClient, house: House) -> None:
    await make.demo_set(house)
    supervisor = await make.staff_headers(house, Role.SUPERVISOR)
    officer = await make.staff_headers(house, Role.OFFICER)
    key = {"Idempotency-Key": "k"}
    for sent, headers, status, code in (
        (change(), {}, 401, "sign-in-needed"),
        (change(), {**officer, **key}, 403, "not-permitted"),
        (change(), supervisor, 400, "idempotency-key-missing"),
        (change(unit="DIY-POLRESTA-SLEMAN"), {**supervisor, **key}, 403, "catalogue-not-your-unit"),
        (change(unit="NOWHERE"), {**supervisor, **key}, 404, "reference-unit-not-found"),
        (change(unit="PMJ"), {**supervisor, **key}, 409, "catalogue-never-offered-there"),
        (change(colour="red"), {**supervisor, **key}, 422, "request-invalid"),
        (change(suspended={"notice": {"id": "\0 a b c d", "en": "x y z a b"}}), {**supervisor, **key}, 422, "request-invalid"),
        (change(suspended={"until": "2026-03-01", "notice": {"id": "Sudah lewat", "en": "It is over"}}), {**supervisor, **key}, 422, "catalogue-offer-dates"),
    ):  # fmt: skip
        answer = await client.put("/v1/counter/offers", json=sent, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    unit = {"unit": "DIY-POLRESTA-SLEMAN"}
    assert (await client.get("/v1/counter/offers", params=unit, headers=supervisor)).status_code == 403
