"""A large statement file is imported by a worker process that is killed half-way: the next one goes on, and the books are
those of an import that nobody disturbed. 20,000 lines in `make test`, a million in `make soak`; memory is the whole
process's, the database's driver included."""

import asyncio
import csv
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.config import Settings
from app.core.house import House
from app.services import billing
from app.services.billing.models import Bill
from app.services.billing.settlement import receiving
from app.services.billing.settlement.models import FileState, SettlementFile, SettlementLine
from app.wiring import build_house
from tests.banks import Bank, join_bank, open_test_bill
from tests.ops.forked import ForkedWorker
from tests.settlements import COLUMNS, Told

MOST_MIB = 512
AMOUNT = 250_000


@pytest.mark.parametrize(
    ("lines", "within_s"),
    [
        pytest.param(20_000, 120, id="short"),
        pytest.param(1_000_000, 7_200, id="long", marks=pytest.mark.soak),
    ],
)
async def test_an_import_goes_on_after_its_worker_was_killed(postgres_url, tmp_path, record_property, lines, within_s):
    house = build_house(Settings(_env_file=None, home=tmp_path, database_url=postgres_url))
    try:
        async with httpx.AsyncClient() as nowhere:
            bank = await join_bank(house, nowhere, name="Bank Uji", profile="standard")
        await pay_many(house, bank, lines)
        file_id = await send(house, bank, tmp_path, lines)
        seen: list[int] = []
        with ForkedWorker(tmp_path, postgres_url) as worker:
            half = await until(house, file_id, seen, lambda file: file.lines_done >= lines // 2, within_s, worker)
            assert half.state == FileState.READING, "it was over before it could be killed"
            peak = worker.peak_mib()
            worker.kill()
            left = await file_of(house, file_id)
            assert lines // 2 <= left.lines_done < lines
            worker.start()
            await until(house, file_id, seen, lambda file: file.state == FileState.DONE, within_s, worker)
            peak = max(peak, worker.peak_mib())
        assert peak <= MOST_MIB
        assert len(set(seen)) > 3, "progress can be seen"
        assert seen == sorted(seen)
        await assert_all_settled(house, bank, file_id, lines)
        record_property("says", f"{lines} lines, killed at {left.lines_done}; the worker had at most {peak} MiB")
    finally:
        await house.close()


async def pay_many(house: House, bank: Bank, count: int) -> None:
    """So many bills that this bank has paid, straight into the tables, and as sound as if it had."""
    like = await open_test_bill(house, amount=AMOUNT)
    columns = [
        name for name in Bill.model_fields if name not in ("id", "customer_no", "state", "paid_at", "paid_entry_id")
    ]
    given = {
        "count": count,
        "client": bank.client_id,
        "account": f"BC:{bank.client_id}",
        "like": like.id,
        "amount": AMOUNT,
    }
    numbered = "generate_series(1, :count) n"
    statements = (
        "INSERT INTO ledger_accounts (code, kind, opened_at) VALUES (:account, 'asset', now()), ('TD', 'liability', now())"
        " ON CONFLICT DO NOTHING",
        "INSERT INTO ledger_entries (id, at, kind, memo, actor) SELECT md5('e' || n)::uuid, now(), 'payment', 'SNAP', :client"
        f" FROM {numbered}",
        f"INSERT INTO bills (id, customer_no, state, paid_at, paid_entry_id, {', '.join(columns)})"
        f" SELECT md5('b' || n)::uuid, (1000000000 + n)::text, 'paid', now(), md5('e' || n)::uuid, {', '.join(columns)}"
        f" FROM (SELECT * FROM bills WHERE id = :like) b, {numbered}",
        "INSERT INTO ledger_lines (id, entry_id, account, amount, bill_id) SELECT md5(side || n)::uuid, md5('e' || n)::uuid,"
        " CASE side WHEN 'd' THEN :account ELSE 'TD' END, CASE side WHEN 'd' THEN :amount ELSE -:amount END,"
        f" md5('b' || n)::uuid FROM {numbered}, unnest(ARRAY['d', 'c']) side",
        "INSERT INTO snap_payments (id, client_id, payment_request_id, bill_id, amount, currency, entry_id, external_id,"
        " channel_id, received_at, answer) SELECT md5('p' || n)::uuid, :client, 'R' || n, md5('b' || n)::uuid, :amount, 'IDR',"
        f" md5('e' || n)::uuid, n::text, '95221', now(), '{{}}' FROM {numbered}",
    )
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in statements:
            wanted = {name: value for name, value in given.items() if f":{name}" in statement}
            await tx.session.execute(text(statement), wanted)


async def send(house: House, bank: Bank, home: Path, count: int) -> UUID:
    """The bank's file of that day, with a line for each payment."""
    path, day = home / "day.csv", datetime.now(UTC).date()
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for n in range(1, count + 1):
            writer.writerow(Told(f"REF{n}", f"R{n}", f"{bank.partner}{1_000_000_000 + n}", AMOUNT, day=day).cells())
    actor = Actor(ActorKind.BANK, bank.client_id, frozenset({"bank"}))
    return (await receiving.receive(house, actor, path, bank=None, unit=None)).id


async def until(house, file_id, seen, reached, within_s, worker) -> SettlementFile:
    """Until the file has got so far; `seen` gets how many lines were done at each look."""
    async with asyncio.timeout(within_s):
        while not reached(file := await file_of(house, file_id)):
            assert file.state != FileState.REFUSED, file.refusal_en
            assert worker.process.is_alive(), worker.log()
            seen.append(file.lines_done)
            await asyncio.sleep(0.02)
    return file


async def file_of(house: House, file_id: UUID) -> SettlementFile:
    async with house.db.begin(SYSTEM) as tx:
        found = await tx.one(SettlementFile, file_id)
    assert found is not None
    return found


async def assert_all_settled(house: House, bank: Bank, file_id: UUID, lines: int) -> None:
    file = await file_of(house, file_id)
    assert (file.lines_total, file.lines_done) == (lines, lines)
    assert file.counts == {"matched": lines}
    async with house.db.read() as connection:
        settled = select(func.count(), func.count(func.distinct(SettlementLine.payment_id)))
        assert tuple((await connection.execute(settled)).one()) == (lines, lines)
    async with house.db.begin(SYSTEM) as tx:
        # Where autovacuum is off nobody else has counted what was filled in here.
        await tx.session.execute(text("ANALYZE"))
    report = await billing.ledger_check(house)
    assert report.faults == ()
    assert (report.balances[f"BC:{bank.client_id}"], report.balances["BA"]) == (0, lines * AMOUNT)
