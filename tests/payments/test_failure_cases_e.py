"""Failure cases 60 to 64, 67, 68 and 72: what a bank's file says, line by line, held against our books."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services import billing
from app.services.billing.accounts import SUSPENSE
from app.services.billing.models import Bill, Refund, SnapPayment
from app.services.billing.settlement.decisions import Proposal
from app.services.billing.settlement.jobs import find_missing
from app.services.etle.models import TicketReceipt
from tests import make
from tests.payments.books import Books, booked, heard
from tests.services.billing.fake_bank import connected
from tests.settlements import DAY, Desk, Told, decided, join_desk

NEXT = DAY + timedelta(days=1)


@pytest.fixture
async def desk(house, client) -> Desk:
    return await join_desk(house, client)


def imported(lines: int, *, entry_lines: int, entries: int = 1, **more: int) -> dict[str, int]:
    """The rows that a file with one statement leaves: its job, its lines, and the entry for all of them."""
    made = {"files": 1, "statements": 1, "settled": lines, "entries": entries, "lines": entry_lines, "jobs": 1}
    return {name: made.get(name, 0) + more.get(name, 0) for name in {*made, *more}}


ASKED = {"jobs": 1, "questions": 1}
"""A line that we know nothing of: its bank is asked."""


async def test_case_60_a_line_that_matches_an_entry_settles_it(desk: Desk) -> None:
    told = [await desk.paid("R1"), await desk.paid("R2", 100_000)]
    books = await Books.open(desk.house)
    file = await desk.send(told)
    assert (file.state, file.counts, file.lines_total, file.lines_new) == ("done", {"matched": 2}, 2, 2)
    await books.changed(**imported(2, entry_lines=3))
    await books.hold(BA=350_000, TD=-350_000)
    first, second = await desk.lines()
    assert (first.outcome, first.settled, first.held, first.bill_id) == ("matched", 250_000, 0, desk.bills[0].id)
    assert first.entry_id == second.entry_id
    answer = await desk.ask(file.id)
    assert (answer["state"], answer["lines_done"], answer["counts"], answer["refusal"]) == (
        "done", 2, {"matched": 2}, None,
    )  # fmt: skip


async def billed(house: House, desk: Desk, case_id) -> tuple[Bill, Told]:
    """The bill of a ticket, and the line that says that it was paid as R1."""
    async with house.db.begin(SYSTEM) as tx:
        bill = await tx.one(Bill, (await billing.bill_of(tx.session, case_id)).id)  # type: ignore[union-attr]
    assert bill is not None
    return bill, Told("X1", "R1", desk.bank.partner + bill.customer_no, bill.amount, text="TILANG BUDI")


async def test_case_61_a_payment_we_never_saw_is_asked_for_and_linked_and_the_bank_may_still_tell_of_it(
    house: House, client, ticket, bank
) -> None:
    desk = Desk(house, bank)
    bill, line = await billed(house, desk, ticket.case_id)
    books = await Books.open(house)
    async with connected(house, bank.client_id) as fake:
        fake.paid("R1", bank.account(bill.customer_no), bill.amount)
        file = await desk.send([line])
    assert file.counts == {"unknown": 1}
    [asked] = fake.asked  # status, service 26
    assert (asked["inquiryRequestId"], asked["virtualAccountNo"].strip()) == ("R1", line.account)
    await books.changed(**imported(1, entry_lines=2, differences=1, **ASKED))
    await books.hold(BA=bill.amount, SU=-bill.amount)
    [difference] = await desk.differences()
    assert (difference.kind, difference.suggested, difference.held) == ("unknown", "link", bill.amount)
    assert "BUDI" not in repr(difference.model_dump())
    heard(await bank.status(bill.customer_no, "R1"), "4042601")
    await books.look()

    closed = await decided(house, difference, Proposal("link", "uangnya untuk tilang ini"))
    assert (closed.state, closed.held) == ("closed", 0)
    await books.changed(payments=1, entries=2, lines=4, settled=1, steps=2, events=1, receipts=1, messages=1, jobs=1)
    await books.hold(BA=bill.amount, TD=-bill.amount)
    [payment] = await desk.rows(SnapPayment, SnapPayment.id)
    assert (payment.client_id, payment.payment_request_id, payment.entry_id) == (
        bank.client_id, "R1", closed.entry_id,
    )  # fmt: skip
    old, new = await desk.lines()
    assert (old.ended_entry_id, new.payment_id, new.settled, new.held) == (new.entry_id, payment.id, bill.amount, 0)
    assert await books.state(ticket.bill) == "paid"
    assert await make.state_of(house, ticket.case_id) == "deposit_paid"
    async with house.db.read() as connection:
        receipt = await billing.payment_of(connection, bill.id)
    assert receipt is not None
    assert receipt.payment_request_id == "R1"

    # Never refused with a code what the books hold as paid.
    for flag_advise in "NY":
        body = bank.payment_body(bill.customer_no, "R1", bill.amount, flagAdvise=flag_advise)
        told = booked(await bank.call("/v1.0/transfer-va/payment", body))
        assert told["virtualAccountData"]["paidAmount"]["value"] == f"{bill.amount}.00"
    status = heard(await bank.status(bill.customer_no, "R1"), "2002600", flag="00")
    assert status["virtualAccountData"]["paymentRequestId"] == "R1"
    heard(await bank.pay(bill.customer_no, "R2", bill.amount), "4042514", flag="01")
    await books.changed(external_ids=4)
    await books.hold(BA=bill.amount, TD=-bill.amount)


async def test_case_61_a_linked_line_without_an_id_becomes_the_payment_that_its_bank_tells(desk: Desk) -> None:
    line = replace(await desk.unpaid("R1"), request="")
    await desk.send([line])
    [difference] = await desk.differences()
    await decided(desk.house, difference, Proposal("link", "uangnya untuk tilang ini"))
    number = desk.bills[0].customer_no
    await desk.bank.sign_in()
    books = await Books.open(desk.house)
    heard(await desk.bank.status(number, "R1"), "2002600", flag="00")
    heard(await desk.bank.pay(number, "R1", 249_999), "4042514", flag="01")
    first = await desk.bank.pay(number, "R1")
    assert booked(first)["virtualAccountData"]["paymentRequestId"] == "R1"
    assert (await desk.bank.pay(number, "R1")).content == first.content
    heard(await desk.bank.status(number, "R1"), "2002600", flag="00")
    heard(await desk.bank.pay(number, "R2"), "4042514", flag="01")  # the line was one payment, and has its id by now
    heard(await desk.bank.status(number, "R2"), "4042601")
    await books.changed(external_ids=7)
    await books.hold(BA=250_000, TD=-250_000)


async def test_case_61_money_whose_id_is_another_payments_is_linked_under_an_id_of_ours(desk: Desk) -> None:
    line = await desk.paid("R1")
    other = await desk.unpaid("R2")
    await desk.send([line, line])  # the second is meant for the other bill, as its payer says
    [difference] = await desk.differences()
    await decided(desk.house, difference, Proposal("link", "salah nomor", bill_id=desk.bills[1].id))
    assert await desk.books() == {"BA": 500_000, "TD": -500_000}
    first, second = await desk.rows(SnapPayment, SnapPayment.received_at)
    assert {first.payment_request_id, second.payment_request_id} == {"R1", f"settlement-{difference.id}"}
    heard(await desk.bank.status(desk.bills[0].customer_no, "R1"), "2002600", flag="00")
    assert other.account != line.account


async def test_case_61_money_for_nothing_that_we_know_waits(desk: Desk) -> None:
    books = await Books.open(desk.house)
    await desk.send([Told("X1", "R9", "", 70_000)])
    await books.changed(**imported(1, entry_lines=2, differences=1, **ASKED))
    [difference] = await desk.differences()
    assert (difference.kind, difference.bill_id, difference.suggested) == ("unknown", None, "offset")
    await books.hold(BA=70_000, SU=-70_000)


@pytest.mark.parametrize("why", ["paid", "expired", "amount"])
async def test_case_62_money_that_we_refused_and_the_bank_kept_is_owed_back(
    desk: Desk, clock: FixedClock, why: str
) -> None:
    line = await desk.unpaid("R2")
    if why == "paid":
        line = await desk.paid("R1")
        await desk.send([line])
        line = replace(line, reference="X2", request="R2", day=NEXT)
    elif why == "expired":
        clock.advance(timedelta(days=8))
        await desk.bank.sign_in()
        line = replace(line, day=DAY + timedelta(days=8))
    else:
        line = replace(line, amount=249_999)
    before = (await desk.books()).get("BA", 0)
    refusal = {"paid": "4042514", "expired": "4042519", "amount": "4042513"}[why]
    heard(await desk.bank.pay(desk.bills[-1].customer_no, "R2", line.amount), refusal, flag="01")
    books = await Books.open(desk.house)
    file = await desk.send([line], name="kept.csv")
    assert file.counts == {"refused": 1}
    await books.changed(**imported(1, entry_lines=2, differences=1, **ASKED))
    [difference] = await desk.differences()
    assert (difference.kind, difference.suggested, difference.held) == ("refused", "refund", line.amount)
    assert (await desk.books())[SUSPENSE] == -line.amount
    await decided(desk.house, difference, Proposal("refund", "ditolak, tetapi uangnya ada"))
    await books.changed(entries=1, lines=2, refunds=1, steps=2)
    held = await desk.books()
    assert (held["BA"] - before, held["RF"], held.get(SUSPENSE)) == (line.amount, -line.amount, None)
    [refund] = await desk.rows(Refund, Refund.owed_at)
    assert (refund.bill_id, refund.amount, refund.state) == (desk.bills[-1].id, line.amount, "owed")


async def test_case_63_a_payment_that_the_file_lacks_is_pending_then_missing_and_never_reversed(
    desk: Desk, clock: FixedClock
) -> None:
    here, missing = await desk.paid("R1"), await desk.paid("R2")
    await desk.send([here])
    books = await Books.open(desk.house)
    clock.advance(timedelta(days=1))
    await find_missing(desk.house)
    await books.changed()
    clock.advance(timedelta(days=2))
    await find_missing(desk.house)
    await find_missing(desk.house)
    await books.changed(differences=1)
    [difference] = await desk.differences()
    assert (difference.kind, difference.suggested, difference.bill_id) == ("missing", "dismiss", desk.bills[1].id)
    await books.hold(BA=250_000, BC=250_000, TD=-500_000)
    assert await books.state(desk.bills[1]) == "paid"
    await desk.send([replace(missing, day=NEXT)])
    await books.changed(**imported(1, entry_lines=2, steps=1))
    [difference] = await desk.differences()
    assert (difference.state, difference.closed_by) == ("closed", "system")
    await books.hold(BA=500_000, TD=-500_000)


async def test_case_63_a_day_without_any_file_is_one_difference(desk: Desk, clock: FixedClock) -> None:
    lines = [await desk.paid("R1"), await desk.paid("R2")]
    books = await Books.open(desk.house)
    clock.advance(timedelta(days=3))
    await find_missing(desk.house)
    await books.changed(differences=1)
    [difference] = await desk.differences()
    assert (difference.kind, difference.facts) == ("no_statement", {"day": str(DAY)})
    await desk.send(lines)
    await books.changed(**imported(2, entry_lines=3, steps=1))
    [difference] = await desk.differences()
    assert (difference.state, difference.closed_by) == ("closed", "system")


async def test_case_63_two_persons_may_undo_a_payment_that_never_came(desk: Desk, clock: FixedClock) -> None:
    await desk.paid("R1", days=30)
    await desk.send([await desk.paid("R2", days=30)])
    clock.advance(timedelta(days=3))
    await find_missing(desk.house)
    books = await Books.open(desk.house)
    [difference] = await desk.differences()
    await decided(desk.house, difference, Proposal("reverse", "bank menyatakan tidak ada"))
    await books.changed(entries=1, lines=2, steps=2)
    await books.hold(BA=250_000, TD=-250_000)
    assert await books.state(desk.bills[0]) == "open"


@pytest.mark.parametrize(("told", "suspense"), [(249_000, 1_000), (250_500, -500)])
async def test_case_64_another_amount_closes_the_clearing_and_leaves_the_rest_in_suspense(
    desk: Desk, told: int, suspense: int
) -> None:
    line = await desk.paid("R1")
    books = await Books.open(desk.house)
    file = await desk.send([replace(line, amount=told)])
    assert file.counts == {"amount": 1}
    await books.changed(**imported(1, entry_lines=3, differences=1))
    await books.hold(BA=told, SU=suspense, TD=-250_000)
    [difference] = await desk.differences()
    assert (difference.kind, difference.held) == ("amount", -suspense)
    await decided(desk.house, difference, Proposal(difference.suggested, "sudah ditanyakan"))
    expected = {"BF": 1_000} if suspense > 0 else {"RF": -500}
    await books.changed(entries=1, lines=2, steps=2, refunds=1 if suspense < 0 else 0)
    await books.hold(BA=told, TD=-250_000, **expected)


async def test_case_64_a_fee_by_contract_goes_to_its_own_account(house: House, client) -> None:
    desk = await join_desk(house, client, profile="sandbox")
    line = await desk.paid("R1")
    books = await Books.open(house)
    file = await desk.send([replace(line, fee=1_500)])
    assert file.counts == {"matched": 1}
    await books.changed(**imported(1, entry_lines=3))
    await books.hold(BA=248_500, BF=1_500, TD=-250_000)


async def test_case_64_a_fee_that_no_contract_knows_goes_to_a_person(desk: Desk) -> None:
    line = await desk.paid("R1")
    books = await Books.open(desk.house)
    file = await desk.send([replace(line, fee=1_500)])
    assert file.counts == {"amount": 1}
    await books.changed(**imported(1, entry_lines=3, differences=1))
    await books.hold(BA=248_500, BF=1_500, TD=-250_000)
    [line_row] = await desk.lines()
    assert (line_row.settled, line_row.held) == (250_000, 0)
    [difference] = await desk.differences()
    closed = await decided(desk.house, difference, Proposal("dismiss", "sesuai perjanjian baru"))
    assert closed.entry_id is None
    await books.changed(steps=2)


async def test_case_67_two_equal_lines_are_two_payments_and_the_second_waits(desk: Desk) -> None:
    line = await desk.paid("R1")
    books = await Books.open(desk.house)
    file = await desk.send([line, line])
    assert file.counts == {"duplicate": 1, "matched": 1}
    await books.changed(**imported(2, entry_lines=3, differences=1))
    await books.hold(BA=500_000, SU=-250_000, TD=-250_000)
    assert [(each.bank_reference, each.ordinal) for each in await desk.lines()] == [("REFR1", 0), ("REFR1", 1)]
    [difference] = await desk.differences()
    assert (difference.kind, difference.suggested, difference.held) == ("duplicate", "refund", 250_000)


@pytest.mark.parametrize("together", [True, False])
async def test_case_68_a_reversal_undoes_the_payment_and_the_receipt_is_void(
    house: House, client, ticket, bank, together: bool
) -> None:
    desk = Desk(house, bank)
    bill, line = await billed(house, desk, ticket.case_id)
    booked(await bank.pay(bill.customer_no, "R1", bill.amount))
    [receipt] = await receipt_codes(house, ticket.case_id)
    back = replace(line, mark="R")
    books = await Books.open(house)
    reversal = {"events": 1, "messages": 1, "incidents": 1}
    if together:
        file = await desk.send([line, replace(back, reference="X2")])
        assert file.counts == {"matched": 1, "reversed": 1}
        # The payment's job was still in the queue; the case has moved and its payer is told.
        await books.changed(**imported(2, entry_lines=6, entries=3, **reversal, jobs=1))
    else:
        await desk.send([line])
        await books.look()
        file = await desk.send([replace(back, request="", account="", day=NEXT)])  # by the bank's reference alone
        assert file.counts == {"reversed": 1}
        await books.changed(**imported(1, entry_lines=4, entries=2, **reversal, jobs=1))
    await books.hold()
    assert await books.state(ticket.bill) == "open"
    assert await make.state_of(house, ticket.case_id) == "tilang_issued"
    assert [each.settled for each in await desk.lines()] == [bill.amount, -bill.amount]
    answer = (await client.get(f"/v1/verify/{receipt}")).json()
    assert (answer["genuine"], answer["revoked_at"] is not None) == (False, True)
    # The same bill may be paid anew, and gets a receipt of its own.
    booked(await desk.bank.pay(bill.customer_no, "R2", bill.amount))
    [new] = await receipt_codes(house, ticket.case_id) - {receipt}
    assert (await client.get(f"/v1/verify/{new}")).json()["genuine"]


async def test_case_68_what_has_no_home_goes_home_by_itself(desk: Desk) -> None:
    unknown = Told("X1", "R9", "", 70_000)
    await desk.send([unknown])
    books = await Books.open(desk.house)
    file = await desk.send([replace(unknown, mark="R", day=NEXT)])
    assert file.counts == {"returned": 1}
    await books.changed(**imported(1, entry_lines=2, steps=1))
    await books.hold()
    [difference] = await desk.differences()
    assert (difference.state, difference.closed_by) == ("closed", "system")


async def test_case_68_money_that_has_moved_on_waits_for_a_person(desk: Desk) -> None:
    line = await desk.paid("R1")
    async with desk.house.db.begin(SYSTEM) as tx:
        await billing.owe_refund(tx, desk.bills[0].id, 100_000, "uji")
    books = await Books.open(desk.house)
    await desk.send([line, replace(line, reference="X2", mark="R")])
    await books.changed(**imported(2, entry_lines=4, entries=2, differences=1))
    await books.hold(SU=250_000, RF=-100_000, TD=-150_000)
    [difference] = await desk.differences()
    assert (difference.kind, difference.held) == ("reversal", -250_000)


async def test_a_debit_that_nothing_explains_is_a_charge_when_two_persons_say_so(desk: Desk) -> None:
    await desk.send([Told("ADM", "", "", 12_000, mark="D", text="BIAYA ADM")])
    [difference] = await desk.differences()
    assert (difference.kind, difference.held, difference.suggested) == ("debit", -12_000, "charge")
    await decided(desk.house, difference, Proposal("charge", "biaya bulanan"))
    assert await desk.books() == {"BA": -12_000, "BF": 12_000}


async def test_two_differences_that_cancel_out_are_closed_together(desk: Desk) -> None:
    await desk.send([Told("X1", "R9", "", 70_000), Told("Y7", "", "", 70_000, mark="D")])
    credit, debit = sorted(await desk.differences(), key=lambda each: -each.held)
    await decided(desk.house, credit, Proposal("offset", "pengembalian manual", other_id=debit.id))
    assert await desk.books() == {}
    assert {each.state for each in await desk.differences()} == {"closed"}


async def test_case_72_a_payment_at_midnight_stands_in_the_next_days_file(desk: Desk, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=13, minutes=59, seconds=59))  # 23:59:59 WIB
    await desk.bank.sign_in()
    line = await desk.paid("R1")
    books = await Books.open(desk.house)
    file = await desk.send([replace(line, day=NEXT, at="2026-03-02T16:59:59+00:00")])
    assert file.counts == {"matched": 1}
    await books.changed(**imported(1, entry_lines=2))
    await books.hold(BA=250_000, TD=-250_000)


async def test_case_72_without_an_id_the_account_decides(desk: Desk) -> None:
    line = await desk.paid("R1")
    books = await Books.open(desk.house)
    file = await desk.send([replace(line, request="", reference="OTHER", day=NEXT)])
    assert file.counts == {"matched": 1}
    await books.changed(**imported(1, entry_lines=2))
    await books.hold(BA=250_000, TD=-250_000)


async def receipt_codes(house: House, case_id: object) -> set[str]:
    async with house.db.read() as connection:
        query = select(col(TicketReceipt.check_code)).where(col(TicketReceipt.case_id) == case_id)
        return set((await connection.execute(query)).scalars())
