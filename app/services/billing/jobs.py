"""Billing's background work: marking bills whose time is over, and forgetting what the SNAP door need not remember."""

from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.jobs import Job, Schedule
from app.services.billing import bills, days, refund_asking
from app.services.billing.models import SnapExternalId, SnapInquiry, SnapToken
from app.services.billing.qris import codes as qris_codes
from app.services.billing.refund_accounts import CHECK_ACCOUNT
from app.services.billing.snap.times import bank_day
from app.services.billing.treasury import overdue

MOST_ROUNDS = 200
EXTERNAL_IDS_KEPT = timedelta(days=2)
"""An X-EXTERNAL-ID counts for one WIB day; a second one covers midnight."""
INQUIRIES_KEPT = timedelta(days=400)
"""Longer than any bill is open: an inquiry gives its payment grace at the bill's end."""


async def _expire_bills(house: House) -> None:
    for _ in range(MOST_ROUNDS):
        async with house.db.begin(SYSTEM) as tx:
            done = await bills.expire(tx)
        if done < bills.EXPIRE_AT_ONCE:
            return


async def _forget(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        day = bank_day(tx.now - EXTERNAL_IDS_KEPT)
        await tx.session.execute(delete(SnapExternalId).where(col(SnapExternalId.day) < day))
        await tx.session.execute(delete(SnapInquiry).where(col(SnapInquiry.answered_at) < tx.now - INQUIRIES_KEPT))
        await tx.session.execute(delete(SnapToken).where(col(SnapToken.expires_at) <= tx.now))


async def _roll_up_days(house: House) -> None:
    for _ in range(MOST_ROUNDS):
        async with house.db.begin(SYSTEM) as tx:
            day = await days.roll_up(tx)
        if day is None:
            return


JOBS: tuple[Job, ...] = (
    Job("billing.expire_bills", _expire_bills, attempts=1),
    Job("billing.forget", _forget, attempts=1),
    Job("billing.roll_up_days", _roll_up_days, attempts=1),
    Job(CHECK_ACCOUNT, refund_asking.check_account, queue="banks", attempts=8),
    Job("billing.ask_banks_again", refund_asking.ask_banks_again, attempts=1),
    Job("billing.watch_remittances", overdue.raise_alarms, attempts=1),
    *qris_codes.JOBS,
)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule("expire-bills", "0 */5 * * * *", "billing.expire_bills"),
    Schedule("ask-banks-again", "0 1-59/10 * * * *", "billing.ask_banks_again"),
    Schedule("watch-remittances", "0 12 * * * *", "billing.watch_remittances"),
    Schedule("forget-bank-calls", "0 40 18 * * *", "billing.forget"),
    Schedule("roll-up-ledger-days", "0 5 * * * *", "billing.roll_up_days"),
    *qris_codes.SCHEDULES,
)
