"""What goes wrong between a bank's file and our books: each case asserts the answer, the ledger, and the rows."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import billing
from app.services.billing.accounts import SUSPENSE
from app.services.billing.models import Bill, Refund
from app.services.billing.settlement import decisions
from app.services.billing.settlement.decisions import Proposal
from app.services.billing.settlement.jobs import find_missing
from app.services.billing.settlement.models import SettlementException, SettlementStatement, SettlementStep
from app.services.etle.models import TicketReceipt
from app.services.transparency.models import Leaf
from tests import make
from tests.banks import code, join_bank
from tests.drain import drain
from tests.settlements import DAY, Desk, Told, join_desk, two_treasurers, written

NEXT = DAY + timedelta(days=1)


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    return await join_desk(house, client)


async def done(house: House, row: SettlementException, proposal: Proposal) -> SettlementException:
    """One treasurer proposes, the other confirms."""
    first, second = await two_treasurers(house, row.unit)
    async with house.db.begin(first) as tx:
        await decisions.propose(tx, row.id, proposal)
    async with house.db.begin(second) as tx:
        return await decisions.confirm(tx, row.id, "sepakat")


async def bill_of(house: House, bill: Bill) -> Bill:
    async with house.db.begin(SYSTEM) as tx:
        found = await tx.one(Bill, bill.id)
    assert found is not None
    return found


async def leaves(house: House, kind: str) -> int:
    async with house.db.read() as connection:
        return len((await connection.execute(select(col(Leaf.id)).where(col(Leaf.kind) == kind))).all())


async def test_case_60_a_line_that_matches_an_entry_settles_it(desk: Desk) -> None:
    file = await desk.send([await desk.paid("R1"), await desk.paid("R2", 100_000)])
    assert (file.state, file.counts, file.lines_total, file.lines_new) == ("done", {"matched": 2}, 2, 2)
    assert await desk.books() == {"BA": 350_000, "TD": -350_000}
    first, second = await desk.lines()
    assert (first.outcome, first.settled, first.held, first.bill_id) == ("matched", 250_000, 0, desk.bills[0].id)
    assert first.entry_id == second.entry_id
    assert await desk.differences() == []
    assert await leaves(desk.house, "settlement_file") == 2  # received, done


async def test_case_61_a_payment_we_never_saw_is_linked_by_two_persons_and_the_receipt_follows(
    house: House, client: httpx.AsyncClient
) -> None:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    desk = await join_desk(house, client)
    async with house.db.begin(SYSTEM) as tx:
        bill = await billing.bill_of(tx.session, case_id, at=tx.now)
        assert bill is not None
        row = await tx.one(Bill, bill.id)
        assert row is not None
    account = desk.bank.partner + row.customer_no
    file = await desk.send([Told("X1", "R1", account, bill.amount, text="TILANG BUDI")])
    assert file.counts == {"unknown": 1}
    assert await desk.books() == {"BA": bill.amount, "SU": -bill.amount}
    [difference] = await desk.differences()
    assert (difference.kind, difference.suggested, difference.held) == ("unknown", "link", bill.amount)
    assert "BUDI" not in repr(difference.model_dump())
    closed = await done(house, difference, Proposal("link", "uangnya untuk tilang ini"))
    assert (closed.state, closed.held) == ("closed", 0)
    assert await desk.books() == {"BA": bill.amount, "TD": -bill.amount}
    paid = await bill_of(house, row)
    assert (paid.state, paid.paid_entry_id) == ("paid", closed.entry_id)
    assert await make.state_of(house, case_id) == "deposit_paid"
    async with house.db.read() as connection:
        payment = await billing.payment_of(connection, row.id)
    assert payment is not None
    assert payment.payment_request_id == "R1"
    assert await leaves(house, "settlement_step") == 2


async def test_case_61_money_for_nothing_that_we_know_waits(desk: Desk) -> None:
    await desk.send([Told("X1", "R9", "", 70_000)])
    [difference] = await desk.differences()
    assert (difference.kind, difference.bill_id, difference.suggested) == ("unknown", None, "offset")
    assert await desk.books() == {"BA": 70_000, "SU": -70_000}


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
        answer = await desk.bank.sign_in()
        line = replace(line, day=DAY + timedelta(days=8))
    else:
        line = replace(line, amount=249_999)
    before = (await desk.books()).get("BA", 0)
    answer = await desk.bank.pay(desk.bills[-1].customer_no, "R2", line.amount)
    assert code(answer) != "2002500"
    file = await desk.send([line], name="kept.csv")
    assert file.counts == {"refused": 1}
    [difference] = await desk.differences()
    assert (difference.kind, difference.suggested, difference.held) == ("refused", "refund", line.amount)
    assert (await desk.books())[SUSPENSE] == -line.amount
    await done(desk.house, difference, Proposal("refund", "ditolak, tetapi uangnya ada"))
    books = await desk.books()
    assert (books["BA"] - before, books["RF"], books.get(SUSPENSE)) == (line.amount, -line.amount, None)
    [refund] = await desk.rows(Refund, Refund.owed_at)
    assert (refund.bill_id, refund.amount, refund.state) == (desk.bills[-1].id, line.amount, "owed")


async def test_case_63_a_payment_that_the_file_lacks_is_pending_then_missing_and_never_reversed(
    desk: Desk, clock: FixedClock
) -> None:
    here, missing = await desk.paid("R1"), await desk.paid("R2")
    await desk.send([here])
    clock.advance(timedelta(days=1))
    await find_missing(desk.house)
    assert await desk.differences() == []
    clock.advance(timedelta(days=2))
    await find_missing(desk.house)
    await find_missing(desk.house)
    [difference] = await desk.differences()
    assert (difference.kind, difference.suggested, difference.bill_id) == ("missing", "dismiss", desk.bills[1].id)
    assert await desk.books() == {"BA": 250_000, "BC": 250_000, "TD": -500_000}
    assert (await bill_of(desk.house, desk.bills[1])).state == "paid"
    await desk.send([replace(missing, day=NEXT)])
    [difference] = await desk.differences()
    assert (difference.state, difference.closed_by) == ("closed", "system")
    assert await desk.books() == {"BA": 500_000, "TD": -500_000}


async def test_case_63_a_day_without_any_file_is_one_difference(desk: Desk, clock: FixedClock) -> None:
    lines = [await desk.paid("R1"), await desk.paid("R2")]
    clock.advance(timedelta(days=3))
    await find_missing(desk.house)
    [difference] = await desk.differences()
    assert (difference.kind, difference.facts) == ("no_statement", {"day": str(DAY)})
    await desk.send(lines)
    [difference] = await desk.differences()
    assert (difference.state, difference.closed_by) == ("closed", "system")


async def test_case_63_two_persons_may_undo_a_payment_that_never_came(desk: Desk, clock: FixedClock) -> None:
    await desk.paid("R1", days=30)
    await desk.send([await desk.paid("R2", days=30)])
    clock.advance(timedelta(days=3))
    await find_missing(desk.house)
    [difference] = await desk.differences()
    await done(desk.house, difference, Proposal("reverse", "bank menyatakan tidak ada"))
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}
    assert (await bill_of(desk.house, desk.bills[0])).state == "open"


@pytest.mark.parametrize(("told", "suspense"), [(249_000, 1_000), (250_500, -500)])
async def test_case_64_another_amount_closes_the_clearing_and_leaves_the_rest_in_suspense(
    desk: Desk, told: int, suspense: int
) -> None:
    line = await desk.paid("R1")
    file = await desk.send([replace(line, amount=told)])
    assert file.counts == {"amount": 1}
    assert await desk.books() == {"BA": told, "SU": suspense, "TD": -250_000}
    [difference] = await desk.differences()
    assert (difference.kind, difference.held) == ("amount", -suspense)
    await done(desk.house, difference, Proposal(difference.suggested, "sudah ditanyakan"))
    books = await desk.books()
    expected = {"BF": 1_000} if suspense > 0 else {"RF": -500}
    assert books == {"BA": told, "TD": -250_000, **expected}


async def test_case_64_a_fee_goes_to_its_own_account_and_one_that_no_contract_knows_to_a_person(desk: Desk) -> None:
    line = await desk.paid("R1")
    file = await desk.send([replace(line, fee=1_500)])
    assert file.counts == {"amount": 1}
    assert await desk.books() == {"BA": 248_500, "BF": 1_500, "TD": -250_000}
    [line_row] = await desk.lines()
    assert (line_row.settled, line_row.held) == (250_000, 0)
    [difference] = await desk.differences()
    closed = await done(desk.house, difference, Proposal("dismiss", "sesuai perjanjian baru"))
    assert closed.entry_id is None


async def test_case_65_the_same_again_changes_nothing(desk: Desk) -> None:
    lines = [await desk.paid("R1"), await desk.paid("R2")]
    first = await desk.send(lines)
    books = await desk.books()
    again = await desk.send(lines, name="other-name.csv")
    assert again.id == first.id
    other_bytes = await desk.send(written(lines).replace(b"\n", b"\r\n"))
    assert (other_bytes.state, other_bytes.lines_new, other_bytes.counts) == ("done", 0, {})
    assert len(await desk.lines()) == 2
    assert await desk.books() == books


async def test_case_66_a_corrected_file_books_the_differences_and_keeps_the_old_version(desk: Desk) -> None:
    same, changed, gone = await desk.paid("R1"), await desk.paid("R2"), await desk.paid("R3")
    await desk.send([same, replace(changed, amount=249_000), gone])
    late = await desk.paid("R4")
    file = await desk.send([same, changed, late])
    assert (file.state, file.lines_new, file.counts) == ("done", 2, {"matched": 2})
    assert await desk.books() == {"BA": 750_000, "BC": 250_000, "TD": -1_000_000}
    lines = {(each.payment_request_id, each.ended_by is None): each for each in await desk.lines()}
    assert len(lines) == 5
    assert lines["R1", True].statement_id != lines["R1", True].seen_in
    assert lines["R2", False].ended_entry_id is not None
    assert lines["R2", True].settled == 250_000
    assert lines["R3", False].ended_by == lines["R4", True].statement_id
    old, new = await desk.rows(SettlementStatement, SettlementStatement.version)
    assert (old.version, new.version, old.series_id == new.series_id) == (1, 2, True)
    [difference] = await desk.differences()  # the amount that was wrong, mended by the bank
    assert (difference.state, difference.closed_by, difference.held) == ("closed", "system", 0)


async def test_case_66_what_a_person_has_built_on_a_line_is_not_undone_by_a_machine(desk: Desk) -> None:
    line, unknown = await desk.paid("R1"), await desk.unpaid("R2")
    await desk.send([line, unknown])
    [difference] = await desk.differences()
    await done(desk.house, difference, Proposal("link", "uangnya untuk tilang ini"))
    books = await desk.books()
    await desk.send([line])
    assert await desk.books() == books
    _, told = await desk.differences()
    assert (told.kind, told.facts["corrected"], told.held) == ("reversal", True, 0)


async def test_case_67_two_equal_lines_are_two_payments_and_the_second_waits(desk: Desk) -> None:
    line = await desk.paid("R1")
    file = await desk.send([line, line])
    assert file.counts == {"duplicate": 1, "matched": 1}
    assert await desk.books() == {"BA": 500_000, "SU": -250_000, "TD": -250_000}
    assert [(each.bank_reference, each.ordinal) for each in await desk.lines()] == [("REFR1", 0), ("REFR1", 1)]
    [difference] = await desk.differences()
    assert (difference.kind, difference.suggested, difference.held) == ("duplicate", "refund", 250_000)


@pytest.mark.parametrize("together", [True, False])
async def test_case_68_a_reversal_undoes_the_payment_and_the_receipt_is_void(
    house: House, client: httpx.AsyncClient, together: bool
) -> None:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    desk = await join_desk(house, client)
    async with house.db.begin(SYSTEM) as tx:
        bill = await tx.one(Bill, (await billing.bill_of(tx.session, case_id)).id)  # type: ignore[union-attr]
    assert bill is not None
    assert code(await desk.bank.pay(bill.customer_no, "R1", bill.amount)) == "2002500"
    [receipt] = await receipt_codes(house, case_id)
    line = Told("X1", "R1", desk.bank.partner + bill.customer_no, bill.amount)
    back = replace(line, mark="R")
    if together:
        file = await desk.send([line, replace(back, reference="X2")])
        assert file.counts == {"matched": 1, "reversed": 1}
    else:
        await desk.send([line])
        file = await desk.send([replace(back, request="", account="", day=NEXT)])  # by the bank's reference alone
        assert file.counts == {"reversed": 1}
    assert await desk.books() == {}
    assert (await bill_of(house, bill)).state == "open"
    assert await make.state_of(house, case_id) == "tilang_issued"
    assert [each.settled for each in await desk.lines()] == [bill.amount, -bill.amount]
    answer = (await client.get(f"/v1/verify/{receipt}")).json()
    assert (answer["genuine"], answer["revoked_at"] is not None) == (False, True)
    # The same bill may be paid anew, and gets a receipt of its own.
    assert code(await desk.bank.pay(bill.customer_no, "R2", bill.amount)) == "2002500"
    [new] = await receipt_codes(house, case_id) - {receipt}
    assert (await client.get(f"/v1/verify/{new}")).json()["genuine"]


async def test_case_68_what_has_no_home_goes_home_by_itself(desk: Desk) -> None:
    unknown = Told("X1", "R9", "", 70_000)
    await desk.send([unknown])
    file = await desk.send([replace(unknown, mark="R", day=NEXT)])
    assert file.counts == {"returned": 1}
    assert await desk.books() == {}
    [difference] = await desk.differences()
    assert (difference.state, difference.closed_by) == ("closed", "system")


async def test_case_68_money_that_has_moved_on_waits_for_a_person(desk: Desk) -> None:
    line = await desk.paid("R1")
    async with desk.house.db.begin(SYSTEM) as tx:
        await billing.owe_refund(tx, desk.bills[0].id, 100_000, "uji")
    await desk.send([line, replace(line, reference="X2", mark="R")])
    assert await desk.books() == {"SU": 250_000, "RF": -100_000, "TD": -150_000}
    [difference] = await desk.differences()
    assert (difference.kind, difference.held) == ("reversal", -250_000)


async def test_a_debit_that_nothing_explains_is_a_charge_when_two_persons_say_so(desk: Desk) -> None:
    await desk.send([Told("ADM", "", "", 12_000, mark="D", text="BIAYA ADM")])
    [difference] = await desk.differences()
    assert (difference.kind, difference.held, difference.suggested) == ("debit", -12_000, "charge")
    await done(desk.house, difference, Proposal("charge", "biaya bulanan"))
    assert await desk.books() == {"BA": -12_000, "BF": 12_000}


async def test_two_differences_that_cancel_out_are_closed_together(desk: Desk) -> None:
    await desk.send([Told("X1", "R9", "", 70_000), Told("Y7", "", "", 70_000, mark="D")])
    credit, debit = sorted(await desk.differences(), key=lambda each: -each.held)
    await done(desk.house, credit, Proposal("offset", "pengembalian manual", other_id=debit.id))
    assert await desk.books() == {}
    assert {each.state for each in await desk.differences()} == {"closed"}


async def test_case_69_a_batch_whose_sum_differs_books_nothing(desk: Desk) -> None:
    line = await desk.paid("R1")
    text = camt(opening=0, closing=250_000, batch=250_001, account=line.account)
    with pytest.raises(Problem) as refused:
        await desk.send(text)
    assert refused.value.type.code == "settlement-file-unreadable"
    assert await desk.books() == {"BC": 250_000, "TD": -250_000}
    assert await desk.lines() == []


async def test_case_70_a_missing_day_books_nothing_until_it_has_come(desk: Desk) -> None:
    first, second, third = [replace(await desk.paid(f"R{n}"), day=DAY + timedelta(days=n)) for n in range(3)]
    await desk.send([first])
    file = await desk.send([third])
    assert (file.state, file.refusal_code, file.lines_done) == ("refused", "gap", 0)
    assert (await desk.books())["BC"] == 500_000
    [gap] = await desk.differences()
    assert (gap.kind, gap.suggested, gap.state) == ("gap", "accept", "open")
    await desk.send([second])
    file = await desk.send([third])
    assert file.state == "done"
    assert (await desk.books()).get("BC") is None
    [gap] = await desk.differences()
    assert (gap.state, gap.closed_by) == ("closed", "system")


async def test_case_70_an_opening_balance_that_is_not_yesterdays_closing(desk: Desk) -> None:
    line = await desk.paid("R1")
    assert (await desk.send(camt(opening=100, closing=250_100, batch=250_000, account=line.account))).state == "done"
    other = await desk.paid("R2")
    later = camt(opening=250_000, closing=500_000, batch=250_000, account=other.account, day=NEXT, request="R2")
    file = await desk.send(later)
    assert (file.state, file.refusal_code) == ("refused", "gap")
    assert "250000" in (file.refusal_en or "")
    assert "250100" in (file.refusal_en or "")
    assert len(await desk.lines()) == 1
    [gap] = await desk.differences()
    first, second = await two_treasurers(desk.house, gap.unit)
    async with desk.house.db.begin(first) as tx:
        await decisions.propose(tx, gap.id, Proposal("accept", "bank mengganti rekening"))
    assert len(await desk.lines()) == 1
    async with desk.house.db.begin(second) as tx:
        await decisions.confirm(tx, gap.id)
    await drain(desk.house)
    assert len(await desk.lines()) == 2
    assert [each.gap for each in await desk.rows(SettlementStatement, SettlementStatement.first_day)] == [False, True]


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (b"\xef\xbb\xbfBANK_REFERENCE;AMOUNT\nx;1\n", "column"),
        (b"PK\x03\x04 a spreadsheet", "no text"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><D xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">&y;</D>', ""),
        (b"", "empty"),
    ],
)  # fmt: skip
async def test_case_71_a_file_that_cannot_be_read_says_why_and_leaves_nothing(
    desk: Desk, broken: bytes, says: str
) -> None:
    with pytest.raises(Problem) as refused:
        await desk.send(broken)
    assert refused.value.type.code == "settlement-file-unreadable"
    assert says in refused.value.detail("en")
    assert await desk.lines() == []


async def test_case_71_a_fault_far_down_refuses_the_whole_file(desk: Desk) -> None:
    line = await desk.paid("R1")
    many = [Told(f"Z{n}", f"Z{n}", "", 1_000) for n in range(1_500)]
    file = await desk.send([line, *many, replace(line, amount=0)])
    assert (file.state, file.refusal_code) == ("refused", "unreadable")
    assert "1503" in (file.refusal_en or ""), file.refusal_en
    assert await desk.lines() == []
    assert await desk.books() == {"BC": 250_000, "TD": -250_000}


async def test_case_72_a_payment_at_midnight_stands_in_the_next_days_file(desk: Desk, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=13, minutes=59, seconds=59))  # 23:59:59 WIB
    await desk.bank.sign_in()
    line = await desk.paid("R1")
    file = await desk.send([replace(line, day=NEXT, at="2026-03-02T16:59:59+00:00")])
    assert file.counts == {"matched": 1}
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}


async def test_case_72_without_an_id_the_account_decides(desk: Desk) -> None:
    line = await desk.paid("R1")
    file = await desk.send([replace(line, request="", reference="OTHER", day=NEXT)])
    assert file.counts == {"matched": 1}


async def test_case_73_another_banks_lines_or_another_polda_are_refused(
    desk: Desk, house: House, client: httpx.AsyncClient
) -> None:
    line = await desk.paid("R1")
    other = Desk(house, await (await join_bank(house, client, name="Bank Lain", profile="standard")).sign_in())
    treasurer, _ = await two_treasurers(house)
    elsewhere, _ = await two_treasurers(house, unit="JABAR")
    tries = [
        {"actor": other.as_bank()},  # its own name, another's lines
        {"actor": other.as_bank(), "bank": desk.bank.client_id},
        {"actor": elsewhere, "bank": desk.bank.client_id},  # its own Polda, another's bills
        {"actor": treasurer, "bank": desk.bank.client_id, "unit": "JABAR"},
        {"actor": replace(desk.as_bank(), unit="JABAR")},
    ]
    for each in tries:
        with pytest.raises(Problem) as refused:
            await desk.send([line], **each)
        assert refused.value.type.status == 403
    assert await desk.lines() == []
    assert (await desk.send([line], actor=treasurer, bank=desk.bank.client_id)).unit == "PMJ"
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}


async def test_case_73_a_foreign_line_far_down_refuses_the_whole_file(
    desk: Desk, house: House, client: httpx.AsyncClient
) -> None:
    other = await join_bank(house, client, name="Bank Lain", profile="standard")
    many = [Told(f"Z{n}", f"Z{n}", "", 1_000) for n in range(300)]
    file = await desk.send([*many, Told("Z", "Z", f"{other.partner}1234567890", 1_000)])
    assert (file.state, file.refusal_code) == ("refused", "not_theirs")
    assert await desk.lines() == []


async def test_case_74_four_eyes(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    desk = await join_desk(house, client)
    async with house.db.begin(SYSTEM) as tx:
        bill = await tx.one(Bill, (await billing.bill_of(tx.session, case_id)).id)  # type: ignore[union-attr]
    assert bill is not None
    await desk.send([Told("X1", "R1", desk.bank.partner + bill.customer_no, bill.amount)])
    [difference] = await desk.differences()
    first, second = await two_treasurers(house)
    officer = await make.officer_of(house, case_id)
    decider = Actor(ActorKind.STAFF, officer.id, frozenset({"finance"}), unit="PMJ")
    proposal = Proposal("link", "uangnya untuk tilang ini")
    await refused_by(house, decider, "propose", difference, proposal)
    async with house.db.begin(first) as tx:
        await decisions.propose(tx, difference.id, proposal)
    await refused_by(house, first, "confirm", difference, proposal)
    await refused_by(house, decider, "confirm", difference, proposal)
    assert await desk.books() == {"BA": bill.amount, "SU": -bill.amount}
    async with house.db.begin(second) as tx:
        await decisions.decline(tx, difference.id, "belum jelas")
    async with house.db.begin(second) as tx:
        await decisions.propose(tx, difference.id, proposal)
    async with house.db.begin(first) as tx:
        await decisions.confirm(tx, difference.id)
    assert await make.state_of(house, case_id) == "deposit_paid"
    steps = await desk.rows(SettlementStep, SettlementStep.at)
    assert sorted(each.step for each in steps) == ["closed", "declined", "proposed", "proposed"]


async def refused_by(house: House, actor: Actor, what: str, row: SettlementException, proposal: Proposal) -> None:
    with pytest.raises(Problem) as refused:
        async with house.db.begin(actor) as tx:
            if what == "propose":
                await decisions.propose(tx, row.id, proposal)
            else:
                await decisions.confirm(tx, row.id)
    assert refused.value.type.code == "settlement-four-eyes"


async def receipt_codes(house: House, case_id: object) -> set[str]:
    async with house.db.read() as connection:
        query = select(col(TicketReceipt.check_code)).where(col(TicketReceipt.case_id) == case_id)
        return set((await connection.execute(query)).scalars())


def camt(*, opening: int, closing: int, batch: int, account: str, day: object = DAY, request: str = "R1") -> bytes:
    """One batched entry with one payment in it."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>
<GrpHdr><MsgId>M{day}</MsgId><CreDtTm>{day}T20:00:00</CreDtTm></GrpHdr>
<Stmt><Id>S{day}</Id><CreDtTm>{day}T20:00:00</CreDtTm><Acct><Id><Othr><Id>0123456789</Id></Othr></Id><Ccy>IDR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="IDR">{opening}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="IDR">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>
<Ntry><Amt Ccy="IDR">{batch}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt>
<AcctSvcrRef>B{day}</AcctSvcrRef><BkTxCd><Prtry><Cd>VA</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><Refs><AcctSvcrRef>T{request}</AcctSvcrRef><EndToEndId>{request}</EndToEndId></Refs>
<AmtDtls><TxAmt><Amt Ccy="IDR">250000</Amt></TxAmt></AmtDtls><RmtInf><Ustrd>VA {account}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>""".encode()
