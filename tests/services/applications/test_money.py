"""What an application asks for and gives back: never twice, never beside the service, and the clock stands while it waits."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.main import create_app
from app.services import appointments, billing, cases, etle, notifications
from app.services.applications import refunds
from app.services.applications.models import Application
from app.services.billing import RefundState
from app.services.identity.roles import Role
from app.services.registries import demo
from app.services.registries.demo import demo_vehicles
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.banks import flag, join_bank
from tests.drain import drain
from tests.refunds import DRAFTER, RELEASER, draft, release

SITIS = next(each for each in demo_vehicles() if each.owner_nik == demo.PEOPLE[demo.SITI].nik)
MOTORCYCLE = {"plate": SITIS.plate, "chassis_tail": SITIS.chassis_no[-5:], "owner_nik": None}


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    """Siti, at a unit that is open."""
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.SITI).sign_in()


async def submitted(desk: Desk, service: str, exemption: str | None = None, **form: Any) -> str:
    """Handed in with its papers and its appointment; gives the id."""
    draft = await desk.hand_in(await desk.draft(service, **form))
    if exemption is not None:
        await desk.patch(draft["id"], {}, exemption=exemption)
    if (await desk.post(f"/v1/applications/{draft['id']}/check"))["needs_appointment"]:
        await desk.book(draft["id"], service, POLRES)
    await desk.submit(draft["id"])
    return str(draft["id"])


async def bills(house: House, id: str) -> list[billing.BillView]:
    async with house.db.read() as connection:
        return await billing.bills_of(connection, UUID(id))


async def owed(house: House, id: str) -> int:
    async with house.db.read() as connection:
        found = await billing.refunds_of(connection, UUID(id))
    return sum(each.amount for each in found if each.state is RefundState.OWED)


async def told(house: House, id: str, template: str) -> int:
    async with house.db.read() as connection:
        return sum(each.template == template for each in await notifications.messages_of(connection, UUID(id)))


async def clock_since(house: House, id: str) -> datetime | None:
    async with house.db.begin(SYSTEM) as tx:
        application = await tx.session.get(Application, UUID(id))
        assert application is not None
        return application.clock_since


async def test_a_fee_paid_within_the_grace_is_the_fee_and_nothing_else(desk: Desk, clock: FixedClock) -> None:
    house, id = desk.house, await submitted(desk, "sim-upgrade", sim_class="CI")
    bank = await join_bank(house, desk.client)
    assert await clock_since(house, id) is None, "the ball is with who pays"
    bill = (await desk.get(f"/v1/applications/{id}/bill"))["virtual_accounts"][0]["customer_no"]
    [asked] = await bills(house, id)
    clock.set(asked.expires_at - timedelta(seconds=5))
    await bank.sign_in()
    assert flag(await bank.inquire(bill, "R1")) == ("2002400", "00")
    clock.set(asked.expires_at + timedelta(minutes=1))
    await cases.sweep(house)
    assert await make.state_of(house, UUID(id)) == "expired"
    assert flag(await bank.pay(bill, "R1", asked.amount)) == ("2002500", "00")
    assert await make.state_of(house, UUID(id)) == "in_review"
    assert await owed(house, id) == 0
    assert await clock_since(house, id) == clock.now(), "with the money the police have the ball again"
    async with house.db.read() as connection:
        assert "applications.service_due" in await cases.due_times(connection, UUID(id))


@pytest.mark.parametrize("end", ["cancel", "reopen"])
async def test_a_denied_exemption_asks_only_for_what_was_waived(desk: Desk, clock: FixedClock, end: str) -> None:
    house, id = desk.house, await submitted(desk, "stnk-renewal", exemption="poor", **MOTORCYCLE)
    await desk.pay(id)
    await desk.act(id, Role.OFFICER, "deny_exemption", reason="Surat keterangan tidak ada")
    assert await clock_since(house, id) is None
    first, second = await bills(house, id)
    codes = [{line.code for line in bill.lines} for bill in (first, second)]
    assert codes[0] == {"PKB", "SWDKLLJ"}
    assert codes[1]
    assert not codes[0] & codes[1]
    whole = await desk.get(f"/v1/applications/{id}")
    assert whole["amount"] == first.amount + second.amount
    if end == "reopen":
        clock.set(second.expires_at + timedelta(minutes=1))
        await cases.sweep(house)
        await desk.sign_in()
    await desk.post(f"/v1/applications/{id}/{end}")
    assert await owed(house, id) == first.amount
    assert (await bills(house, id))[1].state == "cancelled"
    if end == "reopen":
        await desk.book(id, "stnk-renewal", POLRES)
        again = await desk.submit(id)
        assert {line["code"] for line in again["bill"]["lines"]} == codes[0] | codes[1]


async def test_a_place_chosen_while_paying_is_held_as_long_as_the_bill(desk: Desk) -> None:
    house, id = desk.house, await submitted(desk, "stnk-renewal", **MOTORCYCLE)
    dropped = await desk.client.delete(f"/v1/applications/{id}/appointment", headers=desk.key())
    assert dropped.status_code in (200, 204), dropped.text
    await desk.book(id, "stnk-renewal", POLRES)
    [bill] = await bills(house, id)
    async with house.db.read() as connection:
        booking = await appointments.booking_of(connection, UUID(id), now=house.clock.now())
    assert booking is not None
    assert booking.held_until == min(bill.expires_at, booking.starts_at)


async def test_who_has_a_fee_owed_back_is_reminded_and_told_of_the_account_and_reads_it_as_a_fee(
    desk: Desk, clock: FixedClock
) -> None:
    house, id = desk.house, await submitted(desk, "sim-upgrade", sim_class="CI")
    await desk.pay(id)
    await desk.post(f"/v1/applications/{id}/cancel")
    for days, reminders in ((10, 0), (25, 1), (1, 1)):
        clock.advance(timedelta(days=days))
        await refunds.ask_payees(house)
        assert await told(house, id, "application_refund") == 1 + reminders
    await desk.sign_in()
    async with house.db.begin(SYSTEM) as tx:
        await billing.enter_known_account(tx, bank_code="002", number="1234567890", name="SITI MISALL")
    account = {"bank_code": "002", "number": "1234567890", "holder": "Siti Misal"}
    path = f"/v1/applications/{id}/refund-account"
    given = await desk.client.put(path, headers=desk.key(), json=account)
    assert given.json()["state"] == "doubtful", "a person looks at the names"
    async with house.db.begin(DRAFTER) as tx:
        [waiting] = await billing.list_owed(
            tx.session, house.keys, await billing.units_of(tx.session, "PMJ"), billing.Waiting.NAMES, limit=9
        )
        assert waiting.account is not None
        await etle.decide_account(tx, waiting.account.id, accept=True)
    await drain(house)
    assert await told(house, id, "application_refund_account") == 1
    order = await release(house, (await draft(house)).id)
    async with house.db.begin(RELEASER) as tx:
        file = await billing.download(tx, order.id)
    assert b"PENGEMBALIAN BIAYA LAYANAN" in file.content
    assert b"TILANG" not in file.content


@pytest.mark.parametrize("named", [True, False])
async def test_two_runs_that_meet_write_once(postgres_house: House, clock: FixedClock, *, named: bool) -> None:
    """Both have read their lists when each wants the case: whoever is second finds that they were told."""
    house = postgres_house
    await make.demo_set(house)
    await opened_unit(house)
    transport = httpx.ASGITransport(app=create_app(house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        desk = await Desk(house, client, demo.SITI).sign_in()
        id = await submitted(desk, "sim-upgrade", sim_class="CI")
        await desk.pay(id)
        if named:
            await desk.post(f"/v1/applications/{id}/cancel")
            clock.advance(timedelta(days=31))
        else:
            [bill] = await bills(house, id)
            async with house.db.begin(SYSTEM) as tx:
                await billing.owe_refund(tx, bill.id, bill.amount, "koreksi / a correction")
    before = await told(house, id, "application_refund")
    async with house.db.begin(SYSTEM) as tx:
        await cases.get_locked(tx, UUID(id))
        runs = [asyncio.create_task(refunds.ask_payees(house)) for _ in range(2)]
        async with asyncio.timeout(20):
            while await waiting_for_a_lock(house) < len(runs):
                await asyncio.sleep(0.02)
    await asyncio.gather(*runs)
    assert await told(house, id, "application_refund") == before + 1


async def waiting_for_a_lock(house: House) -> int:
    """How many connections to this database stand in line."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with house.db.read() as connection:
        return int((await connection.execute(query)).scalar_one())


async def test_a_fee_owed_back_by_a_correction_finds_its_payee(desk: Desk) -> None:
    house, id = desk.house, await submitted(desk, "sim-upgrade", sim_class="CI")
    await desk.pay(id)
    [bill] = await bills(house, id)
    async with house.db.begin(SYSTEM) as tx:
        await billing.owe_refund(tx, bill.id, bill.amount, "koreksi rekening koran / a correction of the statement")
    for _ in range(2):
        await refunds.ask_payees(house)
        assert await told(house, id, "application_refund") == 1
