"""The functions that `data/lifecycles/application.yaml` names: guards refuse, effects act with the move, deadlines give a time.

Each is thin: the parent decides here, the work is done in the files named for it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.core.actor import ActorKind
from app.core.db import Tx
from app.core.problems import Problem
from app.core.texts import Text
from app.services import appointments, billing, catalogue, reference
from app.services.applications import assisting, clock, drafts, issuing, money, new_vehicles, review, slots, telling
from app.services.applications.issue import issue_for
from app.services.applications.issued_problems import DOCUMENT_GOOD
from app.services.applications.models import Application
from app.services.applications.precheck import NO_PRICE
from app.services.applications.problems import (
    COSTS_NOTHING,
    DAY_NOT_OVER,
    INCOMPLETE,
    MARKS_NEEDED,
    MARKS_OPEN,
    NO_RETEST,
    NOBODY_ELSE,
    NOT_ELIGIBLE,
    NOT_EXEMPTED,
    NOT_MENDED,
    NOT_REBOOKABLE,
    NOTHING_DOWN,
    NOTHING_TO_PRINT,
    PRESENCE,
    PRICE_UNKNOWN,
    REFUSAL_CODE_NEEDED,
    REGISTER_DISAGREES,
    REVIEW_BEGUN,
    SLOT_ELSEWHERE,
    SLOT_NEEDED,
)
from app.services.applications.reasons import REFUSALS
from app.services.applications.store import application_of, form_of, service_of
from app.services.applications.units import place_to_come
from app.services.cases import Case, DueTime, Move, Rule

LIFECYCLE = "application"
"""The lifecycle of every service that does not name another one of its own with these rules."""
REBOOK_DAYS = 30
"""A date that was not kept, or a test to be repeated, is chosen anew within this long; else all money goes back."""
ATTEND_DAYS = 30
"""Who must come and holds no date has this long for one."""
CLOSING_DAYS = 30
"""A digital document's case stays open this long, for questions about it."""
FOR_OFFICER = frozenset({"unknown", "to_check"})
"""What became of a condition that a machine leaves to a person."""

# --- guards ----------------------------------------------------------------------------------------------------------


async def complete(move: Move) -> None:
    """The form and the papers were whole when they were looked at in this submission."""
    if (await application_of(move.tx, move.case.id)).prechecked_at is None:
        raise INCOMPLETE()


async def passed(move: Move) -> None:
    """No condition failed, every register answered, and nothing is left for an officer to look at first."""
    if await _outcomes(move) & {"refused", *FOR_OFFICER}:
        raise NOT_ELIGIBLE(why=Text("", ""))


async def waits_for_officer(move: Move) -> None:
    """Nothing failed, and all that keeps the machine from passing it is a register that is down, or a condition that wants an
    officer's look first."""
    outcomes = await _outcomes(move)
    if "refused" in outcomes or not outcomes & FOR_OFFICER:
        raise NOTHING_DOWN()


async def priced(move: Move) -> None:
    """What it costs is known: while a register that says it is down, nobody knows whether it is nothing."""
    if NO_PRICE in (await application_of(move.tx, move.case.id)).precheck:
        raise PRICE_UNKNOWN()


async def register_agrees(move: Move) -> None:
    """No register contradicts a condition that an officer is to look at: they have it mended, and it goes on by itself, or hand
    the application back. What a register says is overruled by nobody's word."""
    if "to_check" in await _outcomes(move):
        raise REGISTER_DISAGREES()


async def slot_chosen(move: Move) -> None:
    """Where the service wants an appointment, one is held at the unit where they must come: nobody pays for a day that does
    not exist, or travels to a unit that does not decide."""
    application = await application_of(move.tx, move.case.id)
    if application.appointment_kind is None:
        return
    booking = await _booking(move)
    if booking is None:
        raise SLOT_NEEDED()
    service = await service_of(move.tx.session, application)
    form = await form_of(move.tx.session, move.tx.house.keys, application)
    place = await place_to_come(move.tx, move.case, application, service, form)
    if booking.unit != place.code:
        raise SLOT_ELSEWHERE(unit=place.name)


async def costs(move: Move) -> None:
    """There is something to pay."""
    if (await application_of(move.tx, move.case.id)).amount <= 0:
        raise COSTS_NOTHING()


async def free(move: Move) -> None:
    """There is nothing to pay (annual validation and fingerprints are Rp 0; PP 76/2020 art. 7)."""
    if (await application_of(move.tx, move.case.id)).amount > 0:
        raise COSTS_NOTHING()


async def no_marks(move: Move) -> None:
    """Nothing is marked for mending."""
    marks = await drafts.open_marks(move.tx, move.case.id)
    if marks:
        raise MARKS_OPEN(pointers=", ".join(each.pointer for each in marks))


async def first_registration(move: Move) -> None:
    """No other application was approved for a vehicle with the same chassis number."""
    await new_vehicles.check_first(move.tx, await application_of(move.tx, move.case.id))


async def marks_made(move: Move) -> None:
    """At least one field or paper is marked and not mended."""
    if not any(each.changed_at is None for each in await drafts.open_marks(move.tx, move.case.id)):
        raise MARKS_NEEDED()


async def marks_mended(move: Move) -> None:
    """Every marked field or paper was changed; the marks are settled with this."""
    marks = await drafts.open_marks(move.tx, move.case.id)
    left = [each.pointer for each in marks if each.changed_at is None]
    if left:
        raise NOT_MENDED(pointers=", ".join(left))
    for each in marks:
        each.mended_at = move.tx.now


async def coded_reason(move: Move) -> None:
    """What a machine passed is refused only for a reason from the list."""
    if (await application_of(move.tx, move.case.id)).refusal_code not in REFUSALS:
        raise REFUSAL_CODE_NEEDED(codes=", ".join(REFUSALS))


async def not_begun(move: Move) -> None:
    """The drawn officer has not opened it yet."""
    if (await application_of(move.tx, move.case.id)).looked_at is not None:
        raise REVIEW_BEGUN()


async def presence_wanted(move: Move) -> None:
    """Somebody must come, and has not come yet."""
    application = await application_of(move.tx, move.case.id)
    if application.appointment_kind is None or application.attended_at is not None:
        raise PRESENCE()


async def presence_done(move: Move) -> None:
    """Nobody need come, or has come."""
    application = await application_of(move.tx, move.case.id)
    if application.appointment_kind is not None and application.attended_at is None:
        raise PRESENCE()


async def exempted(move: Move) -> None:
    """An exemption was claimed (PP 76/2020 art. 7)."""
    if (await application_of(move.tx, move.case.id)).exemption is None:
        raise NOT_EXEMPTED()


async def retest_left(move: Move) -> None:
    """The service allows one more try."""
    application = await application_of(move.tx, move.case.id)
    if application.retests >= len(await _retest_days(move.tx, application)):
        raise NO_RETEST()


async def may_rebook(move: Move) -> None:
    """Another date is held, late enough after a failed test; a date that was not kept is replaced once."""
    application, booking = await application_of(move.tx, move.case.id), await _booking(move)
    after = application.rebook_from
    too_often = application.missed > slots.MISSED_ALLOWED
    if booking is None or too_often or (after is not None and booking.starts_at < after):
        raise NOT_REBOOKABLE(after=f"{after:%d.%m.%Y}" if after else "-")


async def another_officer(move: Move) -> None:
    """Somebody else of the unit can be drawn."""
    if not await review.another_officer(move.tx, move.case):
        raise NOBODY_ELSE()


async def day_over(move: Move) -> None:
    """Staff say that nobody came only when the day of the appointment is over; the queue and the deadline know by themselves."""
    if move.tx.actor.kind is not ActorKind.STAFF:
        return
    booking = await _booking(move)
    if booking is None:
        raise DAY_NOT_OVER()
    zone = reference.zone_of(await reference.unit(move.tx.session, booking.unit))
    if move.tx.as_of.astimezone(zone).date() <= booking.starts_at.astimezone(zone).date():
        raise DAY_NOT_OVER()


async def on_paper(move: Move) -> None:
    """The service issues something to be printed."""
    service = await service_of(move.tx.session, await application_of(move.tx, move.case.id))
    if service.issues is None or not service.issues.paper:
        raise NOTHING_TO_PRINT()


async def document_ended(move: Move) -> None:
    """What the case ended in is no longer good, and nothing took its place."""
    issued = await issuing.issued_of(move.tx.session, move.case.id)
    if issued is None or issued.revoked_at is None:
        raise DOCUMENT_GOOD()


async def consented(move: Move) -> None:
    """A counter officer takes the applicant's step only with a code that went to the applicant, used in this transaction."""
    await assisting.check_consent(move)


# --- effects ---------------------------------------------------------------------------------------------------------


async def submit(move: Move) -> None:
    """It was handed in: by this day's terms it is judged, the police have the ball, and the slot waits with what an officer or
    a silent register keeps waiting."""
    application = await application_of(move.tx, move.case.id)
    application.submitted_at = move.tx.now
    await clock.start(move.tx, application)
    if move.case.state == "manual_check":
        await money.hold_slot_until(move.tx, move.case, None)


async def begin_review(move: Move) -> None:
    """An officer of the unit is drawn."""
    await review.draw_officer(move.tx, move.case)


async def open_bill(move: Move) -> None:
    """The bill with its lines; the slot is held as long as it can be paid."""
    await money.open_bill(move.tx, move.case)


async def bill_after_all(move: Move) -> None:
    """The exemption was denied: the state fees are billed."""
    await money.bill_after_all(move.tx, move.case)


async def cancel_bill(move: Move) -> None:
    """Nobody can pay any more what is no longer asked for."""
    await billing.cancel_unpaid_bills(move.tx, move.case.id, money.CANCELLED)


async def confirm_slot(move: Move) -> None:
    """The held appointment is kept, also one whose hold ended seconds ago, as long as nobody else has the place. Who has
    lost it is told and chooses another date: the payment stands in any case."""
    application = await application_of(move.tx, move.case.id)
    if application.appointment_kind is None:
        return
    try:
        await appointments.confirm(move.tx, move.case.id)
    except Problem:
        await appointments.release(move.tx, move.case.id, why="hold_ended")
        await telling.tell(move.tx, move.case, application, "application_news", what=slots.SLOT_LOST, reason="-")


async def release_slot(move: Move) -> None:
    """The appointment is free again at once."""
    await appointments.release(move.tx, move.case.id, why=move.transition.action if move.transition else "released")


async def attend_slot(move: Move) -> None:
    """The person came: the date is used up. Who came after all, as a late scan may tell, has missed nothing."""
    await appointments.settle(move.tx, move.case.id, "attended")
    application = await application_of(move.tx, move.case.id)
    if move.transition is not None and move.transition.source == "no_show" and application.missed > 0:
        application.missed -= 1


async def miss_slot(move: Move) -> None:
    """Nobody came: the date is used up. A device may still tell that somebody did, and then it was kept after all."""
    await appointments.settle(move.tx, move.case.id, "missed")


async def make_receipt(move: Move) -> None:
    """The payment's event gets a check code, and the applicant is told."""
    await money.make_receipt(move)


async def void_receipt(move: Move) -> None:
    """The bank took the payment back: its receipt is void."""
    await money.void_receipt(move)


async def owe_payment(move: Move) -> None:
    """Nobody asked for this money: it is owed back whole."""
    await money.owe_payment(move)


async def owe_all(move: Move) -> None:
    """A refusal pays everything back by itself."""
    await money.owe_all(move.tx, move.case)


async def reopen(move: Move) -> None:
    """The form can be changed again; price and checks are made anew at the next submission."""
    application = await application_of(move.tx, move.case.id)
    application.prechecked_at, application.precheck = None, []
    application.price, application.amount = [], 0
    application.touched_at = move.tx.now
    await money.hold_slot_until(move.tx, move.case, move.tx.now + slots.DRAFT_HOLD)


async def hold_slot_awake(move: Move) -> None:
    """What was handed back keeps its place for some hours in which people are awake, as the policy says: the system hands back
    at any time of the night, when a register answers again."""
    await slots.hold_awake(move.tx, move.case)


async def stop_clock(move: Move) -> None:
    """The ball is with the applicant."""
    await clock.stop(move.tx, move.case, await application_of(move.tx, move.case.id))


async def start_clock(move: Move) -> None:
    """The ball is with the police; who came is noted."""
    application = await application_of(move.tx, move.case.id)
    if move.case.state == "attended":
        application.attended_at = move.tx.now
    await clock.start(move.tx, application)


async def note_retest(move: Move) -> None:
    """A failed test: counted, with the day from which another date may be chosen (7, 14, 30 days; unverified)."""
    application = await application_of(move.tx, move.case.id)
    days = await _retest_days(move.tx, application)
    wait = days[min(application.retests, len(days) - 1)]
    application.retests += 1
    application.attended_at, application.rebook_from = None, move.tx.as_of + timedelta(days=wait)


async def note_missed(move: Move) -> None:
    """A date that was not kept, also by who was checked in and called in vain."""
    application = await application_of(move.tx, move.case.id)
    application.missed += 1
    application.attended_at = None


async def issue(move: Move) -> None:
    """The document gets its number; it is rendered and signed in the background."""
    application = await application_of(move.tx, move.case.id)
    await clock.stop(move.tx, move.case, application)
    await issue_for(move.tx, move.case, application)


async def tell(move: Move) -> None:
    """The applicant reads what happened, in the words of the event."""
    if move.transition is None:
        return
    application = await application_of(move.tx, move.case.id)
    reason = move.reason or (REFUSALS[application.refusal_code].id if application.refusal_code in REFUSALS else "-")
    await telling.tell(move.tx, move.case, application, "application_news", what=move.transition.title, reason=reason)


async def tell_refund_paid(move: Move) -> None:
    """The refund is in the account."""
    await money.tell_refund_paid(move)


async def ask_account_again(move: Move) -> None:
    """The receiving bank sent the refund back."""
    await money.ask_account_again(move)


# --- deadlines -------------------------------------------------------------------------------------------------------


async def draft_due(tx: Tx, case: Case) -> datetime | None:
    """A draft that nobody touches for as long as the service says is closed."""
    application = await tx.session.get(Application, case.id)
    if application is None:  # the case is just being opened; the application follows in this transaction and asks again
        return None
    return application.touched_at + timedelta(days=(await service_of(tx.session, application)).draft_days)


async def payment_due(tx: Tx, case: Case) -> datetime | None:
    """The end of the bill."""
    return await money.payment_due(tx, case)


async def service_due(tx: Tx, case: Case) -> datetime | None:
    """The service level of the service's file, in working hours; nothing while the clock stands."""
    application = await application_of(tx, case.id)
    service = await service_of(tx.session, application)
    return await clock.due(tx, case, application, hours=service.service_level_hours)


async def correction_due(tx: Tx, case: Case) -> datetime | None:
    """The applicant's time to mend."""
    service = await service_of(tx.session, await application_of(tx, case.id))
    return case.entered_at + timedelta(days=service.correction_days)


async def attendance_due(tx: Tx, case: Case) -> datetime | None:
    """A day after the appointment; some weeks where no date was chosen."""
    booking = await appointments.booking_of(tx.session, case.id, now=tx.as_of)
    if booking is None or booking.state == "missed":
        return case.entered_at + timedelta(days=ATTEND_DAYS)
    return booking.starts_at + timedelta(days=1)


async def rebook_due(tx: Tx, case: Case) -> datetime | None:
    """Until when another date must be chosen. Who has missed too many may choose none: the money goes back as soon as no device
    can tell any more that they came."""
    application = await application_of(tx, case.id)
    if case.state == "no_show" and application.missed > slots.MISSED_ALLOWED:
        return case.entered_at + appointments.SENT_WITHIN
    return max(case.entered_at, application.rebook_from or case.entered_at) + timedelta(days=REBOOK_DAYS)


async def closing_due(tx: Tx, case: Case) -> datetime | None:
    """When the case of a digital document is closed; one on paper is closed when it is handed over."""
    service = await service_of(tx.session, await application_of(tx, case.id))
    return None if service.issues and service.issues.paper else case.entered_at + timedelta(days=CLOSING_DAYS)


async def _outcomes(move: Move) -> set[str]:
    application = await application_of(move.tx, move.case.id)
    return {str(each.get("outcome")) for each in application.precheck if isinstance(each, dict)}


async def _booking(move: Move) -> appointments.BookingView | None:
    booking = await appointments.booking_of(move.tx.session, move.case.id, now=move.tx.as_of)
    return booking if booking is not None and booking.state in ("held", "confirmed") else None


async def _retest_days(tx: Tx, application: Application) -> tuple[int, ...]:
    wanted: catalogue.Appointment | None = (await service_of(tx.session, application)).appointment
    return wanted.retest_days if wanted else ()


_GUARDS = (
    complete, passed, waits_for_officer, priced, register_agrees, slot_chosen, costs, free, no_marks, marks_made, marks_mended, coded_reason,
    not_begun, presence_wanted, presence_done, exempted, retest_left, may_rebook, another_officer, day_over, on_paper, document_ended,
    consented, first_registration,
)  # fmt: skip
_EFFECTS = (
    submit, begin_review, open_bill, bill_after_all, cancel_bill, confirm_slot, release_slot, attend_slot, miss_slot,
    make_receipt, void_receipt,
    owe_payment, owe_all, reopen, hold_slot_awake, stop_clock, start_clock, note_retest, note_missed, issue, tell, tell_refund_paid,
    ask_account_again,
)  # fmt: skip
_DEADLINES = (
    draft_due, payment_due, service_due, correction_due, attendance_due, rebook_due, closing_due,
)  # fmt: skip

GUARDS: Mapping[str, Rule] = {f"applications.{each.__name__}": each for each in _GUARDS}
EFFECTS: Mapping[str, Rule] = {f"applications.{each.__name__}": each for each in _EFFECTS}
DEADLINES: Mapping[str, DueTime] = {f"applications.{each.__name__}": each for each in _DEADLINES}
