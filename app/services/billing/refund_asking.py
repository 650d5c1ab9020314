"""What keeps money from going home by itself: nobody is named, nobody gave an account, or no bank said whose it is.

Payees are asked again by the days of their case's policy, each time once (UU 22/2009 art. 268 knows no claim without notice);
banks are asked again until they answer. Whom to tell and how, the case's room knows: it lends its `Tell`, and learns of an
account's outcome by a job of its own name.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.core.jobs import GIVEN_UP_AFTER
from app.services import cases, reference
from app.services.billing import refund_accounts
from app.services.billing.account_names import AccountNames
from app.services.billing.models import RefundState
from app.services.billing.refund_accounts import CHECK_ACCOUNT
from app.services.billing.refund_models import AccountState, RefundAccount, RefundReminder
from app.services.billing.refund_queue import cases_to_ask, cases_without_payee
from app.services.billing.refunds import refunds_of
from app.services.cases import Case

Tell: TypeAlias = Callable[[Tx, Case, int], Awaitable[None]]
"""Names the payee of a case, and tells them that so many rupiah are owed and what to do."""
ACCOUNTS_AT_ONCE = 200


async def ask_payees(house: House, lifecycle: str, tell: Tell) -> None:
    """Remind whoever must give an account, and tell payees whom nobody has named yet: what became owed in another way than
    by the case's own moves. Each case in a transaction of its own."""
    async with house.db.read() as connection:
        waiting = await cases_to_ask(connection, lifecycle)
    for case_id in waiting:
        async with house.db.begin(SYSTEM) as tx:
            case = await cases.get_locked(tx, case_id)
            owed = await _reminder_due(tx, case)
            if owed is not None:
                await tell(tx, case, owed)
    async with house.db.read() as connection:
        nameless = await cases_without_payee(connection, lifecycle)
    for case_id in nameless:
        async with house.db.begin(SYSTEM) as tx:
            case = await cases.get_locked(tx, case_id)
            # Asked again under the lock: another run, or the case's own move, may have told them since the list was read.
            if not await cases_without_payee(tx.session, lifecycle, case_id=case_id):
                continue
            owed = sum(each.amount for each in await refunds_of(tx.session, case_id) if each.state is RefundState.OWED)
            if owed:
                await tell(tx, case, owed)


async def check_account(house: House, account_id: str) -> None:
    """Job: ask the bank whose account it is. Raises while nobody answers, to be tried again."""
    async with house.db.read() as connection:
        account = await refund_accounts.given_account(connection, house.keys, UUID(account_id))
    if account is None:
        return
    answer = await house[AccountNames].find(account.bank_code, account.number)
    async with house.db.begin(SYSTEM) as tx:
        await refund_accounts.note_answer(tx, UUID(account_id), answer)


async def ask_banks_again(house: House) -> None:
    """Job: ask for the accounts whose bank did not answer while the job was tried, the newest first."""
    async with house.db.begin(SYSTEM) as tx:
        given_up = (
            select(col(RefundAccount.id))
            .where(
                col(RefundAccount.state) == AccountState.UNCHECKED,
                col(RefundAccount.replaced_at).is_(None),
                col(RefundAccount.given_at) <= tx.now - GIVEN_UP_AFTER,
            )
            .order_by(col(RefundAccount.given_at).desc())
            .limit(ACCOUNTS_AT_ONCE)
        )
        for account_id in (await tx.session.execute(given_up)).scalars():
            await tx.enqueue(CHECK_ACCOUNT, str(account_id))


async def _reminder_due(tx: Tx, case: Case) -> int | None:
    """How much to remind of now, noted as reminded; None where nothing is due.

    Only the latest of the policy's days: a worker that was away for months does not send three at once.
    """
    owed = [each for each in await refunds_of(tx.session, case.id) if each.state is RefundState.OWED]
    if not owed or case.policy_id is None:
        return None
    policy, since = await reference.policy_by_id(tx.session, case.policy_id), min(each.owed_at for each in owed)
    passed = [days for days in policy.etle.refund_reminder_days if since + timedelta(days=days) <= tx.now]
    if not passed or await tx.session.get(RefundReminder, (case.id, max(passed))) is not None:
        return None
    tx.session.add(RefundReminder(case_id=case.id, days=max(passed), at=tx.now))
    await tx.session.flush()
    return sum(each.amount for each in owed)
