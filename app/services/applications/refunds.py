"""Fees that are owed back and cannot be paid yet: the applicant is reminded, and told what became of the account given."""

from uuid import UUID

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.core.texts import Text
from app.services import billing
from app.services.applications import money, telling
from app.services.applications.lifecycle import LIFECYCLE
from app.services.applications.store import application_of
from app.services.billing import AccountState
from app.services.cases import Case

TELL_ACCOUNT = "applications.tell_refund_account"
WHY_OWED = Text("Uang Anda ada pada kami.", "We hold money of yours.")
_ACCOUNT_GOOD = Text("Rekening {account} cocok dan dipakai.", "The account {account} fits and is used.")
_ACCOUNT_NOT = Text(
    "Nama pemilik rekening {account} bukan nama Anda, atau rekening tidak ada. Berikan rekening atas nama Anda sendiri.",
    "The account {account} is not in your name, or does not exist. Give an account in your own name.",
)


async def tell_account(house: House, account_id: str) -> None:
    """Job: what became of the account; told once, on the oldest application that owes this person. Nothing while a person
    looks."""
    async with house.db.begin(SYSTEM) as tx:
        view = await billing.view_of(tx.session, house.keys, UUID(account_id))
        words = {AccountState.CHECKED: _ACCOUNT_GOOD, AccountState.REFUSED: _ACCOUNT_NOT}.get(view.state)
        owing = await billing.cases_owed(tx.session, view.key_id, LIFECYCLE)
        case = await tx.session.get(Case, owing[0]) if owing else None
        if words is not None and case is not None:
            what = words.fill(account=f"{view.bank} {view.masked}")
            await telling.tell(tx, case, await application_of(tx, case.id), "application_refund_account", result=what)


async def ask_payees(house: House) -> None:
    """Job: tell and remind who is owed money and cannot be paid yet. A fee has no day on which it is the treasury's:
    art. 268 speaks of deposits of fines alone."""

    async def tell(tx: Tx, case: Case, amount: int) -> None:
        await money.tell_owed(tx, case, amount, WHY_OWED)

    await billing.ask_payees(house, LIFECYCLE, tell)
