"""What an officer sees of an application: the form beside what registers say, the papers, and what only a person can see.

Pure: made of the room's view, for the template. What differs between form and register is told here, never decided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.core.actor import Actor
from app.core.db import JsonValue
from app.core.money import show_rupiah
from app.core.texts import Text
from app.routers.pages.counter_facts import FACT_NAMES, FACT_VALUES, RUPIAH_FACTS, VEHICLE_FIELDS, warning_words
from app.routers.pages.counter_words import APPLICATION_DECISIONS, Choice
from app.routers.pages.questions import said
from app.routers.pages.render import show_day
from app.services import catalogue
from app.services.applications import MarkView, PaperView, ReviewView
from app.services.cases import Lifecycle
from app.services.cases.rules import Transition
from app.services.catalogue import Facts, Field, Outcome, Record, Verdict
from app.services.documents.photo_rules import PhotoRules
from app.services.identity.roles import ROLE_NAMES, Role
from app.services.registries import Nik

FORM, PAPERS = "/form/", "/documents/"
YES, NO = Text("Ya", "Yes"), Text("Tidak", "No")
EMPTY = Text("(kosong)", "(empty)")
NOT_FOUND = Text(
    "Tidak ada kendaraan dengan pelat dan nomor rangka ini.", "There is no vehicle with this plate and chassis number."
)
NOT_THE_APPLICANT = Text("Pemiliknya bukan pemohon.", "Its owner is not the applicant.")
DRAWN_FOR_OTHER = Text(
    "Hanya petugas yang diundi untuk permohonan ini.", "Only the officer who was drawn for this application."
)
NOT_DRAWN = Text("Petugasnya belum diundi.", "The officer has not been drawn yet.")
FOUR_EYES = Text(
    "Anda sudah mengambil langkah sebelumnya; orang kedua yang memutuskan.",
    "You took the step before this one; a second person decides.",
)
ONLY_ROLES = Text("Hanya {roles}.", "Only: {roles}.")
APPROVE = "approve"
COMES_FIRST = Text("Pemohon harus datang dahulu.", "The applicant has to come first.")
NOBODY_COMES = Text("Tidak ada yang perlu datang.", "Nobody needs to come.")
NOTHING_CLAIMED = Text("Tidak ada pembebasan yang diminta.", "No exemption was claimed.")
NO_TEST = Text("Layanan ini tanpa uji yang diulang.", "This service has no test to be repeated.")
IN_ORDER = (Outcome.REFUSED, Outcome.TO_CHECK, Outcome.UNKNOWN, Outcome.WARNED, Outcome.GOOD)
PICTURES = "image/"


@dataclass(frozen=True)
class Row:
    """One answer of the form. `differs` is what the register says instead; `mark` what was marked for mending."""

    pointer: str
    key: str
    title: Text
    value: Text
    differs: Text | None = None
    mark: MarkView | None = None


@dataclass(frozen=True)
class Part:
    """A section of the form with its answers."""

    title: Text
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Fact:
    """One thing that a register says; `differs` says how it does not fit the application."""

    title: Text
    value: Text
    differs: Text | None = None


@dataclass(frozen=True)
class RegisterPart:
    """What one register says; no facts where it knows nothing, and `down` where it did not answer."""

    title: Text
    facts: tuple[Fact, ...]
    down: bool = False


@dataclass(frozen=True)
class Paper:
    """A paper beside the form: shown where it is a picture, downloaded where it is not."""

    pointer: str
    key: str
    name: str
    title: Text
    picture: bool
    size_kb: int
    given_at: datetime
    warnings: tuple[Text, ...]
    looks: tuple[Text, ...]
    mark: MarkView | None = None


@dataclass(frozen=True)
class Shut:
    """A decision that this person may not take now, and why."""

    title: Text
    why: Text


def parts_of(review: ReviewView) -> list[Part]:
    """The form by sections; what was not answered and need not be is left out."""
    differences, marks = _differences(review), {each.pointer: each for each in review.marks}
    asked = {each.name for each in catalogue.asked_fields(review.service, review.form)}
    parts = []
    for section in review.service.sections:
        rows = [
            Row(
                pointer=FORM + field.name,
                key=f"form-{field.name}",
                title=field.title,
                value=shown(field, review.form.get(field.name)),
                differs=differences.get(field.name),
                mark=marks.get(FORM + field.name),
            )
            for field in section.fields
            if field.name in asked or catalogue.answered(review.form.get(field.name))
        ]
        if rows:
            parts.append(Part(section.title, tuple(rows)))
    return parts


def papers_of(review: ReviewView, rules: PhotoRules) -> list[Paper]:
    """The papers in the order of the service's file, each with what only a person can see."""
    marks = {each.pointer: each for each in review.marks}
    given = {each.name: each for each in review.papers}
    order = [rule.name for rule in review.service.documents if rule.name in given]
    return [_paper(review, rules, given[name], marks.get(PAPERS + name)) for name in order]


def verdicts_of(review: ReviewView) -> list[Verdict]:
    """The machine's verdicts, those to look at first."""
    return sorted(review.verdicts, key=lambda each: IN_ORDER.index(each.outcome))


def registers_of(review: ReviewView) -> list[RegisterPart]:
    """What each register that the service asks has said, in words."""
    facts, titles = review.facts, catalogue.REGISTER_TITLES
    asked = {*review.service.asks, *review.service.other_lines}
    parts = []
    for name, records in _said(facts).items():
        if name in asked:
            rows = tuple(fact for record in records for fact in _facts_of(name, record, review))
            parts.append(RegisterPart(titles[name], rows, down=name in facts.down))
    return parts


def name_differs(review: ReviewView) -> Text | None:
    """The register's name of the applicant, where the application's account has another one."""
    known = (review.facts.applicant or {}).get("name")
    own = review.applicant.get("name")
    return Text(known, known) if isinstance(known, str) and own and not same(known, own) else None


def birth_date_differs(review: ReviewView) -> Text | None:
    """A hint where the NIK's own date is not the register's: lawful where the date was corrected once."""
    nik, born_on = Nik.parse(review.applicant.get("nik") or ""), (review.facts.applicant or {}).get("born_on")
    if nik is None or not isinstance(born_on, datetime):
        return None
    return next((each.says for each in nik.warnings(born_on=born_on.date())), None)


def open_choices(review: ReviewView) -> list[Choice]:
    """The decisions that this person may take and that can be taken: none for which the application gives no ground."""
    return [
        choice
        for action, choice in APPLICATION_DECISIONS.items()
        if action in review.actions and _no_ground(review, action) is None
    ]


def shut_of(review: ReviewView, lifecycle: Lifecycle, actor: Actor) -> list[Shut]:
    """Decisions of this state that others may take, or that this person may not take now, each with the reason."""
    found = []
    for each in lifecycle.moves_from(review.case.state):
        choice, ground = APPLICATION_DECISIONS.get(each.action), _no_ground(review, each.action)
        if choice is None or each.automatic:
            continue
        if each.action in review.actions:
            why = ground if each.action == APPROVE else None
        else:
            why = _who_may(each, review, actor) if ground is None or each.action == APPROVE else None
        if why is not None:
            found.append(Shut(choice.text, why))
    return found


def _who_may(move: Transition, review: ReviewView, actor: Actor) -> Text:
    if actor.roles.isdisjoint(move.by):
        names = [ROLE_NAMES[Role(role)] for role in move.by if role in set(Role)]
        said_id, said_en = ", ".join(name.id for name in names), ", ".join(name.en for name in names)
        return Text(ONLY_ROLES.id.format(roles=said_id), ONLY_ROLES.en.format(roles=said_en))
    if move.assignee_only and review.case.assigned_to is None:
        return NOT_DRAWN
    if move.assignee_only and review.case.assigned_to != actor.id:
        return DRAWN_FOR_OTHER
    return FOUR_EYES


def _no_ground(review: ReviewView, action: str) -> Text | None:
    """Why this application gives no ground for a decision; None where it does."""
    appointment = review.service.appointment
    if action == APPROVE and review.must_come:
        return COMES_FIRST
    if action == "call_in" and not review.must_come:
        return NOBODY_COMES
    if action == "deny_exemption" and review.exemption is None:
        return NOTHING_CLAIMED
    if action == "fail_test" and (appointment is None or not appointment.retest_days):
        return NO_TEST
    return None


def shown(field: Field, value: JsonValue) -> Text:
    """An answer in words."""
    if not catalogue.answered(value):
        return EMPTY
    if field.schema.get("format") == "date" and isinstance(value, str):
        return _day_words(value)
    return said(field, value)


def same(one: str, other: str) -> bool:
    """Whether two texts say the same, letters and digits alone."""
    return _bare(one) == _bare(other)


def _differences(review: ReviewView) -> Mapping[str, Text]:
    """What registers say instead, by the form's field. A question that nobody answered differs from nothing."""
    known = catalogue.prefilled(review.service, review.facts)
    found = {
        field.name: shown(field, known[field.name])
        for field in review.service.fields
        if field.name in known
        and catalogue.answered(review.form.get(field.name))
        and not same(str(known[field.name]), str(review.form[field.name]))
    }
    return found | dict(_vehicle_differences(review))


def _vehicle_differences(review: ReviewView) -> Iterator[tuple[str, Text]]:
    vehicle, asked = review.facts.vehicle, "vehicles" in review.service.asks
    if vehicle is None and asked and review.form.get("plate") and "vehicles" not in review.facts.down:
        yield "plate", NOT_FOUND
    for name, of_register in VEHICLE_FIELDS.items():
        typed, known = review.form.get(name), (vehicle or {}).get(of_register)
        if typed and known is not None and not same(str(typed), str(known)):
            yield name, Text(str(known), str(known))


def _said(facts: Facts) -> Mapping[str, Sequence[Record]]:
    """By register, the records that it gave."""
    single = {
        "population": facts.applicant,
        "vehicles": facts.vehicle or facts.chassis,
        "tax": facts.tax,
        "insurance": facts.insurance,
        "health": facts.health,
        "psychology": facts.psychology,
        "jkn": facts.jkn,
        "records": facts.records,
    }
    found: dict[str, Sequence[Record]] = {name: [record] if record else [] for name, record in single.items()}
    return found | {"licences": facts.licences}


def _facts_of(register: str, record: Record, review: ReviewView) -> Iterator[Fact]:
    for name, value in record.items():
        title = FACT_NAMES.get(f"{register}.{name}") or FACT_NAMES.get(name)
        if title is not None and value not in (None, "", []):
            yield Fact(title, _fact_words(name, value), _misfit(register, name, value, review))


def _misfit(register: str, name: str, value: object, review: ReviewView) -> Text | None:
    own = review.applicant
    if register == "vehicles" and name == "owner_nik" and own.get("nik") and value != own["nik"]:
        return NOT_THE_APPLICANT
    if register == "population" and name == "name":
        return Text("Berbeda dari nama pada akun.", "Not the name of the account.") if name_differs(review) else None
    if register == "population" and name == "born_on":
        return birth_date_differs(review)
    return None


def _fact_words(name: str, value: object) -> Text:
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, datetime):
        return _day_words(value.date().isoformat())
    if isinstance(value, int) and name in RUPIAH_FACTS:
        return Text(show_rupiah(value, "id"), show_rupiah(value, "en"))
    if isinstance(value, list | tuple):
        return Text(", ".join(map(str, value)), ", ".join(map(str, value)))
    return FACT_VALUES.get(str(value)) or Text(str(value), str(value))


def _day_words(text: str) -> Text:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return Text(text, text)
    return Text(show_day(day, "WIB", "id"), show_day(day, "WIB", "en"))


def _paper(review: ReviewView, rules: PhotoRules, given: PaperView, mark: MarkView | None) -> Paper:
    rule = review.service.find_document(given.name)
    named = rule.rule if rule is not None else None
    return Paper(
        pointer=PAPERS + given.name,
        key=f"documents-{given.name}",
        name=given.name,
        title=given.title,
        picture=_is_picture(given.media_type),
        size_kb=max(1, round(given.size / 1024)),
        given_at=given.given_at,
        warnings=tuple(warning_words(each) for each in given.warnings),
        looks=rules.get(named).looks if named and named in rules.names else (),
        mark=mark,
    )


def _is_picture(media_type: str) -> bool:
    return media_type.startswith(PICTURES)


def _bare(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
