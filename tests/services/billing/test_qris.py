"""QRIS: only what an acquirer made, over exactly the bill's amount, is shown; and only while the bill can be paid."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.services import billing
from app.services.billing import incidents
from app.services.billing.models import PaymentIncident, SnapPayment
from app.services.billing.qris import codes
from app.services.billing.qris.acquirers import Acquirer, NotMade, SnapAcquirer
from app.services.billing.qris.models import QrisCode
from app.services.billing.qris.payload import QrisFault, check_payload, crc
from tests.banks import VECTORS, join_bank, open_test_bill
from tests.drain import drain
from tests.loopback import Reply
from tests.services.billing.fake_bank import connected
from tests.settlements import Desk, Told

VECTOR = VECTORS["qris"]
PAYLOAD = VECTOR["payload"]
MERCHANT = "UJI-00017"
NOTIFY = "/v1.0/qr/qr-mpm-notify"


def made(amount: str = "250000", **elements: str | None) -> str:
    """The vector's payload with these elements changed (None: left out), under a right checksum."""
    root, place = {}, 0
    while place < len(PAYLOAD) - 8:
        tag, length = PAYLOAD[place : place + 2], int(PAYLOAD[place + 2 : place + 4])
        root[tag] = PAYLOAD[place + 4 : place + 4 + length]
        place += 4 + length
    root |= {"54": amount} | {tag.removeprefix("t"): value for tag, value in elements.items()}
    text = "".join(f"{tag}{len(value):02d}{value}" for tag, value in sorted(root.items()) if value is not None) + "6304"
    return text + crc(text)


def test_the_published_vector() -> None:
    assert crc("123456789") == VECTOR["crc_check_123456789"]
    assert crc(VECTOR["crc_of"]) == VECTOR["crc"]
    check_payload(PAYLOAD, 250_000)
    assert made() == PAYLOAD
    check_payload(made("250000.00"), 250_000)


@given(st.integers(0, len(PAYLOAD) - 1), st.characters(min_codepoint=32, max_codepoint=126))
def test_each_changed_character_is_found(place: int, other: str) -> None:
    changed = PAYLOAD[:place] + other + PAYLOAD[place + 1 :]
    if changed != PAYLOAD:
        with pytest.raises(QrisFault):
            check_payload(changed, 250_000)


@given(st.text(max_size=600))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(QrisFault):
        check_payload(text, 250_000)


@pytest.mark.parametrize(
    "payload",
    [
        made("249999"), made("250000.01"), made("250001"), made("2.5e5"), made(""), made(t54=None),
        made(t01="11"), made(t53="840"), made(t58="SG"), made(t51=None), made(t51="0014ID.CO.LAIN.WWW"),
        made(t51="00"), made(t26="0099x"), made(t62="01"), made(t52=None), made(t59=None), made(t60=None),
        made(t55="02", t56="1000"), made(t57="10"), made(t00="02"), made(t26="01"),
        PAYLOAD[:-4] + PAYLOAD[-4:].lower().replace("6681", "6682"), PAYLOAD + PAYLOAD, PAYLOAD[:-4], PAYLOAD[:-8], "", "\x00",
        PAYLOAD.replace("5303360", "5303360" * 2),
    ],
)  # fmt: skip
def test_what_is_not_shown(payload: str) -> None:
    with pytest.raises(QrisFault):
        check_payload(payload, 250_000)


@pytest.fixture
async def bank(house, client):
    return await join_bank(house, client, name="Bank Akuisisi", profile="standard")


@pytest.fixture
async def acquired(house, bank):
    """The same house with this bank as its acquirer."""
    with_codes = replace(house, parts={**house.parts, Acquirer: SnapAcquirer(bank.client_id, MERCHANT)})
    yield with_codes
    house.db.move_in(house)


async def shown(house, bill):
    async with house.db.read() as connection:
        return (await billing.bill_by_id(connection, bill.id, at=house.clock.now())).qris


async def rows(house, model):
    async with house.db.read() as connection:
        return [dict(row) for row in (await connection.execute(select(model))).mappings()]


async def test_nothing_configured_nothing_asked_nothing_shown(house):
    bill = await open_test_bill(house)
    assert await drain(house) == []
    assert await shown(house, bill) is None
    assert await rows(house, QrisCode) == []


async def test_a_code_is_made_verified_and_shown_until_the_bill_is_paid(acquired, clock, client, bank):
    async with connected(acquired, bank.client_id, prefix="/openapi") as fake:
        fake.codes = lambda order: made(order["amount"]["value"])
        bill = await open_test_bill(acquired)
        assert await drain(acquired) == [codes.MAKE_CODE]
        await codes.make_code(acquired, str(bill.id))  # a job may run twice
    [order] = fake.ordered
    assert fake.refused == []
    assert (order["amount"], order["merchantId"]) == ({"value": "250000.00", "currency": "IDR"}, MERCHANT)
    assert await shown(acquired, bill) == made("250000.00")
    [code] = await rows(acquired, QrisCode)
    assert (code["state"], code["reference_no"]) == ("ready", "A0001")
    assert code["partner_reference_no"] == order["partnerReferenceNo"]
    bank = await bank.sign_in()
    assert (await bank.pay(bill.customer_no, "R1")).status_code == 200
    assert await shown(acquired, bill) is None
    await codes.sweep(acquired)
    assert [each["state"] for each in await rows(acquired, QrisCode)] == ["over"]
    assert await rows(acquired, PaymentIncident) == []


async def test_a_code_over_another_amount_is_a_persons_business(acquired, bank):
    async with connected(acquired, bank.client_id) as fake:
        fake.codes = lambda _: made("25000.00")
        bill = await open_test_bill(acquired)
        await drain(acquired)
    assert await shown(acquired, bill) is None
    [incident] = await rows(acquired, PaymentIncident)
    assert (incident["kind"], incident["bill_id"]) == ("qris_not_made", bill.id)
    assert "the amount is not the bill's" in incident["facts"]["fault"]
    async with acquired.db.read() as connection:
        [seen] = await incidents.list_incidents(connection, SYSTEM, closed=False, limit=5)
    assert seen.title.id.startswith("Kode QRIS")


@pytest.mark.parametrize(
    ("answer", "for_good"),
    [
        (Reply(500, {"responseCode": "5004700"}), False),
        (Reply(429, {"responseCode": "4294700"}), False),
        (Reply(404, {"responseCode": "4044708", "responseMessage": "Invalid Merchant"}), True),
        (Reply(200, b"nonsense"), False),
        (Reply(200, {"responseCode": "2004700", "partnerReferenceNo": "another", "qrContent": PAYLOAD}), True),
    ],
)
async def test_an_acquirer_that_makes_none_is_asked_again_or_not(acquired, clock, bank, answer, for_good):
    async with connected(acquired, bank.client_id) as fake:
        fake.next_codes = [answer]
        fake.codes = lambda order: made(order["amount"]["value"])
        bill = await open_test_bill(acquired)
        if for_good:
            await codes.make_code(acquired, str(bill.id))
        else:
            with pytest.raises(NotMade):
                await codes.make_code(acquired, str(bill.id))
        assert await shown(acquired, bill) is None
        clock.advance(codes.ASK_AGAIN_AFTER * 2)
        await drain(acquired, raise_errors=False)
        await codes.sweep(acquired)
        await drain(acquired)
    assert len({order["partnerReferenceNo"] for order in fake.ordered}) == (2 if for_good else 1)
    assert await shown(acquired, bill) == made("250000.00")
    assert len(await rows(acquired, PaymentIncident)) == int(for_good)


async def test_a_bill_that_ended_gets_no_code(acquired, bank):
    bill = await open_test_bill(acquired)
    async with acquired.db.begin(SYSTEM) as tx:
        await billing.cancel_bill(tx, bill.id, "uji")
    await drain(acquired)  # the acquirer is not even connected
    assert await rows(acquired, QrisCode) == []


def notice(code, reference="QR1", amount=250_000, status="00", **members):
    return {
        "originalReferenceNo": reference,
        "originalPartnerReferenceNo": code["partner_reference_no"],
        "latestTransactionStatus": status,
        "transactionStatusDesc": "Success",
        "amount": {"value": f"{amount}.00", "currency": "IDR"},
        "additionalInfo": {},
        **members,
    }


@pytest.fixture
async def ready(acquired, bank):
    """A bill with a code that is shown, and the acquirer with its token."""
    async with connected(acquired, bank.client_id) as fake:
        fake.codes = lambda order: made(order["amount"]["value"])
        bill = await open_test_bill(acquired, days=1)
        await drain(acquired)
    [code] = await rows(acquired, QrisCode)
    assert code["state"] == "ready"
    return bill, code, await bank.sign_in()


async def books(house):
    report = await billing.ledger_check(house)
    assert report.faults == ()
    return {account.partition(":")[0]: amount for account, amount in report.balances.items() if amount}


PAID = {"BC": 250_000, "TD": -250_000}


@pytest.mark.parametrize("profile", ["standard", "bca"])
async def test_a_code_that_is_paid_pays_its_bill_once(house, client, acquired, clock, profile):
    bank = await join_bank(house, client, name="Bank Lain", profile=profile)
    theirs = replace(acquired, parts={**acquired.parts, Acquirer: SnapAcquirer(bank.client_id, MERCHANT)})
    async with connected(theirs, bank.client_id) as fake:
        fake.codes = lambda order: made(order["amount"]["value"])
        bill = await open_test_bill(theirs)
        await codes.make_code(theirs, str(bill.id))
    [code] = await rows(house, QrisCode)
    bank = await bank.sign_in()
    for _ in range(2):  # told again, under another X-EXTERNAL-ID
        answer = await bank.call(NOTIFY, notice(code))
        assert (answer.status_code, answer.json()["responseCode"]) == (200, "2005200")
        assert await books(house) == PAID
    [payment] = await rows(house, SnapPayment)
    assert (payment["payment_request_id"], payment["bill_id"]) == ("QR1", bill.id)
    other = await bank.call(NOTIFY, notice(code, amount=250_001))
    assert other.json()["responseCode"] == "4045218"
    assert (await bank.pay(bill.customer_no, "R1")).json()["responseCode"] == "4042514"
    assert (await bank.call(NOTIFY, notice(code, "QR2"))).json()["responseCode"] == "4045214"
    assert await books(house) == PAID
    desk = Desk(house, bank)
    file = await desk.send([Told("REF1", "QR1", "", 250_000)])
    assert file.counts == {"matched": 1}
    assert await books(house) == {"BA": 250_000, "TD": -250_000}


@pytest.mark.parametrize(
    ("bent", "code_heard"),
    [
        ({"latestTransactionStatus": "03"}, "2005200"),
        ({"latestTransactionStatus": "06"}, "2005200"),
        ({"amount": {"value": "249999.00", "currency": "IDR"}}, "4045213"),
        ({"amount": {"value": "250000.50", "currency": "IDR"}}, "4045213"),
        ({"amount": {"value": "250000.00", "currency": "USD"}}, "4045213"),
        ({"amount": {"value": "1e5", "currency": "IDR"}}, "4005201"),
        ({"originalPartnerReferenceNo": "0" * 32}, "4045201"),
        ({"originalReferenceNo": None}, "4005202"),
        ({"latestTransactionStatus": ""}, "4005202"),
    ],
)
async def test_what_pays_no_bill(acquired, ready, bent, code_heard):
    _, code, bank = ready
    assert (await bank.call(NOTIFY, {**notice(code), **bent})).json()["responseCode"] == code_heard
    assert await books(acquired) == {}
    assert (await bank.call(NOTIFY, notice(code))).json()["responseCode"] == "2005200"
    assert await books(acquired) == PAID


async def test_nobody_but_its_acquirer_tells_of_a_code(acquired, client, ready):
    _, code, bank = ready
    other = await (await join_bank(acquired, client, name="Bank Lain", profile="standard")).sign_in()
    assert (await other.call(NOTIFY, notice(code))).json()["responseCode"] == "4045201"
    assert (await bank.call(NOTIFY, notice(code), secret="x")).json()["responseCode"] == "4015200"
    assert await books(acquired) == {}
    assert await rows(acquired, SnapPayment) == []


@pytest.mark.parametrize(("minutes", "code_heard"), [(9, "2005200"), (11, "4045219")])
async def test_who_pays_in_the_last_minute_is_honoured_within_the_grace(acquired, clock, ready, minutes, code_heard):
    bill, code, bank = ready
    clock.set(bill.expires_at + timedelta(minutes=minutes))
    await bank.sign_in()
    assert (await bank.call(NOTIFY, notice(code))).json()["responseCode"] == code_heard
    assert await books(acquired) == (PAID if code_heard == "2005200" else {})


async def test_a_code_and_an_account_paid_at_the_same_instant(acquired, ready):
    """One of them is the payment, told twice or once; the others hear that it was paid."""
    bill, code, bank = ready
    calls = (bank.call(NOTIFY, notice(code)), bank.pay(bill.customer_no, "R1"), bank.call(NOTIFY, notice(code)))
    by_code, by_account, again = [each.json()["responseCode"] for each in await asyncio.gather(*calls)]
    assert (by_code, by_account, again) in (("2005200", "4042514", "2005200"), ("4045214", "2002500", "4045214"))
    assert await books(acquired) == PAID
    assert len(await rows(acquired, SnapPayment)) == 1
