"""What a service says of one applicant: may they, what must they bring and pay, must they come, how long will it hold.

Pure functions of a `Service` and `Facts`. What a register that is down would have to say is *unknown*: it never refuses
anybody, a person will look. Money is the exception: a price that cannot be known is not asked.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import cel

from app.core.db import JsonValue
from app.core.problems import UPSTREAM_UNAVAILABLE
from app.core.texts import Text
from app.services.catalogue.checking import as_answer
from app.services.catalogue.conditions import CannotTell, Condition
from app.services.catalogue.facts import FOUND_BY, REGISTER_TITLES, Facts
from app.services.catalogue.schemas import satisfies
from app.services.catalogue.service import (
    NEVER,
    Appointment,
    DocumentRule,
    Field,
    Otherwise,
    Presence,
    Rule,
    Service,
    Validity,
)


class Outcome(StrEnum):
    """How one rule came out."""

    GOOD = "good"
    REFUSED = "refused"
    WARNED = "warned"
    UNKNOWN = "unknown"
    TO_CHECK = "to_check"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One eligibility rule, judged. `says` is the sentence to show unless it is good; `down` names the registers whose
    silence makes it unknown: none where an answer of the form is still missing."""

    name: str
    outcome: Outcome
    says: Text
    law: str | None
    down: frozenset[str] = frozenset()


def verdicts(service: Service, facts: Facts) -> tuple[Verdict, ...]:
    """Every eligibility rule in the order of the file. A required answer that is not given yet leaves a rule unknown, and so
    does a record that is found by such an answer."""
    answers = _answers(service, facts, unanswered_required=False)
    context = facts.context(answers, without=_not_looked_for(unanswered(service, facts)))
    return tuple(_judged(rule, facts, context) for rule in service.eligibility)


def wanted_documents(service: Service, facts: Facts) -> tuple[DocumentRule, ...]:
    """The papers that must be handed in; one whose need a silent register would decide is wanted, for a person to see."""
    context = _context(service, facts)
    return tuple(each for each in service.documents if _holds(each.required, context, otherwise=True))


def optional_documents(service: Service) -> tuple[DocumentRule, ...]:
    """The papers that may be handed in, and need not: those whose file says `required: false`.

    One that is required by a condition is not asked for at all while the condition does not hold.
    """
    return tuple(each for each in service.documents if each.required == NEVER)


def required_fields(service: Service, form: Mapping[str, JsonValue]) -> tuple[Field, ...]:
    """The questions that must be answered, given the answers so far. Depends on the form and nothing else."""
    context = _context(service, Facts(today=date.min, form=form))
    return tuple(each for each in service.fields if _holds(each.required, context, otherwise=True))


def asked_fields(service: Service, form: Mapping[str, JsonValue]) -> tuple[Field, ...]:
    """The questions to ask, given the answers so far: one that is required by a condition is asked while that holds."""
    required = required_fields(service, form)
    return tuple(each for each in service.fields if each.required == NEVER or each in required)


def fee_codes(service: Service, facts: Facts) -> tuple[str, ...]:
    """The PNBP codes to pay, in the order of the file. Raises UPSTREAM_UNAVAILABLE where a silent register decides."""
    context = _context(service, facts)
    return tuple(dict.fromkeys(each.code for each in service.fees if _pays(each.when, facts, context)))


def price_waits(service: Service, facts: Facts) -> bool:
    """Whether an answer that is still missing decides what it costs: until then no price can be said, least of all none."""
    missing = unanswered(service, facts)
    if _not_looked_for(missing) & set(service.other_lines):
        return True
    return fees_hang_on(service, missing)


def fees_hang_on(service: Service, names: frozenset[str]) -> bool:
    """Whether one of these answers decides which fees are to be paid."""
    return any(_hangs_on(each.when, names) for each in service.fees)


def rules_that_hang_on(service: Service, names: frozenset[str]) -> frozenset[str]:
    """The eligibility rules that one of these answers decides, by itself or by the record that is found by it."""
    return frozenset(rule.name for rule in service.eligibility if _hangs_on(rule.when, names))


def unanswered(service: Service, facts: Facts) -> frozenset[str]:
    """The questions that must be answered, given the answers so far, and are not."""
    return frozenset(
        each.name for each in required_fields(service, facts.form) if not answered(facts.form.get(each.name))
    )


def prefilled(service: Service, facts: Facts) -> dict[str, JsonValue]:
    """What registers know of the form's answers, by field; only what the field would take."""
    context = _context(service, facts)
    known = {each.name: _prefill(each, context) for each in service.fields if each.prefill is not None}
    return {name: value for name, value in known.items() if value is not None}


def level_for(service: Service, facts: Facts) -> str | None:
    """The level of unit that takes this application, where the gateway chooses (SKCK: purpose and address).

    None where the citizen chooses among all units of the service's levels, or where it cannot be told yet.
    """
    if service.choose is None:
        return service.levels[0] if len(service.levels) == 1 else None
    try:
        chosen = service.choose.value(_context(service, facts))
    except CannotTell:
        return None
    return chosen if isinstance(chosen, str) else None


def needs_presence(service: Service, facts: Facts) -> tuple[Presence, ...]:
    """Where the person (or the vehicle) must come; what a silent register would decide counts as needed."""
    context = _context(service, facts)
    return tuple(each for each in service.presence if _holds(each.when, context, otherwise=True))


def appointment_for(service: Service, facts: Facts) -> Appointment | None:
    """The appointment to make; None where nobody needs to come."""
    appointment = service.appointment
    if appointment is None or not _holds(appointment.when, _context(service, facts), otherwise=True):
        return None
    return appointment


def valid_until(service: Service, facts: Facts, issued_on: date) -> date | None:
    """The last day on which what is issued holds; None where it has no end, or a silent register would have to say it."""
    valid = service.issues.valid if service.issues is not None else None
    if valid is None:
        return None
    told = valid.until or valid.begins
    if told is None:
        return after(issued_on, valid)
    try:
        found = told.value(_context(service, facts))
    except CannotTell:
        return None
    if not isinstance(found, datetime):
        return None
    return found.date() if valid.until is not None else _counted_on(found.date(), valid, issued_on)


def _counted_on(begins: date, valid: Validity, issued_on: date) -> date:
    """So many lengths after the day that they are counted from: the first end that lies after the issue. Who comes early loses
    nothing, and who comes a whole length late gets no paper that has ended already."""
    ends = begins
    while ends <= begins or ends <= issued_on:
        ends = after(ends, valid)
    return ends


def after(day: date, valid: Validity) -> date:
    """The day so many years, months or days later; the month's last day where it has no such day."""
    months = day.month - 1 + valid.months + 12 * valid.years
    year, month = day.year + months // 12, months % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(day.day, last)) + timedelta(days=valid.days)


def answered(value: JsonValue) -> bool:
    """Whether a question has an answer; pages send an empty text where there is none."""
    return value is not None and value not in ("", [])


def _judged(rule: Rule, facts: Facts, context: cel.Context) -> Verdict:
    try:
        good = rule.when.holds(context)
    except CannotTell:
        return Verdict(rule.name, Outcome.UNKNOWN, rule.says, rule.law, facts.missing(rule.when.roots))
    return Verdict(rule.name, Outcome.GOOD if good else _UNMET[rule.otherwise], rule.says, rule.law)


_UNMET = {
    Otherwise.REFUSE: Outcome.REFUSED,
    Otherwise.WARN: Outcome.WARNED,
    Otherwise.CHECK: Outcome.TO_CHECK,
}


def _context(service: Service, facts: Facts) -> cel.Context:
    return facts.context(_answers(service, facts))


def _answers(service: Service, facts: Facts, *, unanswered_required: bool = True) -> dict[str, JsonValue]:
    """The form as conditions see it: every question is there, null where it has no answer.

    Without `unanswered_required`, a required question that is not answered is left out, so that no rule is decided by it.
    """
    given = {each.name: facts.form.get(each.name) for each in service.fields}
    answers = {name: value if answered(value) else None for name, value in given.items()}
    if unanswered_required:
        return answers
    missing = unanswered(service, facts)
    return {name: value for name, value in answers.items() if name not in missing}


def _not_looked_for(missing: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name, found_by in FOUND_BY.items() if missing & set(found_by))


def _hangs_on(condition: Condition, names: frozenset[str]) -> bool:
    if condition.roots & _not_looked_for(names):
        return True
    return any(path[:1] == ("form",) and path[1] in names for path in condition.paths)


def _holds(condition: Condition, context: cel.Context, *, otherwise: bool) -> bool:
    try:
        return condition.holds(context)
    except CannotTell:
        return otherwise


def _pays(condition: Condition, facts: Facts, context: cel.Context) -> bool:
    try:
        return condition.holds(context)
    except CannotTell:
        down = facts.missing(condition.roots)
        if not down:
            raise  # the check of the file tried this out: a bug, and never a price of nothing
        raise UPSTREAM_UNAVAILABLE(name=REGISTER_TITLES[min(down)]) from None


def _prefill(each: Field, context: cel.Context) -> JsonValue:
    if each.prefill is None:
        return None
    try:
        value = as_answer(each.prefill.value(context))
    except CannotTell:
        return None
    return value if answered(value) and satisfies(each.schema, value) else None
