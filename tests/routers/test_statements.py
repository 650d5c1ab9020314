"""Closing statements over HTTP: who may see which, and the same figures as JSON, CSV and PDF."""

import csv
import io
from datetime import timedelta

import httpx
import pytest
from pypdf import PdfReader

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import billing
from app.services.billing.accounts import BANK, bank_clearing
from app.services.billing.ledger import Line, post
from app.services.billing.models import EntryKind
from app.services.billing.snap.times import bank_day
from app.services.identity import credentials, staff
from app.services.identity.roles import Role
from tests import make
from tests.banks import KEYS, open_test_bill
from tests.conftest import START

DAY = bank_day(START)
URL = f"/v1/counter/statements/{DAY}"


async def staff_headers(house: House, role: Role, unit: str = "PMJ") -> dict[str, str]:
    async with house.db.begin(SYSTEM) as tx:
        await staff.add(tx, f"{role}@{unit.lower()}.test", roles=[role], unit=unit)
    return await make.staff_headers(house, role, unit=unit)


@pytest.fixture
async def bank(house: House) -> str:
    """A bank that took two payments for Polda Metro Jaya and settled one."""
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_bank(tx, "Bank Uji & Rekan", public_key_pem=KEYS["public_key_pem"])
    clearing = bank_clearing(made.client_id)
    for amount in (250_000, 500_000):
        bill = await open_test_bill(house, amount=amount)
        async with house.db.begin(SYSTEM) as tx:
            await billing.post_payment(tx, bill.id, amount=amount, debit=clearing, memo="uji")
    async with house.db.begin(SYSTEM) as tx:
        lines = [Line(clearing, -500_000, bill.id), Line(BANK, 500_000)]
        await post(tx, EntryKind.SETTLEMENT, "uji", lines)
    return made.client_id


async def test_the_same_figures_as_json_csv_and_pdf(house: House, client: httpx.AsyncClient, bank: str) -> None:
    house.clock.set(START + timedelta(days=2))  # type: ignore[attr-defined]
    headers = await staff_headers(house, Role.FINANCE)
    wanted = {"bank": "Bank Uji & Rekan"}
    body = (await client.get(URL, params=wanted, headers=headers)).json()
    figures = {
        "opening": 0,
        "payments_count": 2,
        "payments": 750_000,
        "reversals_count": 0,
        "reversals": 0,
        "settled_count": 1,
        "settled": 500_000,
        "other": 0,
        "closing": 250_000,
    }
    assert body["clearing"] == figures
    assert (body["unit"], body["final"], body["client_id"]) == ("PMJ", True, bank)

    answer = await client.get(URL, params={**wanted, "format": "csv"}, headers=headers)
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert {name: int(row[name]) for name in figures} == figures

    answer = await client.get(URL, params={**wanted, "format": "pdf"}, headers=headers)
    assert answer.headers["content-disposition"] == f'attachment; filename="loket-{DAY}-PMJ.pdf"'
    pages = PdfReader(io.BytesIO(answer.content)).pages
    text = pages[0].extract_text()
    assert len(pages) == 1
    assert "Rp750.000" in text
    assert "Rp250.000" in text
    assert "Sementara" not in text


async def test_a_day_on_which_nothing_happened(house: House, client: httpx.AsyncClient, bank: str) -> None:
    """It closes as it opened; and nobody's money of another Polda stands in it."""
    house.clock.set(START + timedelta(days=2))  # type: ignore[attr-defined]
    following = URL.replace(str(DAY), str(DAY + timedelta(days=1)))
    for unit, open_ in (("PMJ", 250_000), ("JABAR", 0)):
        headers, wanted = await staff_headers(house, Role.FINANCE, unit), {"bank": bank}
        body = (await client.get(following, params=wanted, headers=headers)).json()
        clearing = body["clearing"]
        assert (clearing.pop("opening"), clearing.pop("closing"), body["final"]) == (open_, open_, True)
        assert {*clearing.values(), *body["files"].values()} == {0}
        (row,) = csv.DictReader(
            io.StringIO((await client.get(following, params={**wanted, "format": "csv"}, headers=headers)).text)
        )
        assert (row["opening"], row["payments"], row["closing"]) == (str(open_), "0", str(open_))
        pdf = await client.get(following, params={**wanted, "format": "pdf"}, headers=headers)
        assert f"Rp{open_:,}".replace(",", ".") in PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()


async def test_the_list_names_days_that_moved(house: House, client: httpx.AsyncClient, bank: str) -> None:
    headers = await staff_headers(house, Role.AUDITOR)
    body = (await client.get("/v1/counter/statements", headers=headers)).json()
    assert [(each["day"], each["client_id"], each["clearing"]["closing"]) for each in body["days"]] == [
        (str(DAY), bank, 250_000)
    ]
    early = {"first": "0001-01-01", "last": "0001-01-05"}
    assert (await client.get("/v1/counter/statements", params=early, headers=headers)).json()["days"] == []


async def test_the_demonstration_has_somebody_who_sees_every_poldas_money(
    house: House, client: httpx.AsyncClient, bank: str
) -> None:
    await make.demo_set(house)
    headers = await make.staff_headers(house, Role.FINANCE, unit="KORLANTAS")
    body = (await client.get("/v1/counter/statements", headers=headers)).json()
    assert [each["client_id"] for each in body["days"]] == [bank]


@pytest.mark.parametrize(
    ("role", "unit", "wanted", "status"),
    [
        (Role.FINANCE, "PMJ", {}, 200),
        (Role.SUPERVISOR, "PMJ", {}, 200),
        (Role.AUDITOR, "KORLANTAS", {"unit": "JABAR"}, 200),
        (Role.AUDITOR, "KORLANTAS", {}, 200),
        (Role.FINANCE, "PMJ", {"unit": "JABAR"}, 403),
        (Role.OFFICER, "PMJ", {}, 403),
        (None, "", {}, 401),
    ],
)
async def test_who_may_see_which(
    house: House,
    client: httpx.AsyncClient,
    bank: str,
    role: Role | None,
    unit: str,
    wanted: dict[str, str],
    status: int,
) -> None:
    headers = await staff_headers(house, role, unit) if role else {}
    for url, params in ((URL, {"bank": bank, **wanted}), ("/v1/counter/statements", wanted)):
        assert (await client.get(url, params=params, headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("url", "params", "status", "code"),
    [
        (URL, {"bank": "Tiga"}, 404, "billing-statement-bank-unknown"),
        ("/v1/counter/statements/2027-01-01", {"bank": "x"}, 422, "billing-statement-no-such-day"),
        ("/v1/counter/statements/9999-12-31", {"bank": "x"}, 422, "billing-statement-no-such-day"),
        ("/v1/counter/statements/0001-01-01", {"bank": "x"}, 422, "billing-statement-no-such-day"),
        ("/v1/counter/statements/yesterday", {"bank": "x"}, 422, None),
        (URL, {"bank": "x\0"}, 422, None),
        (URL, {"bank": "Tiga", "format": "xls"}, 422, None),
        (URL, {}, 422, None),
        (URL, {"bank": "x", "unit": "NOWHERE"}, 404, "reference-unit-not-found"),
    ],
)
async def test_what_is_wrong_is_said(
    house: House, client: httpx.AsyncClient, url: str, params: dict[str, str], status: int, code: str | None
) -> None:
    headers = await staff_headers(house, Role.AUDITOR, "KORLANTAS")
    answer = await client.get(url, params=params, headers=headers)
    assert answer.status_code == status
    assert code is None or answer.json()["type"].endswith(code)
