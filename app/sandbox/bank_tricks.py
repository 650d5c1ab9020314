"""What goes wrong between a bank and a biller, done on purpose: each trick pays one bill in an awkward way.

A trick says what the biller must answer; what the books must say in the end is asked for every payment by `bank_run`.
Silence is no broken expectation: it leaves the payment in doubt, and a bank in doubt repeats.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from app.sandbox.bank import INQUIRY_PATH, PAYMENT_PATH, Manner, digits
from app.sandbox.bank_books import Belief, Payment, is_success
from app.sandbox.bank_life import Bill, Teller, says_nothing

Trick = Callable[[Teller, Bill], Awaitable[None]]
BURST = (3, 8)
BAD_AMOUNTS: tuple[tuple[str, Callable[[int], str], tuple[str, ...]], ...] = (
    ("one rupiah too little", lambda amount: f"{amount - 1}.00", ("4042513",)),
    ("one rupiah too much", lambda amount: f"{amount + 1}.00", ("4042513",)),
    ("cents", lambda amount: f"{amount}.50", ("4042513", "4002501")),
    ("an exponent", lambda amount: f"{amount}e0", ("4002501",)),
    ("a negative amount", lambda amount: f"-{amount}.00", ("4002501",)),
    ("grouped digits", lambda amount: f"{amount:,}.00", ("4002501",)),
)
WRONG_CLOCKS = (timedelta(hours=-1), timedelta(minutes=-20), timedelta(minutes=20), timedelta(hours=2))
RIGHT_ENOUGH = (timedelta(minutes=-2), timedelta(minutes=2))


async def ordinary(teller: Teller, bill: Bill) -> None:
    """Inquiry, payment."""
    await teller.visit(bill)


async def hang_up(teller: Teller, bill: Bill) -> None:
    """The connection is gone after the payment was sent; advice follows."""
    payment = teller.begin(bill)
    await teller.inquire(payment)
    await teller.bank.send_and_hang_up(await teller.sign(payment))
    await teller.insist(payment, advise=True)


async def advice_first(teller: Teller, bill: Bill) -> None:
    """The advice overtakes the original, which comes late."""
    payment = teller.begin(bill)
    original = await teller.sign(payment)
    await teller.insist(payment, advise=True)
    late = await teller.hear(payment, original)
    _must(teller, "the late original gets the advice's answer", late, "2002500", "4042518")


async def burst(teller: Teller, bill: Bill) -> None:
    """The same payment several times at the same instant."""
    payment = teller.begin(bill)
    count = teller.rng.randint(*BURST)
    calls = [await teller.sign(payment, advise=teller.rng.random() < 0.5) for _ in range(count)]
    for answer in await asyncio.gather(*(teller.hear(payment, call) for call in calls)):
        _must(teller, "equal payments at the same instant are all told paid", answer, "2002500", "4042518")
    await _until_paid(teller, payment)


async def replay(teller: Teller, bill: Bill) -> None:
    """The very same bytes and headers again."""
    payment = teller.begin(bill)
    call = await teller.sign(payment)
    first, again = await teller.hear(payment, call), await teller.hear(payment, call)
    if first is not None and again is not None and first["responseCode"] == again["responseCode"] == "2002500":
        teller.report.expect(
            "a replay gets the first answer, word for word", held=first == again, id=payment.request_id
        )
    await _until_paid(teller, payment)


async def wrong_amount(teller: Teller, bill: Bill) -> None:
    """Another amount, repeated with advice: refused twice, nothing booked; then the right one."""
    payment = teller.begin(bill)
    what, spell, codes = teller.rng.choice(BAD_AMOUNTS)
    for advise in (False, True):
        answer = await teller.ask(await teller.sign(payment, value=spell(payment.amount), advise=advise))
        _must(teller, f"{what} is refused", answer, *codes)
    await _until_paid(teller, payment)


async def spelt_otherwise(teller: Teller, bill: Bill) -> None:
    """The right amount in another spelling, after it was paid: the same payment."""
    payment = await teller.visit(bill)
    if payment.belief is Belief.PAID:
        answer = await teller.hear(payment, await teller.sign(payment, value=str(payment.amount)))
        _must(teller, "the same amount without decimals is the same payment", answer, "2002500", "4042518")


async def other_amount_later(teller: Teller, bill: Bill) -> None:
    """A paid payment is told again with another amount: the first result stands."""
    payment = await teller.visit(bill)
    if payment.belief is not Belief.PAID:
        return
    answer = await teller.ask(await teller.sign(payment, value=f"{payment.amount + 1000}.00", advise=True))
    if _must(teller, "another amount under a paid id is inconsistent", answer, "4042518"):
        told = _data(answer).get("paidAmount", {}).get("value")
        teller.report.expect("the first amount is told", held=told == f"{payment.amount}.00", told=told)


async def other_account(teller: Teller, bill: Bill) -> None:
    """A paid id is told again for another account: never success."""
    payment = await teller.visit(bill)
    other = _mistyped(bill)
    body = teller.bank.payment_body(other.number, f"{bill.amount}.00", payment.request_id)
    answer = await teller.ask(await teller.bank.sign(PAYMENT_PATH, body))
    if _must(teller, "another account under a used id is not paid", answer, "4042512"):
        flag = _data(answer).get("paymentFlagStatus")
        teller.report.expect("its flag is 01", held=flag == "01", flag=flag)


async def forged(teller: Teller, bill: Bill) -> None:
    """A stranger signs; the bank's own payment is not disturbed."""
    payment = teller.begin(bill)
    answer = await teller.ask(await teller.sign(payment, manner=Manner(forged=True)))
    _must(teller, "a forged signature is refused", answer, "4012500")
    await _until_paid(teller, payment)


async def altered(teller: Teller, bill: Bill) -> None:
    """The body is altered on the way."""
    payment = teller.begin(bill)
    call = await teller.sign(payment)
    content = call.content.replace(b'"IDR"', b'"USD"', 1)
    answer = await teller.ask(type(call)(call.path, call.headers, content))
    _must(teller, "an altered body is refused", answer, "4012500")
    await _until_paid(teller, payment)


async def wrong_clock(teller: Teller, bill: Bill) -> None:
    """An old request is replayed, or the bank's clock is wrong; a little wrong is served."""
    payment = teller.begin(bill)
    answer = await teller.ask(await teller.sign(payment, manner=Manner(skew=teller.rng.choice(WRONG_CLOCKS))))
    _must(teller, "a time outside the window is refused", answer, "4012500")
    slightly = Manner(skew=teller.rng.choice(RIGHT_ENOUGH))
    _must(teller, "two minutes are forgiven", await teller.tell(payment, manner=slightly), "2002500")
    await _until_paid(teller, payment)


async def shuffled(teller: Teller, bill: Bill) -> None:
    """The same JSON in other bytes: other order, blanks, an unknown field, raw UTF-8."""
    payment = teller.begin(bill)
    for _ in range(2):
        answer = await teller.tell(payment, manner=Manner(shuffle=teller.rng))
        _must(teller, "other bytes of the same JSON are served", answer, "2002500", "4042518")
    await _until_paid(teller, payment)


async def said_twice(teller: Teller, bill: Bill) -> None:
    """`paidAmount` stands twice in the body: readers would disagree which one counts."""
    payment = teller.begin(bill)
    body = json.dumps(teller.bank.payment_body(payment.number, "1.00", payment.request_id), separators=(",", ":"))
    money = f'{{"value":"{payment.amount}.00","currency":"IDR"}}'
    content = (body[:-1] + f',"paidAmount":{money}}}').encode()
    answer = await teller.ask(await teller.bank.sign(PAYMENT_PATH, content))
    _must(teller, "a repeated name is refused", answer, "4002500")
    await _until_paid(teller, payment)


async def two_payers(teller: Teller, bill: Bill) -> None:
    """Two customers pay one bill at the same instant: one of them gets the money back."""
    payers = [teller.begin(bill), teller.begin(bill)]
    await asyncio.gather(*(teller.insist(each) for each in payers))
    paid = [each for each in payers if teller.books.payments[each.request_id].belief is Belief.PAID]
    teller.report.expect("one bill is paid once", held=len(paid) == 1, number=bill.number, times=len(paid))


async def paid_already(teller: Teller, bill: Bill) -> None:
    """Somebody pays a bill that is paid."""
    await teller.visit(bill)
    _must(teller, "a paid bill is refused", await teller.tell(teller.begin(bill)), "4042514")


async def id_used_today(teller: Teller, bill: Bill) -> None:
    """Another payment under today's X-EXTERNAL-ID of an earlier one."""
    first, second = teller.begin(bill), teller.begin(bill)
    external_id = digits(18)
    if await teller.tell(first, external_id=external_id) is not None:
        _must(
            teller, "a used X-EXTERNAL-ID is a conflict", await teller.tell(second, external_id=external_id), "4092500"
        )
    await _until_paid(teller, first)
    await teller.clear_up(second)


async def new_token(teller: Teller, bill: Bill) -> None:
    """A new token is fetched; the older one stays good."""
    payment = teller.begin(bill)
    call = await teller.sign(payment)
    await teller.bank.token()
    _must(teller, "an older token stays good", await teller.hear(payment, call), "2002500")
    await _until_paid(teller, payment)


async def mistyped(teller: Teller, bill: Bill) -> None:
    """The customer mistypes a digit, then does not."""
    payment = teller.begin(bill)
    body = teller.bank.inquiry_body(_mistyped(bill).number, payment.request_id)
    answer = await teller.ask(await teller.bank.sign(INQUIRY_PATH, body))
    _must(teller, "a mistyped number is not found", answer, "4042412")
    await _until_paid(teller, payment)


TRICKS: dict[str, Trick] = {
    each.__name__: each
    for each in (
        ordinary, hang_up, advice_first, burst, replay, wrong_amount, spelt_otherwise, other_amount_later, other_account,
        forged, altered, wrong_clock, shuffled, said_twice, two_payers, paid_already, id_used_today, new_token, mistyped,
    )
}  # fmt: skip


async def _until_paid(teller: Teller, payment: Payment) -> None:
    """After the trick the payment is made as any other, unless it has been heard as paid."""
    if not is_success(teller.books.payments[payment.request_id].code):
        await teller.insist(payment)
    belief = teller.books.payments[payment.request_id].belief
    teller.report.expect(
        "a payment is booked in the end", held=belief is Belief.PAID, id=payment.request_id, now=belief
    )


def _must(teller: Teller, what: str, answer: dict[str, Any] | None, *codes: str) -> bool:
    """Expect one of these codes, unless the server was silent or busy; whether one of them came."""
    code = "" if answer is None else str(answer["responseCode"])
    if not code or says_nothing(code):
        return False
    teller.report.expect(what, held=code in codes, code=code)
    return code in codes


def _data(answer: dict[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = (answer or {}).get("virtualAccountData", {})
    return found


def _mistyped(bill: Bill) -> Bill:
    last = (int(bill.customer_no[-1]) + 1) % 10
    return Bill(bill.partner_service_id, bill.customer_no[:-1] + str(last), bill.amount)
