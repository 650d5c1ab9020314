"""The sandbox bank acts by itself: pays bills at a rate, misbehaves if told to, and asks for every payment at the end.

What it proves at the end: the biller knows each payment as the bank was told, and none that it refused.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.sandbox.bank_books import Belief, Payment
from app.sandbox.bank_life import Bill, Teller, says_nothing
from app.sandbox.bank_tricks import TRICKS, ordinary

AT_ONCE = 8
"""Customers that are served at the same time."""
ASK_AGAIN = 5
ASK_AGAIN_S = 1.0


@dataclass(frozen=True)
class Pace:
    """How fast (bills a second), and until when (`time.monotonic`); None for as fast, or as long, as it goes."""

    per_s: float | None = None
    until: float | None = None


async def pay_all(
    teller: Teller, bills: Iterable[Bill], pace: Pace, *, chaos: bool, stop: asyncio.Event, paid: Callable[[], None]
) -> None:
    """Pay the bills, some at the same time; ends with them, at the time, or when `stop` is set. `paid` is called for each."""
    slots, tasks = asyncio.Semaphore(AT_ONCE), set[asyncio.Task[None]]()
    started = time.monotonic()

    def done(task: asyncio.Task[None]) -> None:
        slots.release()
        tasks.discard(task)
        paid()

    for place, bill in enumerate(bills):
        due = started + place / pace.per_s if pace.per_s else started
        if due > time.monotonic():
            await asyncio.sleep(due - time.monotonic())
        await slots.acquire()
        if stop.is_set() or (pace.until is not None and time.monotonic() >= pace.until):
            slots.release()
            break
        task = asyncio.create_task(_pay(teller.for_bill(place), bill, chaos=chaos))
        tasks.add(task)
        task.add_done_callback(done)
    await asyncio.gather(*tasks)


async def ask_all(teller: Teller) -> None:
    """Ask what became of every payment of this run, and hold the answers against the bank's own books."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(request_id: str) -> None:
        async with slots:
            await _compare(teller, teller.books.payments[request_id])

    await asyncio.gather(*(one(request_id) for request_id in teller.report.request_ids))


async def _pay(teller: Teller, bill: Bill, *, chaos: bool) -> None:
    name = teller.rng.choice(list(TRICKS)) if chaos else ordinary.__name__
    teller.report.tricks[name] += 1
    try:
        await TRICKS[name](teller, bill)
    except OSError as error:  # a server that is gone: the payments stay in doubt, as they would
        teller.report.codes[type(error).__name__] += 1


async def _compare(teller: Teller, payment: Payment) -> None:
    if payment.belief is Belief.DOUBT:
        payment = await teller.insist(payment, advise=True)
    for _ in range(ASK_AGAIN):
        answer = await teller.status(payment)
        if answer is not None and not says_nothing(answer["responseCode"]):
            break
        await asyncio.sleep(ASK_AGAIN_S)
    else:
        teller.report.expect("the server says what became of a payment", held=False, id=payment.request_id)
        return
    code, data = answer["responseCode"], answer.get("virtualAccountData", {})
    if payment.belief is Belief.PAID:
        told = (code, data.get("paymentFlagStatus"), data.get("paidAmount", {}).get("value"))
        held = told == ("2002600", "00", f"{payment.amount}.00")
        teller.report.expect(
            "what was told paid is known, with its amount", held=held, told=told, id=payment.request_id
        )
    else:
        held = code in ("4042601", "4042612")
        teller.report.expect("what was refused is not booked", held=held, code=code, id=payment.request_id)
