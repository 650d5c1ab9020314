"""Who calls at the banks' door, over HTTP, on both engines: tokens, signatures, windows, headers, bytes, floods."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM
from app.core.limits import Limits
from app.main import create_app
from app.services import billing
from app.services.billing.models import (
    PaymentIncident,
    SnapExternalId,
    SnapPayment,
    SnapToken,
)
from app.services.identity import credentials
from tests.banks import (
    INQUIRY,
    KEYS,
    OTHER_KEYS,
    PAYMENT,
    TOKEN,
    Bank,
    body_hash,
    code,
    flag,
    join_bank,
    open_test_bill,
)


@pytest.fixture
async def bank(house, client) -> Bank:
    return await (await join_bank(house, client)).sign_in()


@pytest.fixture
async def bill(house):
    return await open_test_bill(house)


async def count(house, model) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def assert_sound(house, entries: int) -> None:
    report = await billing.ledger_check(house)
    assert report.faults == ()
    assert report.entries == entries


async def incidents(house) -> list[str]:
    async with house.db.read() as connection:
        return list((await connection.execute(select(PaymentIncident.kind))).scalars())


# --- token (A1 to A5) -------------------------------------------------------------------------------------------------


async def test_a_token_is_given_and_older_ones_stay_good(house, client, bank, bill):
    first = bank.access_token
    answer = await bank.ask_token()
    assert code(answer) == "2007300"
    body = answer.json()
    assert (body["tokenType"], body["expiresIn"], body["responseMessage"]) == ("Bearer", "900", "Successful")
    assert answer.headers["x-client-key"] == bank.client_id
    for token in (first, body["accessToken"]):
        bank.access_token = token
        assert code(await bank.inquire(bill.customer_no, "inq-1")) == "2002400"
    async with house.db.read() as connection:
        stored = (await connection.execute(select(SnapToken.token_hash))).scalars().all()
    assert first not in stored


@pytest.mark.parametrize(
    "body", [{"grantType": "client_credentials", "additionalInfo": ""}, {"grant_type": "client_credentials"}]
)
async def test_token_requests_of_real_clients(bank, body):
    assert code(await bank.ask_token(body=body)) == "2007300"


async def test_refused_token_requests(house, client, bank):
    thief = Bank(house, client, bank.client_id, bank.secret, bank.partner, OTHER_KEYS["private_key_pem"])
    assert code(await thief.ask_token()) == "4017300"
    unknown = Bank(house, client, "bank-nobody", "x", "77720", KEYS["private_key_pem"])
    answer = await unknown.ask_token()
    assert (code(answer), answer.json()["responseMessage"]) == ("4017300", "Unauthorized. [Unknown client]")
    altered = await bank.ask_token(X_SIGNATURE=bank.rsa(f"{bank.client_id}|2026-03-02T10:00:01+07:00"))
    assert altered.json()["responseMessage"] == "Unauthorized. [Signature]"
    for name in ("X-CLIENT-KEY", "X-TIMESTAMP", "X-SIGNATURE"):
        answer = await bank.ask_token(drop=(name,))
        assert (code(answer), answer.json()["responseMessage"]) == ("4007302", f"Invalid Mandatory Field {name}")
    assert code(await bank.ask_token(X_SIGNATURE="")) == "4007302"
    for stamp in ("besok", "2026-03-02T10:00:00"):
        assert code(await bank.ask_token(X_TIMESTAMP=stamp)) == "4007301"
    late = await bank.ask_token(skew_s=-301)
    assert (code(late), late.json()["responseMessage"]) == ("4017300", "Unauthorized. [Timestamp]")
    assert code(await bank.ask_token(body={"grantType": "password"})) == "4007301"
    assert code(await bank.ask_token(body={"x": 1})) == "4007302"
    assert await count(house, SnapToken) == 1


@pytest.mark.parametrize("stamp", ["2026-03-02T03:00:00Z", "2026-03-02T10:00:00.123+07:00"])
async def test_timestamps_of_doku_and_bri(bank, stamp):
    assert code(await bank.ask_token(X_TIMESTAMP=stamp)) == "2007300"


async def test_a_disabled_bank_is_out(house, bank, bill):
    async with house.db.begin(SYSTEM) as tx:
        await credentials.disable(tx, bank.client_id)
    assert code(await bank.ask_token()) == "4017300"
    assert code(await bank.inquire(bill.customer_no, "inq-1")) == "4012401"


async def test_access_tokens_that_are_not_good(house, client, clock, bank, bill):
    answer = await bank.call(INQUIRY, bank.inquiry_body(bill.customer_no, "1"), drop=("Authorization",))
    assert (code(answer), answer.json()["responseMessage"]) == ("4012403", "Token Not Found (B2B)")
    for wrong in ("nonsense", "x" * 2000):
        assert code(await bank.inquire(bill.customer_no, "1", token=wrong)) == "4012401"
    assert code(await bank.inquire(bill.customer_no, "1", Authorization=bank.access_token)) == "4012401"
    assert code(await bank.inquire(bill.customer_no, "1", Authorization=f"bearer {bank.access_token}")) == "2002400"
    other = await (await join_bank(house, client, name="Bank Lain", profile="bca")).sign_in()
    assert code(await bank.inquire(bill.customer_no, "1", token=other.access_token)) == "4012401"
    clock.advance(timedelta(seconds=899))
    assert code(await bank.inquire(bill.customer_no, "1")) == "2002400"
    clock.advance(timedelta(seconds=1))
    assert code(await bank.inquire(bill.customer_no, "1")) == "4012401"


# --- signatures, windows, headers, bytes (A6 to A17) --------------------------------------------------------------------


async def test_whatever_is_altered_after_signing_is_refused(house, bank, bill):
    body = json.dumps(bank.payment_body(bill.customer_no, "R1", 25_000)).encode()
    altered = body.replace(b"25000.00", b"250000.00")
    answers = [
        await bank.call(PAYMENT, altered, signed_body=body),
        await bank.call(PAYMENT, body, signed_path=INQUIRY),
        await bank.call(PAYMENT, body, secret="wrong"),
        await bank.call(PAYMENT, body, X_SIGNATURE="A" * 88),
        await bank.call(PAYMENT, body, X_SIGNATURE=b"\xff\xfe"),
    ]
    good = bank.sign("POST", PAYMENT, body, bank.timestamp())
    answers += [await bank.call(PAYMENT, body, X_SIGNATURE=wrong) for wrong in (good.lower(), good[:-2], good[:40])]
    for answer in answers:
        assert (code(answer), answer.json()["responseMessage"]) == ("4012500", "Unauthorized. [Signature]")
    assert code(await bank.call(PAYMENT, body, X_SIGNATURE="")) == "4002502"
    assert await count(house, SnapExternalId) == 0
    await assert_sound(house, entries=0)


async def test_a_hex_signature_is_taken(bank, bill):
    body = json.dumps(bank.inquiry_body(bill.customer_no, "R1")).encode()
    raw = base64.b64decode(bank.sign("POST", INQUIRY, body, bank.timestamp()))
    assert code(await bank.call(INQUIRY, body, X_SIGNATURE=raw.hex())) == "2002400"
    assert code(await bank.call(INQUIRY, body, X_SIGNATURE=raw.hex().upper())) == "2002400"


async def test_the_query_belongs_to_the_signed_path(bank, bill):
    body = bank.inquiry_body(bill.customer_no, "R1")
    assert code(await bank.call(f"{INQUIRY}?a=1&b=%20", body)) == "2002400"
    assert code(await bank.call(f"{INQUIRY}?a=1", body, signed_path=INQUIRY)) == "4012400"


async def test_a_captured_payment_replayed(clock, house, client, bank, bill):
    stamp = bank.timestamp()
    how = {"external_id": "77", "X_TIMESTAMP": stamp}
    first = await bank.pay(bill.customer_no, "R1", **how)
    clock.advance(timedelta(seconds=200))
    inside = await bank.call(PAYMENT, json.loads(first.request.content), **how)
    assert (inside.status_code, inside.json()) == (200, first.json())
    clock.advance(timedelta(hours=2))
    outside = await bank.call(PAYMENT, json.loads(first.request.content), **how)
    assert outside.json()["responseMessage"] == "Unauthorized. [Timestamp]"
    await assert_sound(house, entries=1)


@pytest.mark.parametrize(
    "write",
    [
        lambda body: json.dumps(body, indent=4).replace("\n", "\r\n"),
        lambda body: json.dumps(dict(reversed(body.items()))),
        lambda body: json.dumps({**body, "nama": "Crème 日本"}),
        lambda body: json.dumps({**body, "nama": "Crème 日本"}, ensure_ascii=False),
        lambda body: json.dumps({**body, "url": "a/b"}).replace("a/b", r"a\/b"),
        lambda body: json.dumps(body).replace('"channelCode": 6011', '"channelCode": 6.0110e3'),
        lambda body: json.dumps({**body, "subCompany": None, "hashedSourceAccountNo": "", "paymentType": 1}),
        lambda body: json.dumps({**body, "billDetails": [{"billNo": str(n)} for n in range(24)]}),
        lambda body: json.dumps({**body, "customerNo": int(body["customerNo"])}),
    ],
)
async def test_the_same_json_in_other_bytes(bank, bill, write):
    raw = write(bank.payment_body(bill.customer_no, "R1")).encode()
    assert flag(await bank.call(PAYMENT, raw)) == ("2002500", "00")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"nonsense",
        b'{"paidAmount":{"value":"1.00"},"paidAmount":{"value":"2.00"}}',
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a":"' + b"x" * 3_000_000 + b'"}',
        b"\x1f\x8b\x08\x00\x00",
    ],
)
async def test_bodies_that_nobody_should_read(bank, raw):
    answer = await bank.call(PAYMENT, raw)
    assert code(answer) == "4002500"


async def test_media_types(bank, bill):
    body = bank.inquiry_body(bill.customer_no, "R1")
    assert code(await bank.call(INQUIRY, body, content_type="application/json; charset=utf-8")) == "2002400"
    assert code(await bank.call(INQUIRY, body, content_type="text/xml")) == "4002400"
    assert code(await bank.call(INQUIRY, body, content_type="application/x-www-form-urlencoded")) == "4002400"
    assert code(await bank.call(INQUIRY, body, Content_Encoding="gzip")) == "4002400"


async def test_missing_headers(house, bank, bill):
    body = bank.inquiry_body(bill.customer_no, "R1")
    for name in ("X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"):
        answer = await bank.call(INQUIRY, body, drop=(name,))
        assert (code(answer), answer.json()["responseMessage"]) == ("4002402", f"Invalid Mandatory Field {name}")
    for stamp in ("2026-03-02T10:00:00", "besok"):
        assert code(await bank.call(INQUIRY, body, X_TIMESTAMP=stamp)) == "4002401"
    padded = {
        "X_EXTERNAL_ID": " 12 ",
        "X_PARTNER_ID": f"{bank.client_id}\t",
        "Authorization": f"Bearer {bank.access_token} ",
    }
    assert code(await bank.call(INQUIRY, body, **padded)) == "2002400"
    assert code(await bank.call(INQUIRY, {**body, "inquiryRequestId": "R2"}, X_EXTERNAL_ID="12")) == "4092400"
    assert code(await bank.call(INQUIRY, body, X_EXTERNAL_ID="x" * 65)) == "4002401"
    assert code(await bank.call(INQUIRY, body, X_EXTERNAL_ID="VIRTUAL_ACCOUNT2226" + "0" * 36)) == "2002400"


async def test_another_banks_name_and_accounts(house, client, bank, bill):
    other = await (await join_bank(house, client, name="Bank Lain", profile="bca")).sign_in()
    answer = await bank.inquire(bill.customer_no, "R1", X_PARTNER_ID=other.client_id)
    assert (code(answer), answer.json()["responseMessage"]) == ("4012400", "Unauthorized. [Unknown client]")
    body = {**other.account(bill.customer_no), "inquiryRequestId": "R1"}
    assert flag(await bank.call(INQUIRY, body)) == ("4042412", "01")
    paid = {**bank.payment_body(bill.customer_no, "R1"), **other.account(bill.customer_no)}
    assert flag(await bank.call(PAYMENT, paid)) == ("4042512", "01")
    assert sorted(await incidents(house)) == ["account_of_another_bank", "name_of_another_bank"]
    assert flag(await other.pay(bill.customer_no, "R1")) == ("2002500", "00")


async def test_other_methods_are_not_supported(client, bank):
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = await client.request(method, PAYMENT)
        assert code(answer) == "4052500"
        assert answer.headers["allow"] == "POST"
    assert code(await client.get(TOKEN)) == "4057300"


async def test_external_ids_count_for_a_day_in_jakarta(clock, house, bank, bill):
    assert code(await bank.inquire(bill.customer_no, "R1", external_id="5")) == "2002400"
    assert code(await bank.inquire(bill.customer_no, "R1", external_id="5")) == "2002400"
    answer = await bank.inquire(bill.customer_no, "R2", external_id="5")
    assert flag(answer) == ("4092400", "01")
    assert flag(await bank.pay(bill.customer_no, "R2", external_id="5")) == ("2002500", "00")  # another service
    clock.set(clock.now().replace(hour=17, minute=0))  # midnight in WIB
    await bank.sign_in()
    assert flag(await bank.inquire(bill.customer_no, "R2", external_id="5")) == ("4042414", "01")


async def test_a_stranger_burns_no_ids(house, bank, bill):
    for _ in range(2):
        assert code(await bank.pay(bill.customer_no, "R1", external_id="9", secret="guess")) == "4012500"
    assert (await count(house, SnapExternalId), await count(house, SnapPayment)) == (0, 0)
    assert flag(await bank.pay(bill.customer_no, "R1", external_id="9")) == ("2002500", "00")


async def test_a_flood_of_strangers_is_slowed_and_the_bank_is_not(house, bill):
    limited = replace(house, parts={**house.parts, Limits: Limits()})
    transport = httpx.ASGITransport(app=create_app(limited), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        bank = await (await join_bank(house, client)).sign_in()
        codes = {code(await bank.inquire(bill.customer_no, "1", secret="guess")) for _ in range(125)}
        assert codes == {"4012400", "4292400"}
        last = await bank.inquire(bill.customer_no, "1", secret="guess")
        assert (code(last), int(last.headers["retry-after"]) > 0) == ("4292400", True)
        assert flag(await bank.pay(bill.customer_no, "R1")) == ("2002500", "00")


async def test_a_broken_token_cache_is_slowed_at_last(house):
    limited = replace(house, parts={**house.parts, Limits: Limits()})
    transport = httpx.ASGITransport(app=create_app(limited), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        bank = await join_bank(house, client)
        codes = [code(await bank.ask_token()) for _ in range(50)]
        assert codes == ["2007300"] * 50
        assert await count(house, SnapToken) == 50


async def test_a_rotated_secret_overlaps(house, clock, bank, bill):
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.rotate(tx, bank.client_id)
    assert code(await bank.inquire(bill.customer_no, "1")) == "2002400"
    assert code(await bank.inquire(bill.customer_no, "1", secret=made.secret)) == "2002400"
    clock.advance(timedelta(hours=25))
    await bank.sign_in()
    assert code(await bank.inquire(bill.customer_no, "1")) == "4012400"
    assert code(await bank.inquire(bill.customer_no, "1", secret=made.secret)) == "2002400"


async def test_signature_type_2_needs_no_token(house, client, bill):
    neo = await join_bank(house, client, name="Bank Neo", profile="bnc")
    raw = json.dumps(neo.payment_body(bill.customer_no, "R1")).encode()
    stamp = neo.timestamp()
    signature = neo.rsa(f"POST:{PAYMENT}:{body_hash(raw)}:{stamp}")
    how = {"X_TIMESTAMP": stamp, "drop": ("Authorization",)}
    assert code(await neo.call(PAYMENT, raw, **how)) == "4012500"  # an HMAC will not do
    assert flag(await neo.call(PAYMENT, raw, X_SIGNATURE=signature, **how)) == ("2002500", "00")


async def test_a_prefix_that_a_proxy_takes_off_is_signed_too(house, bill):
    settings = house.settings.model_copy(update={"snap_path_prefix": "/bank"})
    behind = replace(house, settings=settings)
    transport = httpx.ASGITransport(app=create_app(behind), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        bank = await (await join_bank(house, client)).sign_in()
        body = bank.inquiry_body(bill.customer_no, "R1")
        assert code(await bank.call(INQUIRY, body, signed_path=f"/bank{INQUIRY}")) == "2002400"
        assert code(await bank.call(INQUIRY, body)) == "4012400"
