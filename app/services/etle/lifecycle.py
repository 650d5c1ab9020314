"""The functions that `data/lifecycles/etle.yaml` names: guards refuse, effects act with the move, deadlines give a time.

Each is thin: the parent decides here, the work is done in the files named for it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.core.db import Tx
from app.core.texts import Text
from app.services.cases import Case, DueTime, Move, Rule
from app.services.etle import at_counter, blocks, letters, money, refunds, review, shield, tickets
from app.services.etle.models import Ticket
from app.services.etle.problems import (
    ANSWER_INCOMPLETE,
    NOT_DELIVERED,
    NOT_EXEMPT,
    REGISTRY_MISMATCH,
    SECOND_LOOK_WANTED,
    SILENCE_IS_NOT_ADMISSION,
    VERDICT_DIFFERS,
    VERDICT_MISSING,
)
from app.services.etle.store import (
    address_to,
    latest_answer,
    latest_letter,
    party_in_role,
    policy_of,
    ticket_of,
)
from app.services.etle.times import end_of_day
from app.services.reference import ExemptionOutcome, exemption_for

# --- guards ----------------------------------------------------------------------------------------------------------


async def plate_is_exempt(move: Move) -> None:
    """Only what the policy exempts without a person's judgement (UU 22/2009 art. 134-135), and only on a sure reading:
    a doubtful one that happens to be an ambulance's would let somebody pass whom nobody looked at."""
    ticket, policy = await ticket_of(move.tx, move.case.id), await policy_of(move.tx, move.case)
    kind = str(ticket.vehicle.get("kind") or "")
    rule = exemption_for(policy, plate=ticket.plate or "", vehicle_kind=kind, violation=ticket.violation_code)
    if ticket.doubtful or rule is None or rule.outcome is not ExemptionOutcome.EXEMPT:
        raise NOT_EXEMPT()


async def registry_matches(move: Move) -> None:
    """To verify is to declare that picture and registry show one vehicle: refused where there is none, or he denies it."""
    ticket = await ticket_of(move.tx, move.case.id)
    if move.data.get("registry_matches") is False or ticket.vehicle_id is None:
        raise REGISTRY_MISMATCH()


async def second_look_done(move: Move) -> None:
    """A doubtful reading needs a second officer's agreement before a letter leaves (policy `second_eyes_below`)."""
    ticket = await ticket_of(move.tx, move.case.id)
    if await review.wants_second_look(move.tx, move.case, ticket) and not await review.was_endorsed(move.tx, move.case):
        raise SECOND_LOOK_WANTED()


async def within_quota(move: Move) -> None:
    """Counts this letter against the Polda's quota of the local day, or refuses."""
    await letters.take_quota(move.tx, move.case)


async def driver_named(move: Move) -> None:
    """Who drove is on record with name, NIK and address."""
    if await party_in_role(move.tx, move.case.id, "driver") is None:
        raise ANSWER_INCOMPLETE(missing="driver")


async def buyer_named(move: Move) -> None:
    """The buyer is on record with name and address."""
    if await party_in_role(move.tx, move.case.id, "buyer") is None:
        raise ANSWER_INCOMPLETE(missing="buyer")


async def objection_stated(move: Move) -> None:
    """The objection says why."""
    answer = await latest_answer(move.tx, move.case.id)
    if answer is None or answer.reason_enc is None:
        raise ANSWER_INCOMPLETE(missing="reason")


async def consent_given(move: Move) -> None:
    """The citizen agreed to what staff do here for them, with a code of their own for this very step (`etle.md` 7)."""
    await at_counter.check_consent(move)


async def delivery_proven(move: Move) -> None:
    """No time runs against an owner whom no letter has reached."""
    if (await ticket_of(move.tx, move.case.id)).delivered_at is None:
        raise NOT_DELIVERED()


async def silence_admits(move: Move) -> None:
    """The stamped policy takes silence for admission, and its waiting time is over (`etle.md` 4, 7)."""
    due = await admission_due(move.tx, move.case)
    if due is None or move.tx.as_of < due:
        raise SILENCE_IS_NOT_ADMISSION()


async def verdict_entered(move: Move) -> None:
    """Fine and cost of the verdict are on record."""
    if (await ticket_of(move.tx, move.case.id)).verdict_fine is None:
        raise VERDICT_MISSING()


async def deposit_equals(move: Move) -> None:
    """Deposit = fine + cost."""
    if await money.beyond_verdict(move.tx, move.case.id) != 0:
        raise VERDICT_DIFFERS()


async def deposit_is_short(move: Move) -> None:
    """Deposit < fine + cost."""
    if await money.beyond_verdict(move.tx, move.case.id) >= 0:
        raise VERDICT_DIFFERS()


async def bill_has_lapsed(move: Move) -> None:
    """The time of the latest bill is over, and nobody paid it."""
    await money.lapsed_bill(move.tx, move.case)


async def no_payout_under_way(move: Move) -> None:
    """A payment order has no refund of this case on its way."""
    await refunds.check_no_payout(move.tx, move.case.id)


async def cash_noted(move: Move) -> None:
    """A clerk has noted that the refund is paid in cash."""
    await refunds.check_cash_noted(move.tx, move.case.id)


async def deposit_is_over(move: Move) -> None:
    """Deposit > fine + cost."""
    if await money.beyond_verdict(move.tx, move.case.id) <= 0:
        raise VERDICT_DIFFERS()


# --- effects ---------------------------------------------------------------------------------------------------------


async def ask_second_look(move: Move) -> None:
    """Open the second officer's work item where the policy wants one; else the letter may go at once."""
    ticket = await ticket_of(move.tx, move.case.id)
    if await review.wants_second_look(move.tx, move.case, ticket):
        await review.ask_second_look(move.tx, move.case)
    else:
        await move.tx.enqueue("etle.dispatch")


async def dispatch_letter(move: Move) -> None:
    """Write the letter to the present addressee and hand it to the policy's channels."""
    await letters.dispatch(move.tx, move.case)


async def write_to_driver(move: Move) -> None:
    """The named driver gets a letter with a code of his own; the owner stays the addressee until he accepts."""
    await letters.write_to_driver(move.tx, move.case)


async def address_driver(move: Move) -> None:
    """The driver is the addressee from now on."""
    driver = await party_in_role(move.tx, move.case.id, "driver")
    if driver is not None:
        await address_to(move.tx, move.case.id, driver)


async def return_to_owner(move: Move) -> None:
    """The named driver is out of the case; the owner is asked again, and is told."""
    driver = await party_in_role(move.tx, move.case.id, "driver")
    if driver is not None:
        driver.superseded_at, driver.addressee = move.tx.now, False
    await letters.ask_owner_again(move.tx, move.case)


async def address_buyer(move: Move) -> None:
    """The buyer is the addressee from now on, and the clock starts anew with the buyer's own letter."""
    buyer = await party_in_role(move.tx, move.case.id, "buyer")
    if buyer is not None:
        await address_to(move.tx, move.case.id, buyer)
    (await ticket_of(move.tx, move.case.id)).delivered_at = None
    await move.tx.enqueue("etle.dispatch")


async def issue_ticket(move: Move) -> None:
    """Give the register number and the court date; the addressee is told with the bill that follows."""
    await tickets.issue(move.tx, move.case)


async def open_bill(move: Move) -> None:
    """Bill the maximum fine, a deposit until the verdict (UU 22/2009 art. 267), and tell the addressee."""
    await money.open_deposit_bill(move.tx, move.case)


async def cancel_bill(move: Move) -> None:
    """Nobody can pay any more what is no longer due."""
    await money.cancel_open_bill(move.tx, move.case, why=move.reason or "etle")


async def bill_verdict(move: Move) -> None:
    """No deposit was paid: bill fine and cost of the verdict instead."""
    await money.open_verdict_bill(move.tx, move.case)


async def bill_rest(move: Move) -> None:
    """Bill what the verdict asks beyond the deposit."""
    await money.open_rest_bill(move.tx, move.case)


async def bill_again(move: Move) -> None:
    """Ask for the same amount under a new number: the debt outlives its bill."""
    await money.open_bill_again(move.tx, move.case)


async def propose_block(move: Move) -> None:
    """Propose to an investigator that the STNK be blocked (Perpol 7/2021 art. 87)."""
    action = move.transition.action if move.transition else "etle"
    await blocks.propose(move.tx, move.case, reason=action)


async def lift_blocks(move: Move) -> None:
    """Withdraw this case's proposals and lift its blocks."""
    await blocks.lift_all(move.tx, move.case)


async def make_receipt(move: Move) -> None:
    """Keep which event is the receipt of the payment, and tell the payer."""
    await money.make_receipt(move)


async def void_receipt(move: Move) -> None:
    """The bank took the payment back: its receipt is void, and the addressee is told."""
    await money.void_receipt(move)


async def owe_payment(move: Move) -> None:
    """Nobody asked for this money: it is owed back whole."""
    await money.owe_payment(move)


async def owe_deposit(move: Move) -> None:
    """The ticket was annulled: the whole deposit is owed back."""
    await money.owe_deposit(move.tx, move.case)


async def take_deposit(move: Move) -> None:
    """The verdict asks for what was deposited: the deposit is the fine (art. 267)."""
    await money.take_deposit(move.tx, move.case)


async def owe_rest(move: Move) -> None:
    """What was deposited beyond the verdict is owed back, and the payer is told (art. 268)."""
    await money.owe_rest(move.tx, move.case)


async def tell_refund_paid(move: Move) -> None:
    """The bank's statement shows the payout: the payee is told."""
    await refunds.tell_refund_paid(move)


async def ask_account_again(move: Move) -> None:
    """The receiving bank sent the money back: another account is asked for."""
    await refunds.ask_account_again(move)


async def ask_cash_witness(move: Move) -> None:
    """A second clerk is to confirm the refund in cash."""
    await refunds.ask_cash_witness(move)


async def close_refund(move: Move) -> None:
    """The refund was paid in cash, as two clerks say."""
    await refunds.close_in_cash(move.tx, move.case)


async def forfeit_refund(move: Move) -> None:
    """Not claimed within a year: it goes to the treasury (art. 268)."""
    await money.forfeit_refund(move.tx, move.case)


async def tell_refused(move: Move) -> None:
    """The addressee reads that the objection is refused, and why."""
    params: letters.Params = {"decision": Text("ditolak", "refused"), "reason": move.reason or "-"}
    await letters.tell_addressee(move.tx, move.case, "etle_objection_decided", params)


async def tell_annulled(move: Move) -> None:
    """Everybody who was written to reads that it is over."""
    await letters.tell_all(move.tx, move.case, "etle_annulled", {"reason": move.reason or "-"})


# --- deadlines -------------------------------------------------------------------------------------------------------


async def verify_due(tx: Tx, case: Case) -> datetime | None:
    """The officer's decision: about 3 days from the violation."""
    ticket = await tx.session.get(Ticket, case.id)
    if ticket is None:  # the case is just being opened; the ticket follows in this transaction and asks again
        return None
    return end_of_day(ticket.occurred_at, (await policy_of(tx, case)).review_days, ticket.zone)


async def review_due(tx: Tx, case: Case) -> datetime | None:
    """An opened review that nobody finishes goes back."""
    return case.entered_at + timedelta(minutes=(await policy_of(tx, case)).review_idle_minutes)


async def dispatch_due(tx: Tx, case: Case) -> datetime | None:
    """A verified case that was not sent by then expires: the owner was never told in time."""
    ticket = await ticket_of(tx, case.id)
    return end_of_day(ticket.occurred_at, (await policy_of(tx, case)).expire_unsent_days, ticket.zone)


async def letter_due(tx: Tx, case: Case) -> datetime | None:
    """By then the letter should have left, 3 days from the violation; a later one is not void, but somebody looks why."""
    ticket = await ticket_of(tx, case.id)
    return end_of_day(ticket.occurred_at, (await policy_of(tx, case)).dispatch_days, ticket.zone)


async def delivery_due(tx: Tx, case: Case) -> datetime | None:
    """Delivery that is unproven by then counts as not delivered; nothing once it is proven."""
    ticket, letter = await ticket_of(tx, case.id), await latest_letter(tx, case.id)
    if letter is None or ticket.delivered_at is not None:
        return None
    return end_of_day(letter.written_at, (await policy_of(tx, case)).delivery_proof_days, ticket.zone)


async def answer_due(tx: Tx, case: Case) -> datetime | None:
    """The later of 8 days from the violation and 5 days from proven delivery; nothing before delivery is proven."""
    ticket, policy = await ticket_of(tx, case.id), await policy_of(tx, case)
    if ticket.delivered_at is None:
        return None
    return max(
        end_of_day(ticket.occurred_at, policy.answer_days_from_violation, ticket.zone),
        end_of_day(ticket.delivered_at, policy.answer_min_days_from_delivery, ticket.zone),
    )


async def resend_due(tx: Tx, case: Case) -> datetime | None:
    """An undelivered letter for which no channel was found by then expires."""
    ticket = await ticket_of(tx, case.id)
    return end_of_day(ticket.occurred_at, (await policy_of(tx, case)).expire_undelivered_days, ticket.zone)


async def driver_answer_due(tx: Tx, case: Case) -> datetime | None:
    """The named driver's time runs from proven delivery of his own letter, or from when proof is given up."""
    ticket, policy = await ticket_of(tx, case.id), await policy_of(tx, case)
    driver = await party_in_role(tx, case.id, "driver")
    letter = await latest_letter(tx, case.id, driver.id) if driver else None
    if letter is None:
        return None
    start = letter.delivered_at or end_of_day(letter.written_at, policy.delivery_proof_days, ticket.zone)
    return end_of_day(start, policy.driver_answer_days, ticket.zone)


async def admission_due(tx: Tx, case: Case) -> datetime | None:
    """From then on silence may be treated as admission; nothing where the policy does not do so."""
    policy = await policy_of(tx, case)
    if not policy.unanswered_is_admitted:
        return None
    return end_of_day(case.entered_at, policy.admit_after_days, (await ticket_of(tx, case.id)).zone)


async def objection_due(tx: Tx, case: Case) -> datetime | None:
    """The officer's decision on an objection."""
    ticket = await ticket_of(tx, case.id)
    return end_of_day(case.entered_at, (await policy_of(tx, case)).objection_days, ticket.zone)


async def payment_due(tx: Tx, case: Case) -> datetime | None:
    """The later of 7 days from the code and 15 days from the violation."""
    return await money.payment_due(tx, case)


async def session_due(tx: Tx, case: Case) -> datetime | None:
    """The court's session day; from then on a missing verdict is chased."""
    ticket = await ticket_of(tx, case.id)
    return None if ticket.session_at is None else end_of_day(ticket.session_at, 1, ticket.zone)


async def refund_claim_due(tx: Tx, case: Case) -> datetime | None:
    """One year from the decision (art. 268); nothing while a payment order has it on its way."""
    return await refunds.claim_due(tx, case)


_GUARDS = (
    plate_is_exempt, registry_matches, second_look_done, within_quota, driver_named, buyer_named, objection_stated,
    consent_given, delivery_proven, silence_admits, verdict_entered, deposit_equals, deposit_is_short, deposit_is_over,
    bill_has_lapsed, no_payout_under_way, cash_noted,
)  # fmt: skip
_EFFECTS = (
    ask_second_look, dispatch_letter, write_to_driver, address_driver, return_to_owner, address_buyer, issue_ticket,
    open_bill, cancel_bill, bill_verdict, bill_rest, bill_again, propose_block, lift_blocks, make_receipt, void_receipt,
    owe_payment, owe_deposit, take_deposit, owe_rest, tell_refund_paid, ask_account_again, ask_cash_witness, close_refund, forfeit_refund, tell_refused, tell_annulled,
)  # fmt: skip
_DEADLINES = (
    verify_due, review_due, letter_due, dispatch_due, delivery_due, answer_due, resend_due, driver_answer_due, admission_due,
    objection_due, payment_due, session_due, refund_claim_due,
)  # fmt: skip

GUARDS: Mapping[str, Rule] = {f"etle.{each.__name__}": each for each in (*_GUARDS, shield.shield_compared)}
EFFECTS: Mapping[str, Rule] = {f"etle.{each.__name__}": each for each in (*_EFFECTS, shield.note_forger)}
DEADLINES: Mapping[str, DueTime] = {f"etle.{each.__name__}": each for each in _DEADLINES}
