"""Failure cases 1 to 17: before anything is believed. Nothing is booked, and no id is used up."""

import base64
import gzip
import json
import logging
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from app.core.actor import SYSTEM
from app.services.identity import credentials
from tests.banks import INQUIRY, KEYS, OTHER_KEYS, PAYMENT, STATUS, TOKEN, Bank, body_hash, join_bank, open_test_bill
from tests.payments.books import BOOKED, NOT_FOUND, beside, booked, heard, limited, server_of

SIGNATURE, UNKNOWN_CLIENT, TIMESTAMP = "[Signature]", "[Unknown client]", "[Timestamp]"
NO_TIMES = ["besok", "2026-03-02T10:00:00", "2026-03-02 10:00:00+07:00", "2026-13-02T10:00:00+07:00", "1772420400"]


def shape(body: dict[str, object]) -> dict[str, int]:
    """The fields of an answer and how long their texts are, the reason in brackets aside."""
    return {name: len(str(value).partition("[")[0]) for name, value in body.items()}


async def test_case_01_token_with_a_wrong_key_an_altered_time_or_no_client_of_ours(house, client, bank, books):
    thief = Bank(house, client, bank.client_id, bank.secret, bank.partner, OTHER_KEYS["private_key_pem"])
    nobody = Bank(house, client, "bank-nobody", "x", "77720", KEYS["private_key_pem"])
    gone = await join_bank(house, client, name="Bank Lama", profile="bni")
    async with house.db.begin(SYSTEM) as tx:
        await credentials.disable(tx, gone.client_id)
    bodies = [
        heard(await thief.ask_token(), "4017300", about=SIGNATURE),
        heard(
            await bank.ask_token(X_SIGNATURE=bank.rsa(f"{bank.client_id}|2026-03-02T10:00:01+07:00")),
            "4017300",
            about=SIGNATURE,
        ),
        heard(await bank.ask_token(X_SIGNATURE="A" * 344), "4017300", about=SIGNATURE),
        heard(await nobody.ask_token(), "4017300", about=UNKNOWN_CLIENT),
        heard(await gone.ask_token(), "4017300", about=UNKNOWN_CLIENT),
    ]
    assert all(shape(body) == shape(bodies[0]) for body in bodies)
    await books.changed()
    await books.hold()


async def test_case_02_token_without_a_header_or_with_no_time(house, bank, books):
    for name in ("X-CLIENT-KEY", "X-TIMESTAMP", "X-SIGNATURE"):
        heard(await bank.ask_token(drop=(name,)), "4007302", about=name)
    heard(await bank.ask_token(X_SIGNATURE=""), "4007302", about="X-SIGNATURE")
    for stamp in NO_TIMES:
        heard(await bank.ask_token(X_TIMESTAMP=stamp), "4007301", about="X-TIMESTAMP")
    for skew_s in (301, -301, 7200):
        heard(await bank.ask_token(skew_s=skew_s), "4017300", about=TIMESTAMP)
    for stamp in ("2026-03-02T03:00:00Z", "2026-03-02T10:00:00.123+07:00", "2026-03-02T10:00:00+07:00"):
        heard(await bank.ask_token(X_TIMESTAMP=stamp), "2007300")  # DOKU, BRI, ASPI
    heard(await bank.ask_token(body={"grantType": "password"}), "4007301", about="grantType")
    heard(await bank.ask_token(body={"x": 1}), "4007302", about="grantType")
    await books.changed()
    await books.hold()


async def test_case_03_a_token_asked_fifty_times_a_minute(house, bank, bill, books):
    async with server_of(limited(house, lambda: 0.0)) as client:
        asking = beside(bank, client)
        first = bank.access_token
        for _ in range(50):
            body = heard(await asking.ask_token(), "2007300")
            assert (body["tokenType"], body["expiresIn"]) == ("Bearer", "900")
        for token in (first, str(body["accessToken"])):  # the oldest and the newest
            heard(await bank.inquire(bill.customer_no, "R1", token=token), "2002400", flag="00")
        codes = [(await asking.ask_token()).json()["responseCode"] for _ in range(240 - 50)]
        assert codes == ["2007300"] * 190
        refused = await asking.ask_token()
        heard(refused, "4297300")
        assert int(refused.headers["retry-after"]) > 0
    await books.changed(external_ids=2, inquiries=1)
    await books.hold()


async def test_case_04_access_tokens_that_are_not_good(house, clock, bank, bill, other, books):
    body = bank.inquiry_body(bill.customer_no, "R1")
    heard(await bank.call(INQUIRY, body, drop=("Authorization",)), "4012403")
    heard(await bank.call(PAYMENT, bank.payment_body(bill.customer_no, "R1"), drop=("Authorization",)), "4012503")
    for wrong in ("nonsense", "x" * 2000, other.access_token):
        heard(await bank.call(INQUIRY, body, token=wrong), "4012401")
        heard(await bank.pay(bill.customer_no, "R1", token=wrong), "4012501")
    heard(await bank.call(INQUIRY, body, Authorization=bank.access_token), "4012401")  # no scheme
    heard(await bank.call(INQUIRY, body, Authorization=f"Basic {bank.access_token}"), "4012401")
    await books.changed()
    heard(await bank.call(INQUIRY, body, Authorization=f"bearer {bank.access_token}"), "2002400", flag="00")
    clock.advance(timedelta(seconds=899))
    heard(await bank.call(INQUIRY, body), "2002400", flag="00")
    clock.advance(timedelta(seconds=1))
    heard(await bank.call(INQUIRY, body), "4012401")
    heard(await bank.status(bill.customer_no, "R1"), "4012601")
    await bank.sign_in()
    async with house.db.begin(SYSTEM) as tx:
        await credentials.disable(tx, bank.client_id)
    heard(await bank.call(INQUIRY, body), "4012401")
    await books.changed(external_ids=2, inquiries=1)
    await books.hold()


async def test_case_05_a_token_expires_between_inquiry_and_payment(clock, bank, bill, books):
    heard(await bank.inquire(bill.customer_no, "R1"), "2002400", flag="00")
    await books.changed(external_ids=1, inquiries=1)
    clock.advance(timedelta(seconds=900))
    heard(await bank.pay(bill.customer_no, "R1", external_id="7"), "4012501")
    await books.changed()
    await bank.sign_in()
    first = await bank.pay(bill.customer_no, "R1", external_id="7")
    booked(first)
    await books.changed(**BOOKED)
    assert (await bank.pay(bill.customer_no, "R1", external_id="7")).content == first.content
    await books.changed()
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_06_altered_after_signing(house, bank, bill, books, caplog):
    body = json.dumps(bank.payment_body(bill.customer_no, "R1", 25_000)).encode()
    stamp = bank.timestamp()
    labels = {"bank": bank.client_id, "code": "4012500", "reason": "Signature"}
    counted = REGISTRY.get_sample_value("loket_snap_refused_calls_total", labels) or 0
    answers = [
        await bank.call(PAYMENT, body.replace(b"25000.00", b"250000.00"), signed_body=body),
        await bank.call(PAYMENT, body, signed_path=INQUIRY),
        await bank.call(PAYMENT, body, X_SIGNATURE=bank.sign("PUT", PAYMENT, body, stamp)),
        await bank.call(PAYMENT, body, X_SIGNATURE=bank.sign("POST", PAYMENT, body, stamp, token="other")),
        await bank.call(PAYMENT, body, X_SIGNATURE=bank.sign("POST", PAYMENT, body, bank.timestamp(skew_s=1))),
        await bank.call(PAYMENT, body, secret="wrong"),
        await bank.call(f"{PAYMENT}?a=1", body, signed_path=PAYMENT),
        await bank.call(PAYMENT, body + b" ", signed_body=body[:-1]),
    ]
    for answer in answers:
        heard(answer, "4012500", about=SIGNATURE)
    assert REGISTRY.get_sample_value("loket_snap_refused_calls_total", labels) == counted + len(answers)
    heard(await bank.call(f"{INQUIRY}?a=1&b=%20", bank.inquiry_body(bill.customer_no, "R1")), "2002400", flag="00")
    await books.changed(external_ids=1, inquiries=1)
    async with server_of(limited(house, lambda: 0.0)) as client:
        burst = beside(bank, client)
        with caplog.at_level(logging.ERROR):
            for _ in range(21):
                heard(await burst.call(PAYMENT, body, secret="wrong"), "4012500", about=SIGNATURE)
    assert f"a burst of calls that are not believed, in the name of {bank.client_id}" in caplog.text
    await books.changed()
    await books.hold()


async def test_case_07_signatures_in_another_spelling(bank, bill, books):
    body = json.dumps(bank.payment_body(bill.customer_no, "R1")).encode()
    good = bank.sign("POST", PAYMENT, body, bank.timestamp())
    swapped = good.swapcase()
    for wrong in (
        good.lower(),
        swapped,
        good[:-2],
        good.rstrip("="),
        good[:40],
        good + "=",
        "=",
        b"\xff\xfe",
        "é" * 44,
    ):
        value = wrong.encode("latin-1") if isinstance(wrong, str) else wrong
        heard(await bank.call(PAYMENT, body, X_SIGNATURE=value), "4012500", about=SIGNATURE)
    heard(await bank.call(PAYMENT, body, X_SIGNATURE=""), "4002502", about="X-SIGNATURE")
    await books.changed()
    raw = base64.b64decode(good)
    booked(await bank.call(PAYMENT, body, X_SIGNATURE=raw.hex()))  # ASPI's own samples are in hex
    booked(await bank.call(PAYMENT, body, X_SIGNATURE=raw.hex().upper()))
    await books.changed(**{**BOOKED, "external_ids": 2})
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_08_clock_skew_either_way(bank, bill, books):
    labels = {"bank": bank.client_id, "le": "240.0"}

    def skews() -> float:
        return REGISTRY.get_sample_value("loket_snap_clock_skew_seconds_bucket", labels) or 0

    before = skews()
    for skew_s in (240, -240):
        heard(await bank.inquire(bill.customer_no, "R1", skew_s=skew_s), "2002400", flag="00")
    assert skews() == before + 2
    await books.changed(external_ids=2, inquiries=1)
    labels["le"] = "+Inf"
    before = skews()
    for skew_s in (360, -360, 7200, -7200):
        heard(await bank.inquire(bill.customer_no, "R1", skew_s=skew_s), "4012400", about=TIMESTAMP)
        heard(await bank.pay(bill.customer_no, "R1", skew_s=skew_s), "4012500", about=TIMESTAMP)
    heard(await bank.inquire(bill.customer_no, "R1", skew_s=7200, X_PARTNER_ID="nobody"), "4012400", about=TIMESTAMP)
    assert skews() == before + 8  # refused ones too, of a bank of ours
    await books.changed()
    await books.hold()


@pytest.mark.parametrize("service", [INQUIRY, PAYMENT])
async def test_case_09_replayed_after_the_window(clock, bank, bill, books, service):
    how = {"external_id": "77", "X_TIMESTAMP": bank.timestamp()}
    body = {INQUIRY: bank.inquiry_body, PAYMENT: bank.payment_body}[service](bill.customer_no, "R1")
    assert (await bank.call(service, body, **how)).status_code == 200
    await books.look()
    clock.advance(timedelta(seconds=301))
    code = "4012500" if service == PAYMENT else "4012400"
    heard(await bank.call(service, body, **how), code, about=TIMESTAMP)
    await books.changed()
    await books.hold(**({"BC": 250_000, "TD": -250_000} if service == PAYMENT else {}))


async def test_case_10_a_captured_payment_replayed_inside_the_window(clock, bank, bill, books):
    how = {"external_id": "77", "X_TIMESTAMP": bank.timestamp()}
    first = await bank.pay(bill.customer_no, "R1", **how)
    booked(first)
    await books.changed(**BOOKED)
    clock.advance(timedelta(seconds=200))
    again = await bank.client.send(first.request)
    booked(again)
    assert again.content == first.content
    await books.changed()
    await books.hold(BC=250_000, TD=-250_000)


@pytest.mark.parametrize(
    "write",
    [
        lambda body: json.dumps(body, indent=4).replace("\n", "\r\n"),
        lambda body: json.dumps(body, indent="\t"),
        lambda body: json.dumps(dict(reversed(body.items()))),
        lambda body: json.dumps({**body, "nama": "Crème 日本"}),
        lambda body: json.dumps({**body, "nama": "Crème 日本"}, ensure_ascii=False),
        lambda body: json.dumps({**body, "url": "a/b"}).replace("a/b", r"a\/b"),
        lambda body: json.dumps({**body, "nama": 'di dalam "  ruang \\'}),
        lambda body: json.dumps(body).replace('"channelCode": 6011', '"channelCode": 6.0110e3'),
        lambda body: json.dumps(body).replace('"paymentRequestId"', '"paym\\u0065ntRequestId"'),
    ],
)
async def test_case_11_the_same_json_in_other_bytes(bank, bill, books, write):
    booked(await bank.call(PAYMENT, write(bank.payment_body(bill.customer_no, "R1")).encode()))
    await books.changed(**BOOKED)
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_12_a_name_that_is_given_twice(bank, bill, books):
    body = json.dumps(bank.payment_body(bill.customer_no, "R1"))
    cheap = '{"paidAmount":{"value":"1.00","currency":"IDR"},' + body[1:]
    inner = body.replace('"value": "250000.00"', '"value": "250000.00", "value": "1.00"', 1)
    hidden = body.replace('"paidAmount"', '"paid\\u0041mount": {"value":"1.00","currency":"IDR"}, "paidAmount"', 1)
    for raw in (cheap, inner, hidden):
        heard(await bank.call(PAYMENT, raw.encode()), "4002500")
    await books.changed()
    await books.hold()


async def test_case_13_bodies_that_nobody_should_read(bank, bill, books):
    bomb = gzip.compress(b'{"a":"' + b"x" * 3_000_000 + b'"}')
    for raw in (
        b"",
        b"[]",
        b'"text"',
        b"nonsense",
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        b'{"a":NaN}',
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a":"' + b"x" * 3_000_000 + b'"}',
        bomb,
    ):
        heard(await bank.call(PAYMENT, raw), "4002500")
    body = json.dumps(bank.payment_body(bill.customer_no, "R1")).encode()
    heard(await bank.call(PAYMENT, gzip.compress(body), signed_body=body, Content_Encoding="gzip"), "4002500")
    heard(await bank.call(PAYMENT, bomb, Content_Encoding="gzip"), "4002500")
    for media_type in ("text/xml", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        heard(await bank.call(PAYMENT, body, content_type=media_type), "4002500")
    heard(await bank.client.post(TOKEN, content=b"["), "4007302", about="X-CLIENT-KEY")
    await books.changed()
    booked(await bank.call(PAYMENT, body, content_type="application/json; charset=utf-8"))  # and the process lives
    await books.changed(**BOOKED)
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_14_another_banks_name_and_another_banks_accounts(bank, other, bill, books):
    heard(await bank.inquire(bill.customer_no, "R1", X_PARTNER_ID=other.client_id), "4012400", about=UNKNOWN_CLIENT)
    heard(await bank.pay(bill.customer_no, "R1", X_PARTNER_ID=other.client_id), "4012500", about=UNKNOWN_CLIENT)
    await books.changed(incidents=1)  # one for a person, however often it is repeated
    heard(await bank.pay(bill.customer_no, "R1", X_PARTNER_ID="bank-nobody"), "4012500", about=UNKNOWN_CLIENT)
    stolen = {"secret": "not-the-banks", "X_PARTNER_ID": other.client_id}
    heard(await bank.pay(bill.customer_no, "R1", **stolen), "4012501")
    await books.changed()  # neither a name that nobody has, nor a stranger with somebody's token, leaves anything
    theirs = {**bank.inquiry_body(bill.customer_no, "R1"), **other.account(bill.customer_no)}
    heard(await bank.call(INQUIRY, theirs), "4042412", flag="01", about=NOT_FOUND)
    await books.changed(external_ids=1, incidents=1)
    paid = {**bank.payment_body(bill.customer_no, "R1"), **other.account(bill.customer_no)}
    for _ in range(2):
        heard(await bank.call(PAYMENT, paid), "4042512", flag="01", about=NOT_FOUND)
    heard(
        await bank.call(STATUS, {**other.account(bill.customer_no), "inquiryRequestId": "R1"}),
        "4042612",
        about=NOT_FOUND,
    )
    await books.changed(external_ids=3)  # one incident for a person, however often it is repeated
    assert await books.incidents() == ["name_of_another_bank", "account_of_another_bank"]
    booked(await other.pay(bill.customer_no, "R1"))
    await books.changed(**BOOKED)
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_14_the_name_of_a_bank_that_signs_by_rsa(house, client, bank, bill, books):
    neo = await join_bank(house, client, name="Bank Neo", profile="bnc")
    for _ in range(2):
        heard(await bank.pay(bill.customer_no, "R1", X_PARTNER_ID=neo.client_id), "4012500", about=UNKNOWN_CLIENT)
    await books.changed(incidents=1)
    assert await books.incidents() == ["name_of_another_bank"]
    stolen = {"secret": "not-the-banks", "X_PARTNER_ID": neo.client_id}
    heard(await bank.pay(bill.customer_no, "R1", **stolen), "4012501")
    heard(await neo.pay(bill.customer_no, "R1", token="nobodys"), "4012500", about=SIGNATURE)
    await books.changed()
    await books.hold()


async def test_case_15_external_ids_missing_used_today_and_yesterday(house, clock, bank, bill, books):
    for name in ("X-EXTERNAL-ID", "X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "CHANNEL-ID"):
        heard(await bank.inquire(bill.customer_no, "R1", drop=(name,)), "4002402", about=name)
        heard(await bank.pay(bill.customer_no, "R1", drop=(name,)), "4002502", about=name)
    heard(await bank.inquire(bill.customer_no, "R1", X_EXTERNAL_ID="x" * 65), "4002401", about="X-EXTERNAL-ID")
    await books.changed()
    heard(await bank.inquire(bill.customer_no, "R1", external_id="5"), "2002400", flag="00")
    heard(await bank.inquire(bill.customer_no, "R1", external_id="5"), "2002400", flag="00")
    await books.changed(external_ids=1, inquiries=1)
    heard(await bank.inquire(bill.customer_no, "R2", external_id="5"), "4092400", flag="01")
    another = await open_test_bill(house)
    heard(await bank.inquire(another.customer_no, "R1", external_id="5"), "4092400", flag="01")
    await books.changed()
    booked(await bank.pay(bill.customer_no, "R1", external_id="5"))  # of another service
    heard(await bank.pay(another.customer_no, "R2", external_id="5"), "4092500", flag="01")
    await books.changed(**BOOKED)
    clock.set(clock.now().replace(hour=16, minute=59, second=59))
    await bank.sign_in()
    heard(await bank.pay(another.customer_no, "R2", external_id="5"), "4092500", flag="01")
    clock.advance(timedelta(seconds=1))  # midnight in Jakarta
    booked(await bank.pay(another.customer_no, "R2", external_id="5"))
    await books.changed(**BOOKED)
    await books.hold(BC=500_000, TD=-500_000)


async def test_case_16_a_stranger_burns_no_ids(bank, bill, books):
    for guess in ({"secret": "guess"}, {"token": "guess"}, {"X_SIGNATURE": "A" * 88}, {"X_PARTNER_ID": "bank-nobody"}):
        for path in (INQUIRY, PAYMENT, STATUS):
            body = {**bank.payment_body(bill.customer_no, "R1"), "inquiryRequestId": "R1"}
            answer = await bank.call(path, body, external_id="9", **guess)
            assert answer.status_code == 401
            assert "virtualAccountData" not in answer.json()
    await books.changed()
    heard(await bank.inquire(bill.customer_no, "R1", external_id="9"), "2002400", flag="00")
    booked(await bank.pay(bill.customer_no, "R1", external_id="9"))
    await books.changed(**{**BOOKED, "external_ids": 2, "inquiries": 1})
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_17_a_flood_strangers_first_payments_last(house, bank, bill, books):
    async with server_of(limited(house, lambda: 0.0)) as client:
        flooded = beside(bank, client)
        for _ in range(120):
            heard(await flooded.inquire(bill.customer_no, "1", secret="guess"), "4012400", about=SIGNATURE)
        refused = await flooded.inquire(bill.customer_no, "1", secret="guess")
        heard(refused, "4292400")
        assert int(refused.headers["retry-after"]) > 0
        await books.changed()
        for _ in range(200):  # from the same address, in one second
            heard(await flooded.inquire(bill.customer_no, "1", external_id="1"), "2002400", flag="00")
        slowed = await flooded.inquire(bill.customer_no, "1", external_id="1")
        heard(slowed, "4292400")
        assert int(slowed.headers["retry-after"]) > 0
        booked(await flooded.pay(bill.customer_no, "1"))
    await books.changed(**{**BOOKED, "external_ids": 2, "inquiries": 1})
    await books.hold(BC=250_000, TD=-250_000)


async def test_signature_type_2_needs_no_token(house, client, bill, books):
    neo = await join_bank(house, client, name="Bank Neo", profile="bnc")
    raw = json.dumps(neo.payment_body(bill.customer_no, "R1")).encode()
    stamp = neo.timestamp()
    signature = neo.rsa(f"POST:{PAYMENT}:{body_hash(raw)}:{stamp}")
    how = {"X_TIMESTAMP": stamp, "drop": ("Authorization",)}
    heard(await neo.call(PAYMENT, raw, **how), "4012500", about=SIGNATURE)  # an HMAC will not do
    heard(await neo.call(PAYMENT, raw + b" \n", X_SIGNATURE=signature[:-4], **how), "4012500", about=SIGNATURE)
    await books.changed()
    booked(await neo.call(PAYMENT, raw, X_SIGNATURE=signature, **how))
    await books.changed(**BOOKED)
    await books.hold(BC=250_000, TD=-250_000)
