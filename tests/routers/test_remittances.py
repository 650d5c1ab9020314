"""The treasurer's doors, JSON and pages: who may, what waits, four eyes, and a file seen before it is recorded."""

import re

import pytest

from app.services.identity.roles import Role
from tests import make
from tests.routers.pages.world import Browser
from tests.services.billing.test_remittances import HEADER, NTPN, balances, line, paid_fee

PATH = "/v1/counter/remittances"
BODY = {
    "amount": 200_000,
    "remitted_on": "2026-03-02",
    "until": "2026-03-02",
    "billing_code": "820260302465628",
    "ntb": "123456789012",
    "ntpn": NTPN,
}


@pytest.fixture
async def bill(house):
    await make.demo_set(house)
    return await paid_fee(house)


@pytest.fixture
async def treasurer(house, bill):
    return await make.staff_headers(house, Role.FINANCE)


@pytest.fixture
async def head(house, bill):
    return await make.staff_headers(house, Role.SUPERVISOR)


def once(headers, key="k1"):
    return {**headers, "Idempotency-Key": key}


async def test_one_records_and_another_confirms(client, house, bill, treasurer, head):
    listed = (await client.get(PATH, headers=treasurer)).json()
    assert [(each["payee"], each["amount"], each["bills"]) for each in listed["waiting"]] == [("treasury", 200_000, 1)]
    answer = await client.post(PATH, json=BODY, headers=once(treasurer))
    assert answer.status_code == 201
    again = await client.post(PATH, json=BODY, headers=once(treasurer))
    assert again.json() == answer.json()
    [recorded] = answer.json()["recorded"]
    own = await client.post(f"{PATH}/{recorded}/confirm", headers=treasurer)
    assert (own.status_code, own.json()["code"]) == (403, "billing-remittance-own")
    confirmed = await client.post(f"{PATH}/{recorded}/confirm", headers=head)
    assert confirmed.json() == {"id": recorded, "state": "confirmed"}
    listed = (await client.get(PATH, headers=head)).json()
    assert listed["waiting"] == []
    assert [(each["ntpn"], each["state"]) for each in listed["remittances"]] == [(NTPN, "confirmed")]
    assert await balances(house) == {}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"ntpn": "123"}, 422, "billing-remittance-number"),
        ({"ntpn": "\u0000" * 16}, 422, "request-invalid"),
        ({"amount": 199_999}, 409, "billing-remittance-differs"),
        ({"amount": 0}, 422, "request-invalid"),
        ({"amount": 10**18}, 422, "request-invalid"),
        ({"remitted_on": "2026-03-03"}, 422, "billing-remittance-day"),
        ({"until": "0001-01-01"}, 409, "billing-remittance-empty"),
        ({"until": "9999-12-31"}, 422, "billing-remittance-day"),
        ({"payee": "RF", "transfer_no": "TRF/0001"}, 404, "billing-remittance-not-found"),
        ({"extra": 1}, 422, "request-invalid"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_recorded(client, house, treasurer, change, status, code):
    answer = await client.post(PATH, json={**BODY, **change}, headers=once(treasurer))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await client.get(PATH, headers=treasurer)).json()["remittances"] == []
    assert await balances(house) == {"BA": 200_000, "PF": -200_000}


async def test_only_the_treasury_of_the_unit_comes_in(client, house, bill, head):
    officer = await make.staff_headers(house, Role.OFFICER)
    for headers, status in ((officer, 403), ({}, 401)):
        assert (await client.get(PATH, headers=headers)).status_code == status
        assert (await client.post(PATH, json=BODY, headers=once(headers))).status_code == status
    assert (await client.post(PATH, json=BODY, headers=once(head))).status_code == 403  # the head confirms only


async def test_a_file_by_json(client, house, bill, treasurer):
    good = {"file": ("setoran.csv", (HEADER + line(bill)).encode(), "text/csv")}
    bad = {"file": ("setoran.csv", (HEADER + line(bill, 1)).encode(), "text/csv")}
    seen = (await client.post(f"{PATH}/preview", files=good, headers=treasurer)).json()
    assert (seen["fault_count"], [each["ntpn"] for each in seen["remittances"]]) == (0, [NTPN])
    seen = (await client.post(f"{PATH}/preview", files=bad, headers=treasurer)).json()
    assert [fault["line"] for fault in seen["faults"]] == [2]
    refused = await client.post(f"{PATH}/import", files=bad, headers=treasurer)
    assert (refused.status_code, refused.json()["code"]) == (422, "billing-remittance-file")
    assert refused.json()["errors"][0]["pointer"] == "/line/2"
    assert len((await client.post(f"{PATH}/import", files=good, headers=treasurer)).json()["recorded"]) == 1
    assert (await client.post(f"{PATH}/import", files=good, headers=treasurer)).json()["recorded"] == []


async def test_the_pages_lead_through_it(client, house, bill):
    browser = Browser.of(client._transport.app)
    await browser.sign_in_staff(house, Role.FINANCE)
    assert "Kas negara (PNBP)" in await browser.get("/counter/setoran")
    dates = {
        f"{name}-{part}": value
        for name in ("until", "remitted_on")
        for part, value in (("day", "2"), ("month", "3"), ("year", "2026"))
    }
    values = {
        "payee": "treasury",
        "amount": "200.000",
        **dates,
        **{name: BODY[name] for name in ("billing_code", "ntb")},
    }
    text = await browser.send({**values, "ntpn": "salah"}, to="/counter/setoran", status=422)
    assert "16 huruf dan angka" in text
    text = await browser.send({**values, "amount": "5", "ntpn": NTPN}, to="/counter/setoran", status=409)
    assert "Rp200.000" in text
    assert "Setoran dicatat" in await browser.send({**values, "ntpn": NTPN}, to="/counter/setoran")
    assert "orang lain yang menyetujui" in browser.text
    second = Browser.of(client._transport.app)
    await second.sign_in_staff(house, Role.SUPERVISOR)
    await second.get("/counter/setoran")
    listed = (await client.get(PATH, headers=await make.staff_headers(house, Role.FINANCE))).json()["remittances"]
    assert "Setoran disetujui" in await second.send({}, to=f"/counter/setoran/{listed[0]['id']}/setuju")
    assert await balances(house) == {}
    for each in (browser, second):
        await each.client.aclose()


async def test_a_file_is_looked_at_then_recorded_on_the_page(client, house, bill):
    browser = Browser.of(client._transport.app)
    await browser.sign_in_staff(house, Role.FINANCE)
    await browser.get("/counter/setoran")
    faulty = (HEADER + line(bill, 1)).encode()
    text = await browser.send({}, to="/counter/setoran/berkas", file=("a.csv", faulty))
    assert "Baris yang salah: 1" in text
    assert "Catat semuanya" not in text
    text = await browser.send({}, to="/counter/setoran/berkas", file=("a.csv", (HEADER + line(bill)).encode()))
    assert NTPN in text
    seen = re.search(r'name="seen" value="([^"]+)"', browser.page.text)[1]
    assert "Setoran dicatat" in await browser.send({"seen": seen}, to="/counter/setoran/berkas/catat")
    assert "sudah tercatat" in await browser.send({"seen": seen}, to="/counter/setoran/berkas/catat")
    assert "Kirim lagi" in await browser.send({"seen": "x"}, to="/counter/setoran/berkas/catat", status=422)
    await browser.client.aclose()
