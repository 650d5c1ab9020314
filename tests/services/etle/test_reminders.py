"""Nobody loses a right for want of a reminder, and nobody is reminded twice of the same."""

from datetime import timedelta
from uuid import UUID

from app.core.clock import FixedClock
from app.core.house import House
from app.services import cases, etle, notifications
from app.services.etle.reminders import remind
from tests import make
from tests.services.etle.test_money import COURT


async def _count(house: House, case_id: UUID, template: str) -> int:
    async with house.db.read() as connection:
        return sum(each.template == template for each in await notifications.messages_of(connection, case_id))


async def test_two_days_before_the_answer_is_due_and_once(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    await remind(house)
    assert await _count(house, case_id, "etle_reminder") == 0
    async with house.db.read() as connection:
        due = (await cases.due_times(connection, case_id))["etle.answer_due"]
    clock.set(due - timedelta(hours=30))
    await remind(house)
    await remind(house)
    assert await _count(house, case_id, "etle_reminder") == 1
    clock.set(due + timedelta(hours=1))
    await remind(house)
    assert await _count(house, case_id, "etle_reminder") == 1


async def test_a_refund_is_reminded_of_by_the_policy_s_days(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    await make.pay(house, case_id)
    async with house.db.begin(COURT) as tx:
        await etle.enter_verdict(tx, case_id, fine=100_000, cost=1_000)
    told = await _count(house, case_id, "etle_refund_due")
    for days, more in ((10, 0), (25, 1), (200, 2), (1, 2)):
        clock.advance(timedelta(days=days))
        await remind(house)
        assert await _count(house, case_id, "etle_refund_due") == told + more
