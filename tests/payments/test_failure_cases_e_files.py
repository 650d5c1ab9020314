"""Failure cases 65, 66, 69 to 71, 73 and 74: the file as a whole, who may send it, and who may decide."""

from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest

from app.core.actor import Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services.billing.settlement import decisions
from app.services.billing.settlement.decisions import Proposal
from app.services.billing.settlement.lines import MAX_FILE_BYTES, Direction
from app.services.billing.settlement.models import SettlementException, SettlementStatement, SettlementStep
from tests import make
from tests.banks import join_bank
from tests.drain import drain
from tests.payments.books import Books
from tests.payments.test_failure_cases_e import billed, imported
from tests.settlements import DAY, DOOR, Desk, Told, bearer_of, decided, join_desk, two_treasurers, written
from tests.statements import Movement, batch

NEXT = DAY + timedelta(days=1)
KEPT = {"files": 1, "jobs": 1}
"""A file that the door took, and that books nothing when it is read to its end."""


@pytest.fixture
async def desk(house, client) -> Desk:
    return await join_desk(house, client)


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """The problem's text, after checking what it is."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    return str(body["detail"])


async def test_case_65_the_same_again_changes_nothing(desk: Desk) -> None:
    lines = [await desk.paid("R1"), await desk.paid("R2")]
    books = await Books.open(desk.house)
    first = await desk.post(lines)
    assert (first.status_code, first.json()["state"], first.json()["already"]) == (202, "received", False)
    early = await desk.post(lines, name="before-it-was-read.csv")
    assert (early.status_code, early.json()["id"]) == (200, first.json()["id"])
    await drain(desk.house)
    again = await desk.post(lines, name="other-name.csv")
    told = again.json()
    assert (again.status_code, told["already"], told["state"], told["lines_new"]) == (200, True, "done", 2)
    assert (told["id"], told["file_name"]) == (first.json()["id"], "day.csv")
    await books.changed(**imported(2, entry_lines=3))
    other_bytes = await desk.send(written(lines).replace(b"\n", b"\r\n"))
    assert (other_bytes.state, other_bytes.lines_new, other_bytes.counts) == ("done", 0, {})
    await books.changed(files=1, statements=1, jobs=2)
    await books.hold(BA=500_000, TD=-500_000)


async def test_case_66_a_corrected_file_books_the_differences_and_keeps_the_old_version(desk: Desk) -> None:
    same, changed, gone = await desk.paid("R1"), await desk.paid("R2"), await desk.paid("R3")
    books = await Books.open(desk.house)
    await desk.send([same, replace(changed, amount=249_000), gone])
    await books.changed(**imported(3, entry_lines=5, differences=1))
    late = await desk.paid("R4")
    await books.look()
    file = await desk.send([same, changed, late])
    assert (file.state, file.lines_new, file.counts) == ("done", 2, {"matched": 2})
    # What differs is undone by one entry, what is gone by another, and the new lines are booked by a third.
    await books.changed(**imported(2, entries=3, entry_lines=3 + 3 + 2, steps=1, jobs=1))
    await books.hold(BA=750_000, BC=250_000, TD=-1_000_000)
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
    await decided(desk.house, difference, Proposal("link", "uangnya untuk tilang ini"))
    books = await Books.open(desk.house)
    await desk.send([line])
    await books.changed(files=1, statements=1, differences=1, jobs=2)
    await books.hold(BA=500_000, TD=-500_000)
    _, told = await desk.differences()
    assert (told.kind, told.facts["corrected"], told.held) == ("reversal", True, 0)


async def test_case_69_a_batch_of_800_whose_sum_differs_by_one_rupiah_books_nothing_until_it_is_mended(
    desk: Desk,
) -> None:
    line = await desk.paid("R1")
    books = await Books.open(desk.house)
    movements = [Movement("T0", 250_000, account=line.account, ours="R1")]
    movements += [Movement(f"T{n}", 1_000, account="", ours=f"Z{n}") for n in range(1, 800)]
    total = 250_000 + 799 * 1_000
    answer = await desk.post(statement(batched(movements, total + 1), closing=total + 1))
    text = refused(answer, 422, "settlement-file-unreadable")
    assert f"{total:,}".replace(",", "") in text.replace(".", "").replace(",", "")
    await books.changed()
    await books.hold(BC=250_000, TD=-250_000)
    file = await desk.send(statement(batched(movements, total), closing=total))
    assert (file.state, file.counts) == ("done", {"matched": 1, "unknown": 799})
    # The bank is asked about the first twenty; a file that is strange throughout is asked about by telephone.
    await books.changed(**imported(800, entry_lines=801, differences=799, jobs=20, questions=20))
    await books.hold(BA=total, SU=250_000 - total, TD=-250_000)
    [entry] = {each.entry_id for each in await desk.lines()}
    assert entry is not None


async def test_case_70_a_missing_day_books_nothing_until_it_has_come(desk: Desk, clock: FixedClock) -> None:
    first, second, third = [replace(await desk.paid(f"R{n}"), day=DAY + timedelta(days=n)) for n in range(3)]
    clock.advance(timedelta(days=2))
    await desk.send([first])
    books = await Books.open(desk.house)
    file = await desk.send([third])
    assert (file.state, file.refusal_code, file.lines_done) == ("refused", "gap", 0)
    told = await desk.ask(file.id)
    assert (told["state"], told["refusal"]["code"]) == ("refused", "gap")
    assert "hilang" in told["refusal"]["message"]
    await books.changed(**KEPT, differences=1)
    await books.hold(BA=250_000, BC=500_000, TD=-750_000)
    [gap] = await desk.differences()
    assert (gap.kind, gap.suggested, gap.state) == ("gap", "accept", "open")
    await desk.send([second])
    await books.changed(**imported(1, entry_lines=2))
    again = await desk.post([third])
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (202, str(file.id), "received")
    await drain(desk.house)
    assert (await desk.file(file.id)).state == "done"
    await books.changed(statements=1, settled=1, entries=1, lines=2, jobs=1, steps=1)
    await books.hold(BA=750_000, TD=-750_000)
    [gap] = await desk.differences()
    assert (gap.state, gap.closed_by) == ("closed", "system")


async def test_case_70_an_opening_balance_that_is_not_yesterdays_closing(desk: Desk) -> None:
    first, other = await desk.paid("R1"), await desk.paid("R2")
    one = statement(batched([Movement("T1", 250_000, account=first.account, ours="R1")], 250_000), 100, 250_100)
    assert (await desk.send(one)).state == "done"
    books = await Books.open(desk.house)
    two = batched([Movement("T2", 250_000, account=other.account, ours="R2")], 250_000)
    file = await desk.send(statement(two, 250_000, 500_000, day=NEXT))
    assert (file.state, file.refusal_code) == ("refused", "gap")
    assert "250000" in (file.refusal_en or "")
    assert "250100" in (file.refusal_en or "")
    await books.changed(**KEPT, differences=1)
    [gap] = await desk.differences()
    first_person, second_person = await two_treasurers(desk.house, gap.unit)
    async with desk.house.db.begin(first_person) as tx:
        await decisions.propose(tx, gap.id, Proposal("accept", "bank mengganti rekening"))
    await books.changed(steps=1)
    async with desk.house.db.begin(second_person) as tx:
        await decisions.confirm(tx, gap.id)
    await drain(desk.house)
    await books.changed(statements=1, settled=1, entries=1, lines=2, jobs=1, steps=1)
    await books.hold(BA=500_000, TD=-500_000)
    assert [each.gap for each in await desk.rows(SettlementStatement, SettlementStatement.first_day)] == [False, True]


XXE = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>'
    b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">&y;</Document>'
)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (b"\xef\xbb\xbfBANK_REFERENCE;AMOUNT\nx;1\n", "PAYMENT_REQUEST_ID"),
        (b"PK\x03\x04 a spreadsheet", "teks"),
        (XXE, "DOCTYPE"),
        (b"", "kosong"),
        (written([Told("X1", "R1", "", 1_000), Told("X2", "R2", "", 0)]), "baris 3"),
        (written([Told("X1", "R1", "", 1_000, text="=cmd|x")]).replace(b"IDR", b"USD"), "baris 2"),
    ],
)
async def test_case_71_a_file_that_cannot_be_read_says_why_with_its_line_and_leaves_nothing(
    desk: Desk, broken: bytes, says: str
) -> None:
    books = await Books.open(desk.house)
    text = refused(await desk.post(broken), 422, "settlement-file-unreadable")
    assert says in text
    assert "root:" not in text
    await books.changed()
    await books.hold()


async def test_case_71_what_is_too_large_is_refused_before_it_is_taken(desk: Desk) -> None:
    books = await Books.open(desk.house)
    token = (await desk.bank.sign_in()).access_token

    async def begins() -> object:
        yield b"BANK_REFERENCE"

    headers = {"Authorization": f"Bearer {token}", "Content-Length": str(MAX_FILE_BYTES + 100_000)}
    answer = await desk.bank.client.post(DOOR, content=begins(), headers=headers)
    refused(answer, 413, "request-too-large")
    await books.changed()


async def test_case_71_a_fault_far_down_refuses_the_whole_file(desk: Desk) -> None:
    line = await desk.paid("R1")
    many = [Told(f"Z{n}", f"Z{n}", "", 1_000) for n in range(1_500)]
    books = await Books.open(desk.house)
    file = await desk.send([line, *many, replace(line, amount=0)])
    told = await desk.ask(file.id)
    assert (told["state"], told["refusal"]["code"]) == ("refused", "unreadable")
    assert "1503" in told["refusal"]["message"]
    await books.changed(**KEPT)
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_73_another_banks_lines_or_another_polda_are_refused(
    desk: Desk, house: House, client: httpx.AsyncClient
) -> None:
    line = await desk.paid("R1")
    other = Desk(house, await join_bank(house, client, name="Bank Lain", profile="standard"))
    treasurer, _ = await two_treasurers(house)
    elsewhere, _ = await two_treasurers(house, unit="JABAR")
    books = await Books.open(house)
    named = {"bank": desk.bank.client_id}
    tries = [
        await other.post([line]),  # its own name, another's lines
        await other.post([line], **named),
        await desk.post([line], bearer=await bearer_of(house, elsewhere), **named),  # its own Polda, another's bills
        await desk.post([line], bearer=await bearer_of(house, treasurer), **named, unit="JABAR"),
    ]
    bound = Desk(house, await join_bank(house, client, name="Bank Jabar", profile="standard", unit="JABAR"))
    tries.append(await bound.post([await bound.unpaid("R9")]))  # a bank of one Polda, another's bills
    await books.changed()
    for answer in tries:
        refused(answer, 403, "settlement-not-yours")
    refused(
        await desk.post([line], bearer=await bearer_of(house, treasurer, scope="counter"), **named),
        403,
        "not-permitted",
    )
    refused(await desk.post([line], bearer="x" * 43), 401, "sign-in-needed")
    refused(await desk.post([line], bearer=await bearer_of(house, treasurer)), 404, "settlement-bank-unknown")
    await books.changed()
    sent = await desk.send([line], bearer=await bearer_of(house, treasurer), bank="Bank Uji")
    assert sent.unit == "PMJ"
    await books.changed(**imported(1, entry_lines=2))
    await books.hold(BA=250_000, TD=-250_000)
    # Each sees their own files alone.
    for bearer, seen in (
        ((await desk.bank.sign_in()).access_token, 1),
        ((await other.bank.sign_in()).access_token, 0),
        (await bearer_of(house, treasurer), 1),
        (await bearer_of(house, elsewhere), 0),
    ):
        headers = {"Authorization": f"Bearer {bearer}"}
        assert len((await client.get(DOOR, headers=headers)).json()["files"]) == seen
        assert (await client.get(f"{DOOR}/{sent.id}", headers=headers)).status_code == (200 if seen else 404)


async def test_case_73_a_foreign_line_far_down_refuses_the_whole_file(
    desk: Desk, house: House, client: httpx.AsyncClient
) -> None:
    other = await join_bank(house, client, name="Bank Lain", profile="standard")
    many = [Told(f"Z{n}", f"Z{n}", "", 1_000) for n in range(1_100)]
    books = await Books.open(house)
    file = await desk.send([*many, Told("Z", "Z", f"{other.partner}1234567890", 1_000)])
    told = await desk.ask(file.id)
    assert (told["state"], told["refusal"]["code"]) == ("refused", "not_theirs")
    assert "1102" in told["refusal"]["message"]
    await books.changed(**KEPT)
    await books.hold()


async def test_files_stand_by_pages_the_newest_first(desk: Desk, client: httpx.AsyncClient) -> None:
    for number in range(3):
        await desk.send([Told(f"X{number}", f"Z{number}", "", 1_000, day=DAY + timedelta(days=number))])
    headers = {"Authorization": f"Bearer {(await desk.bank.sign_in()).access_token}"}
    seen, after = [], ""
    while after is not None:
        page = (
            await client.get(DOOR, params={"limit": 2, **({"after": after} if after else {})}, headers=headers)
        ).json()
        seen += [each["id"] for each in page["files"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 3


async def test_a_file_in_a_form_is_taken_too(desk: Desk, client: httpx.AsyncClient) -> None:
    line = await desk.paid("R1")
    headers = {"Authorization": f"Bearer {(await desk.bank.sign_in()).access_token}"}
    files = {"file": ("rekening.csv", written([line]), "text/csv")}
    answer = await client.post(DOOR, files=files, headers=headers)
    assert (answer.status_code, answer.json()["file_name"]) == (202, "rekening.csv")
    missing = await client.post(DOOR, files={"other": ("x", b"y")}, headers=headers)
    assert missing.json()["errors"][0]["pointer"] == "/file"


async def test_case_74_who_decided_on_the_case_does_not_decide_about_its_money(house: House, ticket, bank) -> None:
    desk = Desk(house, bank)
    bill, line = await billed(house, desk, ticket.case_id)
    await desk.send([line])
    [difference] = await desk.differences()
    first, second = await two_treasurers(house)
    officer = await make.officer_of(house, ticket.case_id)
    decider = Actor(ActorKind.STAFF, officer.id, frozenset({"finance"}), unit="PMJ")
    proposal = Proposal("link", "uangnya untuk tilang ini")
    books = await Books.open(house)
    await refused_by(house, decider, "propose", difference, proposal)
    async with house.db.begin(first) as tx:
        await decisions.propose(tx, difference.id, proposal)
    await refused_by(house, first, "confirm", difference, proposal)
    await refused_by(house, decider, "confirm", difference, proposal)
    await books.changed(steps=1)
    await books.hold(BA=bill.amount, SU=-bill.amount)
    async with house.db.begin(second) as tx:
        await decisions.decline(tx, difference.id, "belum jelas")
    async with house.db.begin(second) as tx:
        await decisions.propose(tx, difference.id, proposal)
    async with house.db.begin(first) as tx:
        await decisions.confirm(tx, difference.id)
    assert await make.state_of(house, ticket.case_id) == "deposit_paid"
    steps = await desk.rows(SettlementStep, SettlementStep.at)
    assert sorted(each.step for each in steps) == ["closed", "declined", "proposed", "proposed"]
    await books.hold(BA=bill.amount, TD=-bill.amount)


async def refused_by(house: House, actor: Actor, what: str, row: SettlementException, proposal: Proposal) -> None:
    with pytest.raises(Problem) as problem:
        async with house.db.begin(actor) as tx:
            if what == "propose":
                await decisions.propose(tx, row.id, proposal)
            else:
                await decisions.confirm(tx, row.id)
    assert problem.value.type.code == "settlement-four-eyes"


def batched(movements: list[Movement], total: int) -> str:
    """One entry with all these in it, as DAY's."""
    return batch(movements, total, direction=Direction.CREDIT)


def statement(entries: str, opening: int = 0, closing: int = 0, *, day: date = DAY) -> bytes:
    """A camt.053 document of one day."""

    def balance(kind: str, amount: int) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='IDR'>{amount}</Amt>"
            f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
        )

    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>M{day}</MsgId><CreDtTm>{day}T23:00:00+07:00</CreDtTm></GrpHdr><Stmt><Id>S{day}</Id>"
        f"<Acct><Id><Othr><Id>0012345</Id></Othr></Id><Ccy>IDR</Ccy></Acct>{balance('OPBD', opening)}"
        f"{balance('CLBD', closing)}{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()
