"""Handing it in: everything is looked at once more, the price is fixed, and the case goes to the unit that decides it."""

from dataclasses import dataclass
from uuid import UUID

from app.core.actor import SYSTEM
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.problems import FieldError
from app.core.texts import Text
from app.services import cases, catalogue, reference
from app.services.applications import drafts, new_vehicles
from app.services.applications.assisting import consent_data
from app.services.applications.drafts import Checked
from app.services.applications.models import Application
from app.services.applications.precheck import NO_PRICE, PriceLine
from app.services.applications.problems import INCOMPLETE, MENDED_PRICE, NOT_ELIGIBLE
from app.services.applications.store import application_of, form_of, own_locked, person_of
from app.services.applications.units import unit_at
from app.services.cases import Case

UNIT_CHOSEN = Text("Kesatuan yang berwenang: {unit}", "The unit in charge: {unit}")


@dataclass(frozen=True, slots=True)
class Submission:
    """What the applicant says when handing it in. `version` is the form that they saw."""

    version: int
    confirm_duplicate: bool = False
    consent: UUID | None = None


async def submit(tx: Tx, case_id: UUID, checked: Checked | None, submission: Submission) -> Case:
    """Hand a draft in, or the mended parts of one that an officer gave back. `checked` was asked before the transaction;
    without it the case was in no state to be handed in, and the engine says in which it is.

    Raises CHANGED_MEANWHILE, NOT_OFFERED, INCOMPLETE, NOT_ELIGIBLE, MENDED_PRICE, LIKELY_DUPLICATE, FAMILY_CONSENT_NEEDED for
    who is no child any more, and what the lifecycle's guards raise. Locks case and application.
    """
    case, application = await own_locked(tx, case_id)
    if checked is None:
        return await cases.move(tx, case.id, "submit", data=consent_data(submission.consent))
    drafts.check_version(application, submission.version)
    drafts.check_version(application, checked.form_version)
    if case.state == "draft":
        drafts.check_still_a_child(tx, application, await person_of(tx.session, tx.house.keys, application))
    if checked.faults:
        raise INCOMPLETE(errors=checked.faults)
    _check_eligible(checked)
    if case.state == "needs_correction":
        _check_same_fees(application, checked)
        await _keep_result(tx, application, checked, with_price=False)
        return await cases.move(tx, case.id, "resubmit", data=consent_data(submission.consent))
    home = await reference.unit(tx.session, application.home_unit)
    await drafts.check_offered(tx, checked.service, home)  # it may have been suspended since the draft was begun
    form = await form_of(tx.session, tx.house.keys, application)
    await drafts.check_duplicate(tx, application, form, confirmed=submission.confirm_duplicate)
    await _keep_result(tx, application, checked, with_price=True)
    await _hand_to_unit(tx, case, application, checked)
    action = "submit_for_check" if checked.result.waits else "submit"
    return await cases.move(tx, case.id, action, data=consent_data(submission.consent))


async def recheck(house: House, case_id: UUID) -> None:
    """A register was down when it was handed in: look again, and go on or hand back by what it says now."""
    checked = await drafts.check(house, case_id)
    if checked.result.waits:
        return
    async with house.db.begin(SYSTEM) as tx:
        case = await cases.get_locked(tx, case_id)
        if case.state != "manual_check":
            return
        application = await application_of(tx, case_id)
        await _keep_result(tx, application, checked, with_price=True)
        if checked.result.passed:
            await cases.move(tx, case_id, "pass_by_machine")
        else:
            why = "; ".join(each.says.id for each in checked.refused) or "berkas belum lengkap"
            await cases.move(tx, case_id, "hand_back", reason=why[:1000])


def _check_eligible(checked: Checked) -> None:
    refused = checked.refused
    if not refused:
        return
    errors = [FieldError(f"/eligibility/{each.name}", each.says) for each in refused]
    raise NOT_ELIGIBLE(why=refused[0].says, errors=errors)


def _check_same_fees(application: Application, checked: Checked) -> None:
    """What is mended was paid for: an answer that leads to other fees is another application. Raises MENDED_PRICE."""
    if not checked.marked or not checked.result.price_known:
        return
    if not catalogue.fees_hang_on(checked.service, checked.marked):
        return
    paid = {PriceLine.of_json(each).code for each in application.price if isinstance(each, dict)}
    fees = {each.code for each in checked.service.fees}
    if {each.code for each in checked.result.price} & fees != paid & fees:
        raise MENDED_PRICE()


async def _keep_result(tx: Tx, application: Application, checked: Checked, *, with_price: bool) -> None:
    kept: list[JsonValue] = [{"name": each.name, "outcome": str(each.outcome)} for each in checked.result.verdicts]
    if not checked.result.price_known:
        kept.append({**NO_PRICE})
    application.precheck, application.prechecked_at = kept, tx.now
    form = {**checked.facts.form}
    application.chassis_bidx = new_vehicles.chassis_index(tx.house.keys, checked.service, form)
    if with_price:
        application.price = [line.as_json() for line in checked.result.price]
        application.amount = checked.result.amount
        wanted = catalogue.appointment_for(checked.service, checked.facts)
        application.appointment_kind = wanted.kind if wanted else None
    await tx.session.flush()


async def _hand_to_unit(tx: Tx, case: Case, application: Application, checked: Checked) -> None:
    """Where the service's rule names a level (SKCK), the case goes to that level's unit above the applicant's own."""
    level = checked.result.level
    if level is None:
        return
    home = await reference.unit(tx.session, application.home_unit)
    code = unit_at(home, level, checked.service)
    if code != case.unit:
        chosen = await reference.unit(tx.session, code)
        await cases.hand_to(tx, case.id, chosen.code, UNIT_CHOSEN.fill(unit=chosen.name))
