"""Money that goes home by itself (UU 22/2009 art. 268): to whom, what the payee is told, and until when it waits.

Billing knows what is owed and pays it; here is who the payee is (the addressee of the case, never whoever paid) and what
happens in the ticket's life. Nobody has to claim: an account given once is enough, and who has none is asked again and
again until the lawful year is over.
"""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.db import Tx
from app.core.house import House
from app.core.problems import Problem
from app.core.texts import Text
from app.services import billing, cases
from app.services.billing import AccountState, AccountView, GivenAccount, RefundState, RefundView
from app.services.billing.refund_problems import ACCOUNT_NOT_FOUND
from app.services.cases import Case, Move
from app.services.etle import letters
from app.services.etle.models import Party
from app.services.etle.problems import CASH_NOT_NOTED, NOT_YOUR_REFUND, PAYOUT_UNDER_WAY, TICKET_NOT_FOUND
from app.services.etle.store import addressee_of, person_of, policy_of, ticket_of
from app.services.etle.times import ZONES, end_of_day, end_of_year_after

AFTER_RETURN_DAYS = 30
"""Who gave an account in time has this long for another one when the bank sent the money back, whatever the year says."""
CONFIRM_CASH = "confirm_cash"
LOOK = "memeriksa nama pemilik rekening / checking an account holder's name"
TELL_ACCOUNT = "etle.tell_refund_account"

WHY_VERDICT = Text("Putusan hakim lebih rendah dari titipan Anda.", "The court decided on less than your deposit.")
WHY_ANNULLED = Text("Tilang dibatalkan.", "The ticket was annulled.")
WHY_NOT_DUE = Text("Pembayaran Anda tidak ditagih.", "Your payment was not asked for.")
WHY_OWED = Text("Uang Anda ada pada kami.", "We hold money of yours.")
_NOTHING_TO_DO = Text(
    "Kami kirim ke rekening {account}. Tidak ada yang perlu Anda lakukan.",
    "We send it to the account {account}. There is nothing that you need to do.",
)
_BEING_CHECKED = Text(
    "Rekening {account} sedang diperiksa; hasilnya kami kabarkan.",
    "The account {account} is being checked; we tell you the result.",
)
_GIVE_ACCOUNT = Text("Beri tahu kami rekening atas nama Anda sendiri.", "Tell us of an account in your own name.")
_GIVE_BEFORE = Text(
    "Beri tahu kami rekening atas nama Anda sendiri paling lambat {until}; lewat dari itu masuk kas negara.",
    "Tell us of an account in your own name before {until}; after that it goes to the treasury.",
)
_ACCOUNT_GOOD = Text("Rekening {account} cocok dan dipakai.", "The account {account} fits and is used.")
_ACCOUNT_NOT = Text(
    "Nama pemilik rekening {account} bukan nama Anda, atau rekening tidak ada. Berikan rekening atas nama Anda sendiri.",
    "The account {account} is not in your name, or does not exist. Give an account in your own name.",
)


# --- what the lifecycle names ----------------------------------------------------------------------------------------


async def tell_owed(tx: Tx, case: Case, amount: int, why: Text) -> None:
    """Money is owed back: its payee is named, and told how much, why, and what happens next."""
    party = await addressee_of(tx, case.id)
    if party is None:
        return
    await billing.name_payee(tx, case.id, party.key_id)
    params: letters.Params = {"amount": amount, "why": why, "what_next": await _what_next(tx, case, party.key_id)}
    await letters.tell_addressee(tx, case, "etle_refund_due", params)


async def tell_refund_paid(move: Move) -> None:
    """The bank's statement shows the payment: the payee is told where the money is. For what is still owed the year runs."""
    await _tell(move, "etle_refund_paid")
    await cases.recompute_deadlines(move.tx, move.case)


async def ask_account_again(move: Move) -> None:
    """The receiving bank sent the money back: the payee is asked for another account, and has time for it."""
    await _tell(move, "etle_refund_returned")
    await cases.recompute_deadlines(move.tx, move.case)


async def ask_cash_witness(move: Move) -> None:
    """Cash wants two: another clerk of the prosecutor's office confirms what this one noted."""
    actor, case = move.tx.actor.id, move.case
    await cases.open_task(move.tx, case.id, CONFIRM_CASH, role="prosecutor", unit=case.unit, exclude=[actor])


async def close_in_cash(tx: Tx, case: Case) -> None:
    """Book that everything owed to this case's payee was paid in cash."""
    for refund in await billing.refunds_of(tx.session, case.id):
        if refund.state == billing.RefundState.OWED:
            await billing.pay_out(tx, refund.id, in_cash=True)


async def check_no_payout(tx: Tx, case_id: UUID) -> None:
    """Nobody pays by hand, and nothing is forfeited, while a payment order has it. Raises PAYOUT_UNDER_WAY."""
    if await billing.is_under_way(tx.session, case_id):
        raise PAYOUT_UNDER_WAY()


async def left_by_verdict(tx: Tx, case_id: UUID) -> list[RefundView]:
    """What a verdict left of the deposit and is still owed. This alone is ever forfeited (art. 268): money that was paid
    twice, or not asked for, stays its payer's however long it takes."""
    return [
        each
        for each in await billing.refunds_of(tx.session, case_id)
        if each.state is RefundState.OWED and each.reason == billing.OVERPAID
    ]


async def check_cash_noted(tx: Tx, case_id: UUID) -> None:
    """A clerk has noted the cash since the refund was last owed. Raises CASH_NOT_NOTED."""
    waiting = {each.kind for each in await cases.tasks_of(tx.session, case_id)}
    if CONFIRM_CASH not in waiting:
        raise CASH_NOT_NOTED()


async def claim_due(tx: Tx, case: Case) -> datetime | None:
    """One year from the decision (art. 268), and time enough after a return; nothing while it is on its way.

    Nothing either where no verdict's rest is owed. No policy makes the year shorter than the law's.
    """
    if await billing.is_under_way(tx.session, case.id) or not await left_by_verdict(tx, case.id):
        return None
    ticket, policy = await ticket_of(tx, case.id), await policy_of(tx, case)
    decided = ticket.decided_at or case.entered_at
    lawful = max(end_of_day(decided, policy.refund_claim_days, ticket.zone), end_of_year_after(decided, ticket.zone))
    came_back = await billing.came_back_on(tx.session, case.id)
    if came_back is None:
        return lawful
    day = datetime.combine(came_back, time(12), ZONES[ticket.zone])
    return max(lawful, end_of_day(day, AFTER_RETURN_DAYS, ticket.zone))


# --- the account -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RefundPage:
    """What a payee sees of the money that comes home: what is owed or was paid, where to, and until when we wait."""

    refunds: tuple[RefundView, ...]
    account: AccountView | None
    on_its_way: bool
    claim_until: datetime | None

    @property
    def owed(self) -> int:
        return sum(each.amount for each in self.refunds if each.state is RefundState.OWED)


async def account_of(house: House, case_id: UUID) -> AccountView | None:
    """The account that the case's payee has given, here or in an earlier case."""
    async with house.db.begin(SYSTEM) as tx:
        party = await addressee_of(tx, case_id)
        return None if party is None else await billing.find_account(tx.session, house.keys, party.key_id)


async def is_payee(house: House, holder: Actor, case_id: UUID) -> bool:
    """Whether what this case owes goes to the one who looks."""
    try:
        async with house.db.begin(holder) as tx:
            await _payee(tx, case_id)
    except Problem as problem:
        if problem.type is not NOT_YOUR_REFUND:
            raise
        return False
    return True


async def refunds_for(house: House, holder: Actor, case_id: UUID) -> RefundPage:
    """The refunds of a case and the payee's account. Raises NOT_YOUR_REFUND for a holder who is not the payee."""
    async with house.db.begin(holder) as tx:
        case, party = await tx.session.get(Case, case_id), await _payee(tx, case_id)
        if case is None:
            raise TICKET_NOT_FOUND()
        return RefundPage(
            refunds=tuple(await billing.refunds_of(tx.session, case_id)),
            account=await billing.find_account(tx.session, house.keys, party.key_id),
            on_its_way=await billing.is_under_way(tx.session, case_id),
            claim_until=await claim_due(tx, case) if case.state == "refund_due" else None,
        )


async def give_account(tx: Tx, case_id: UUID, account: GivenAccount, answer: billing.NameAnswer | None) -> AccountView:
    """Keep the account of the case's payee, checked by the bank's `answer`; without one a job asks again later.

    Raises TICKET_NOT_FOUND, NOT_YOUR_REFUND, and what `billing.give_account` raises. Locks the case.
    """
    case = await cases.get_locked(tx, case_id)
    party = await _payee(tx, case.id)
    person = (await person_of(tx, party))["name"]
    view = await billing.give_account(tx, party.key_id, account, person=person, answer=answer)
    await billing.name_payee(tx, case.id, party.key_id)
    return view


async def compare_names(tx: Tx, account_id: UUID) -> tuple[AccountView, billing.NamesView]:
    """The names for a person of finance to compare; the look is recorded with every case that owes this person, and the
    payee reads it. Raises ACCOUNT_NOT_FOUND, also for an account that no case of the actor's Polda pays to."""
    view = await billing.view_of(tx.session, tx.house.keys, account_id)
    for case_id in await _cases_of_polda(tx, view):
        await cases.saw(tx, case_id, LOOK)
    return view, await billing.names_of(tx.session, tx.house.keys, account_id)


async def decide_account(tx: Tx, account_id: UUID, *, accept: bool) -> AccountView:
    """A person compared the names; the payee reads the outcome. Raises what `billing.decide_account` raises."""
    await _cases_of_polda(tx, await billing.view_of(tx.session, tx.house.keys, account_id))
    return await billing.decide_account(tx, account_id, accept=accept)


async def tell_account(house: House, account_id: str) -> None:
    """Job: what became of the account; told once, on the oldest ticket that owes this person. Nothing while a person looks."""
    async with house.db.begin(SYSTEM) as tx:
        view = await billing.view_of(tx.session, house.keys, UUID(account_id))
        words = {AccountState.CHECKED: _ACCOUNT_GOOD, AccountState.REFUSED: _ACCOUNT_NOT}.get(view.state)
        owing = await billing.cases_owed(tx.session, view.key_id, "etle")
        case = await tx.session.get(Case, owing[0]) if owing else None
        if words is not None and case is not None:
            params: letters.Params = {"result": words.fill(account=_shown(view))}
            await letters.tell_addressee(tx, case, "etle_refund_account", params)


async def ask_payees(house: House) -> None:
    """Job: tell and remind who is owed money and cannot be paid yet."""

    async def tell(tx: Tx, case: Case, amount: int) -> None:
        await tell_owed(tx, case, amount, WHY_OWED)

    await billing.ask_payees(house, "etle", tell)


# --- who is who ------------------------------------------------------------------------------------------------------


async def _payee(tx: Tx, case_id: UUID) -> Party:
    """The addressee, if the actor is that person. An owner who named another driver is not, nor is a former owner.

    Who opened the case by the STNK's numbers proved no letter: that is the owner, and so the addressee unless the owner
    named somebody else.
    """
    party, ticket = await addressee_of(tx, case_id), await ticket_of(tx, case_id)
    if party is None:
        raise TICKET_NOT_FOUND()
    is_owner = "owner" in tx.actor.roles and (party.role in ("owner", "buyer") or ticket.answer == "self")
    if tx.actor.kind is ActorKind.CITIZEN and tx.actor.id != str(party.id) and not is_owner:
        raise NOT_YOUR_REFUND()
    return party


async def _cases_of_polda(tx: Tx, view: AccountView) -> list[UUID]:
    """The cases that owe this account's holder and lie in the actor's Polda; ACCOUNT_NOT_FOUND where none does."""
    units = await billing.units_of(tx.session, tx.actor.unit or "")
    owing = await billing.cases_owed(tx.session, view.key_id)
    found = [case_id for case_id in owing if (await tx.session.get_one(Case, case_id)).unit in units]
    if not found:
        raise ACCOUNT_NOT_FOUND()
    return found


# --- words -----------------------------------------------------------------------------------------------------------


async def _tell(move: Move, template: str) -> None:
    payout = UUID(str(move.data["payout_id"]))
    account = await billing.account_of_payout(move.tx.session, move.tx.house.keys, payout)
    params: letters.Params = {"amount": int(str(move.data["amount"])), "account": _shown(account) if account else "-"}
    await letters.tell_addressee(move.tx, move.case, template, params)


async def _what_next(tx: Tx, case: Case, key_id: UUID) -> Text:
    account = await billing.find_account(tx.session, tx.house.keys, key_id)
    if account is not None and account.state is AccountState.CHECKED:
        return _NOTHING_TO_DO.fill(account=_shown(account))
    if account is not None and account.state in (AccountState.UNCHECKED, AccountState.DOUBTFUL):
        return _BEING_CHECKED.fill(account=_shown(account))
    ticket = await ticket_of(tx, case.id)
    until = await claim_due(tx, case) if ticket.decided_at is not None else None
    if until is None or case.state != "refund_due":
        return _GIVE_ACCOUNT
    return _GIVE_BEFORE.fill(until=letters.shown_moment(until, ticket.zone))


def _shown(account: AccountView) -> str:
    return f"{account.bank} {account.masked}"
