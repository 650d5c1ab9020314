"""Is a service sound? No unknown names, no condition without an answer, no example that its own form would refuse."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from app.core.db import JsonValue
from app.services.catalogue.conditions import CannotTell, Condition, Path
from app.services.catalogue.facts import DAY_FUNCTIONS, FUNCTIONS, REGISTER_OF, SHAPES, Shape, shape_at
from app.services.catalogue.reading import Faults
from app.services.catalogue.schemas import satisfies
from app.services.catalogue.service import NEVER, DocumentKind, Enters, Field, Service
from app.services.catalogue.worlds import form_shape, trouble, values

Place = object
PDF = "application/pdf"
ENTERED = {
    Enters.SALE: frozenset({"sold_on", "buyer_name", "buyer_address"}),
    Enters.REGISTRATION: frozenset(
        {"chassis_no", "engine_no", "make", "model", "colour", "vehicle_kind", "year", "owner_name", "owner_address"}
    ),
}
"""The fields that the vehicle register is told from."""
_OF_VEHICLE = frozenset({"plate", "chassis_tail"})
ABOUT = {"stnk": _OF_VEHICLE, "stnk_pengesahan": _OF_VEHICLE, "sim": frozenset({"sim_class"})}
"""The fields without which nobody knows of which vehicle, or of which class, a paper is; registers learn of it by them."""


@dataclass(frozen=True)
class Known:
    """The names that a service file may use, from the rest of the house."""

    lifecycles: frozenset[str]
    payable: frozenset[str]
    """PNBP codes that have an amount."""
    paid_to_others: frozenset[str]
    photo_rules: frozenset[str]
    papers: frozenset[str]
    """What can be issued."""
    mabes_units: frozenset[str]
    poldas: frozenset[str]
    signature_rules: frozenset[str] = frozenset()
    """Those of the photo rules that are for a signature."""


@dataclass(frozen=True)
class Use:
    """A condition and where it stands: the place for its fault, and what it is in words."""

    place: Place
    what: str
    condition: Condition


def check(faults: Faults, service: Service, known: Known) -> None:
    """Look at every name, example and condition; what is wrong goes into `faults`."""
    _check_names(faults, service, known)
    _check_leads_somewhere(faults, service, known.signature_rules)
    form = form_shape(tuple(service.fields))
    for each in service.fields:
        _check_field(faults, each)
    asked: set[str] = set()
    for use in decisions_of(service):
        answered = _required_always(service) if use.what.startswith("rule") else frozenset[str]()
        if _check_reads(faults, use, form, asked) and (why := trouble(use.condition, form, answered=answered)):
            faults.at(use.place, f"{use.what}: its condition has no answer: {why}")
    _check_choose(faults, service, form, asked)
    _check_validity(faults, service, form, asked)
    _check_prefills(faults, service, form, asked)
    for register in sorted(asked - set(service.asks)):
        faults.at(("key", "asks"), f"a condition reads what the register {register} says, but `asks` does not name it")


def decisions_of(service: Service) -> Iterator[Use]:
    """Every condition of a service that says yes or no."""
    for rule in service.eligibility:
        yield Use(("rule", rule.name), f"rule {rule.name}", rule.when)
    for each in service.fields:
        yield Use(("field", each.name), f"field {each.name}: required", each.required)
    for document in service.documents:
        yield Use(("document", document.name), f"document {document.name}: required", document.required)
    for place, fee in enumerate(service.fees):
        yield Use(("fee", place), f"fee {fee.code}", fee.when)
    for presence in service.presence:
        yield Use(("presence", presence.name), f"presence {presence.name}", presence.when)
    if service.appointment is not None:
        yield Use(("appointment",), "appointment", service.appointment.when)


def _check_names(faults: Faults, service: Service, known: Known) -> None:
    if service.code and service.code != PurePath(faults.file).stem:
        faults.at(
            ("key", "service"), f"service {service.code!r} must stand in a file of that name: {service.code}.yaml"
        )
    if service.lifecycle and service.lifecycle not in known.lifecycles:
        among = ", ".join(sorted(known.lifecycles))
        faults.at(("key", "lifecycle"), f"lifecycle {service.lifecycle!r} is unknown (there are: {among})")
    for place, fee in enumerate(service.fees):
        if fee.code and fee.code not in known.payable:
            faults.at(("fee", place), f"fee {fee.code} is no PNBP code with an amount in pnbp_fees.csv")
    for third in service.third_party:
        if third.code and third.code not in known.paid_to_others:
            among = ", ".join(sorted(known.paid_to_others))
            faults.at(("third_party", third.code), f"third_party {third.code} is unknown (there are: {among})")
    for document in service.documents:
        if document.rule is not None and document.rule not in known.photo_rules:
            among = ", ".join(sorted(known.photo_rules)) or "none"
            what = f"document {document.name}: photo rule {document.rule!r} is unknown (there are: {among})"
            faults.at(("document", document.name), what)
    if service.issues is not None and service.issues.document and service.issues.document not in known.papers:
        among = ", ".join(sorted(known.papers))
        faults.at(("issues",), f"issues: document {service.issues.document!r} is unknown (there are: {among})")
    if service.issues is not None and service.issues.enters is not None:
        enters = service.issues.enters
        wanted = {"population"} if enters is Enters.REGISTRATION else {"population", "vehicles"}
        if not wanted <= set(service.asks):
            among = " and ".join(sorted(wanted))
            faults.at(("issues",), f"issues: enters needs the registers {among} in `asks`")
        missing = ENTERED.get(enters, frozenset()) - {field.name for field in service.fields}
        if missing:
            faults.at(("issues",), f"issues: enters {enters} needs the fields {', '.join(sorted(missing))}")
    if service.issues is not None and service.issues.enters is not Enters.REGISTRATION:
        missing = ABOUT.get(service.issues.document, frozenset()) - {field.name for field in service.fields}
        if missing:
            faults.at(("issues",), f"issues: {service.issues.document} needs the fields {', '.join(sorted(missing))}")
    if ("MABES" in service.levels) != (service.mabes is not None):
        faults.at(
            ("key", "units"), "units: mabes names the one unit of level MABES, where levels has MABES and only there"
        )
    if service.mabes is not None and service.mabes not in known.mabes_units:
        faults.at(("key", "units"), f"units: mabes {service.mabes!r} is no unit of level MABES")
    for polda in sorted(set(service.poldas) - known.poldas):
        faults.at(("key", "units"), f"units: there is no Polda {polda}")
    for register in sorted(set(service.other_lines) - set(service.asks)):
        faults.at(("key", "other_lines"), f"other_lines has {register}, but `asks` does not name that register")


def _check_leads_somewhere(faults: Faults, service: Service, signatures: frozenset[str]) -> None:
    """What reads well and leaves an applicant standing: nobody who takes it, a paper that no file can be, a way that is not told."""
    if not service.levels:
        faults.at(("key", "units"), "units: levels names nobody who takes it")
    for document in service.documents:
        place = ("document", document.name)
        if not document.media_types:
            faults.at(place, f"document {document.name}: media_types has none, so it could never be given")
        if document.rule is not None and (document.kind is DocumentKind.SIGNATURE) != (document.rule in signatures):
            faults.at(place, f"document {document.name}: the rule {document.rule} is none for a {document.kind}")
        if document.kind is not DocumentKind.SCAN and PDF in document.media_types:
            faults.at(place, f"document {document.name}: a {document.kind} is a picture, and {PDF} is none")
    if service.appointment is not None and not service.presence:
        faults.at(("appointment",), "appointment: `presence` does not say why somebody must come")
    if service.issues is not None and service.issues.paper and not set(service.delivery) & {"pickup", "post"}:
        faults.at(("issues",), "issues: paper is printed, but `delivery` has neither pickup nor post")
    for each in service.fields:
        if each.required != NEVER and not each.on_pages:
            what = "no page can ask an object or a list without an enum, so it must not be required"
            faults.at(("field", each.name), f"field {each.name}: {what}")
    asked = service.find_field("delivery")
    for value in asked.choices if asked is not None else ():
        if value not in service.delivery:
            faults.at(("field", "delivery"), f"field delivery: `delivery` does not offer {value}")


def _check_field(faults: Faults, each: Field) -> None:
    place = ("field", each.name)
    if not each.schema:
        return  # its schema is a fault already
    if not satisfies(each.schema, each.example):
        faults.at(place, f"field {each.name}: the example {each.example!r} does not satisfy the schema")
    choices = {_label_key(value) for value in each.choices}
    if each.labels or choices:
        for value in sorted(choices - each.labels.keys()) if each.labels else ():
            faults.at(place, f"field {each.name}: there is no label for {value}")
        for value in sorted(each.labels.keys() - choices):
            faults.at(place, f"field {each.name}: the label {value} is for no value of the enum")


def _check_reads(faults: Faults, use: Use, form: Mapping[str, Shape], asked: set[str]) -> bool:
    """Hold what a condition reads and calls against what there is. False when it cannot be tried out at all."""
    found = list(_unknown_reads(use.condition, form))
    if use.what.startswith("field") and use.what.endswith("required"):
        beyond = sorted((use.condition.roots - {"form"}) | (use.condition.functions & DAY_FUNCTIONS))
        found += [f"uses {name}: whether a field is required may depend on the form alone" for name in beyond]
    for what in found:
        faults.at(use.place, f"{use.what}: its condition {what}")
    asked |= {REGISTER_OF[root] for root in use.condition.roots if root in REGISTER_OF}
    return not found


def _unknown_reads(condition: Condition, form: Mapping[str, Shape]) -> Iterator[str]:
    for path in condition.paths:
        if path[0] not in SHAPES and path[0] != "form":
            yield f"reads the unknown variable {path[0]!r}"
        elif path == ("form",):
            yield "reads the form whole: name a field, form.name"
        elif shape_at(path, form) is None:
            yield f"reads {_written(path)}, which there is not"
    for name in sorted(condition.functions - FUNCTIONS):
        hint = ": every name is always there, so compare it with null" if name == "has" else ""
        yield f"calls {name}(), which there is not{hint}"


def _check_choose(faults: Faults, service: Service, form: Mapping[str, Shape], asked: set[str]) -> None:
    if service.choose is None:
        return
    use = Use(("choose",), "units: choose", service.choose)
    if not _check_reads(faults, use, form, asked):
        return
    for value, world in values(service.choose, form):
        if value is not None and value not in service.levels:
            shown = world if isinstance(value, CannotTell) else f"gives {value!r}, which `levels` does not name {world}"
            faults.at(use.place, f"units: choose {shown}")
            return


def _check_validity(faults: Faults, service: Service, form: Mapping[str, Shape], asked: set[str]) -> None:
    valid = service.issues.valid if service.issues else None
    for name, day in (("until", valid.until), ("from", valid.begins)) if valid else ():
        if day is None or not _check_reads(faults, Use(("issues",), f"issues: valid {name}", day), form, asked):
            continue
        for value, world in values(day, form):
            if not isinstance(value, datetime | None):
                shown = world if isinstance(value, CannotTell) else f"gives {value!r} and no day {world}"
                faults.at(("issues",), f"issues: valid {name} {shown}")
                break


def _check_prefills(faults: Faults, service: Service, form: Mapping[str, Shape], asked: set[str]) -> None:
    for each in service.fields:
        if each.prefill is None or not each.schema:
            continue
        use = Use(("field", each.name), f"field {each.name}: prefill", each.prefill)
        if not _check_reads(faults, use, form, asked):
            continue
        for value, world in values(each.prefill, form):
            if isinstance(value, CannotTell) or not _fits(each, value):
                shown = world if isinstance(value, CannotTell) else f"gives {value!r}, which is not of its type"
                faults.at(use.place, f"{use.what} {shown}")
                break


def _fits(each: Field, value: object) -> bool:
    answer = as_answer(value)
    return answer is None or not each.kind or satisfies({"type": each.kind}, answer)


def as_answer(value: object) -> JsonValue:
    """What a condition gave, as the form would hold it: a day is written as its date."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, list):
        return [as_answer(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else None


def _required_always(service: Service) -> frozenset[str]:
    return frozenset(each.name for each in service.fields if each.required.source == "true")


def _label_key(value: JsonValue) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _written(path: Path) -> str:
    return ".".join(path).replace(".[]", "[]")
