"""From a service's YAML to frozen data. Every fault is kept with its line, so that its writer sees all at once."""

import hashlib
from collections.abc import Iterator, Mapping

from app.core.db import JsonValue
from app.core.texts import Text
from app.services.catalogue.conditions import Condition
from app.services.catalogue.facts import REGISTERS
from app.services.catalogue.lined_yaml import NotYaml, read_yaml
from app.services.catalogue.reading import Faults, Node
from app.services.catalogue.schemas import DEFAULT_MAX_TEXT, unsound
from app.services.catalogue.service import (
    LEVELS,
    NEVER,
    Appointment,
    DocumentKind,
    DocumentRule,
    Enters,
    FeeRule,
    Field,
    Issues,
    Law,
    Otherwise,
    Presence,
    Rule,
    Section,
    Service,
    ThirdParty,
    Validity,
)

MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/heic", "application/pdf"})
DELIVERIES = frozenset({"digital", "pickup", "post"})
EXEMPTIONS = frozenset({"social", "religious", "state_event", "force_majeure", "poor", "student", "msme"})
"""Grounds of PP 76/2020 art. 7."""
OTHER_LINES: Mapping[str, str] = {"tax": "tax", "vehicle_tax": "tax", "insurance": "insurance"}
STANDARD = "product facilities competence supervision complaints staffing guarantee safety evaluation"
MAX_DOCUMENT_KB = 20_480
MAX_HOURS = 8_760
MAX_DAYS = 3_660
_NEEDED = "service version family title summary law lifecycle units form service_level"
_ALLOWED = (
    "asks eligibility documents fees third_party other_lines exemptions pay_within_hours presence appointment issues "
    "delivery correction_days draft_days steps standard"
)
DEFAULT_CORRECTION_DAYS, DEFAULT_DRAFT_DAYS = 14, 90


def parse(body: bytes, faults: Faults) -> Service | None:
    """One service from the bytes of its file; what is wrong goes into `faults`. None when it cannot be read at all."""
    try:
        raw = read_yaml(body)
    except NotYaml as error:
        faults.fault(error.line, str(error))
        return None
    top = faults.node(raw, 1, "the file", needed=_NEEDED, allowed=_ALLOWED)
    units = top.node("units", needed="levels", allowed="choose mabes poldas")
    faults.places |= {("key", key): line for key, line in top.raw.lines.items()}
    faults.places["choose",] = units.line_of("choose")
    return Service(
        code=top.name("service"),
        version=top.number("version", 1, 100_000, default=1),
        family=top.name("family"),
        title=top.text("title"),
        summary=top.text("summary"),
        law=tuple(_laws(top)),
        asks=top.names("asks", REGISTERS),
        lifecycle=top.name("lifecycle"),
        levels=units.names("levels", frozenset(LEVELS)),
        mabes=units.maybe_words("mabes"),
        poldas=units.names("poldas"),
        choose=units.maybe_condition("choose"),
        eligibility=tuple(_rules(top)),
        sections=tuple(_sections(top)),
        documents=tuple(_documents(top)),
        fees=tuple(_fees(top)),
        third_party=tuple(_third_party(top)),
        other_lines=tuple(OTHER_LINES[each] for each in top.names("other_lines", frozenset(OTHER_LINES))),
        exemptions=top.names("exemptions", EXEMPTIONS),
        pay_within_hours=top.maybe_number("pay_within_hours", 1, MAX_HOURS),
        service_level_hours=top.node("service_level", needed="working_hours").number("working_hours", 1, MAX_HOURS),
        presence=tuple(_presence(top)),
        appointment=_appointment(top),
        issues=_issues(top),
        delivery=top.names("delivery", DELIVERIES),
        correction_days=top.number("correction_days", 1, MAX_DAYS, default=DEFAULT_CORRECTION_DAYS),
        draft_days=top.number("draft_days", 1, MAX_DAYS, default=DEFAULT_DRAFT_DAYS),
        steps=top.texts("steps"),
        standard=_standard(top),
        digest=hashlib.sha256(body).hexdigest(),
        body=body.decode("utf-8"),
    )


def _laws(top: Node) -> Iterator[Law]:
    if top.has("law") and not top.raw["law"]:
        top.wrong("law", "needs at least one basis")
    for each in top.nodes("law", "law", needed="rule says"):
        yield Law(rule=each.words("rule"), says=each.text("says"))


def _rules(top: Node) -> Iterator[Rule]:
    for each in top.nodes("eligibility", "rule", needed="name when otherwise says", allowed="law"):
        name = each.name("name")
        each.mark("rule", name)
        yield Rule(
            name=name,
            when=each.condition("when"),
            otherwise=Otherwise(each.one_of("otherwise", tuple(Otherwise))),
            says=each.text("says"),
            law=each.maybe_words("law"),
        )


def _sections(top: Node) -> Iterator[Section]:
    for each in top.nodes("form", "section", needed="section title fields", allowed="per_vehicle"):
        name = each.name("section")
        each.mark("section", name)
        yield Section(
            name=name,
            title=each.text("title"),
            fields=tuple(_fields(each)),
            per_vehicle=each.flag("per_vehicle", default=False),
        )


def _fields(section: Node) -> Iterator[Field]:
    if section.has("fields") and not section.raw["fields"]:
        section.wrong("fields", "asks nothing")
    optional = "hint labels required personal printed prefill"
    for each in section.nodes("fields", "field", needed="name title schema example", allowed=optional):
        name = each.name("name")
        each.mark("field", name)
        schema, personal = _schema(each), each.flag("personal", default=True)
        yield Field(
            name=name,
            title=each.text("title"),
            hint=each.maybe_text("hint"),
            schema=schema,
            labels=_labels(each),
            required=each.condition("required", default=NEVER),
            example=each.json("example"),
            personal=personal,
            printed=each.flag("printed", default=not personal),
            prefill=each.maybe_condition("prefill"),
        )


def _schema(node: Node) -> Mapping[str, JsonValue]:
    schema = node.json("schema")
    found = list(unsound(schema)) if "schema" in node.raw else []
    for what in found:
        node.wrong("schema", what)
    return {} if found or not isinstance(schema, dict) else _bounded(schema)


def _bounded(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The schema with a longest length where it is a free text that names none."""
    free = schema.get("type") == "string" and not {"maxLength", "enum", "const", "format"} & schema.keys()
    return schema | {"maxLength": DEFAULT_MAX_TEXT} if free else schema


def _labels(node: Node) -> Mapping[str, Text]:
    return {
        value: node.faults_text(said, line, f"label of {value}")
        for value, (said, line) in node.entries("labels").items()
    }


def _documents(top: Node) -> Iterator[DocumentRule]:
    needed = "name title kind media_types max_kb"
    for each in top.nodes("documents", "document", needed=needed, allowed="hint rule required reuse_days per_vehicle"):
        name = each.name("name")
        each.mark("document", name)
        kind = DocumentKind(each.one_of("kind", tuple(DocumentKind)))
        rule = each.maybe_words("rule")
        if (kind is DocumentKind.SCAN) != (rule is None):
            each.wrong("rule", "is needed for a photo or signature, and a scan has none")
        yield DocumentRule(
            name=name,
            title=each.text("title"),
            hint=each.maybe_text("hint"),
            kind=kind,
            rule=rule,
            media_types=each.names("media_types", MEDIA_TYPES),
            max_kb=each.number("max_kb", 1, MAX_DOCUMENT_KB, default=1),
            required=each.condition("required"),
            reuse_days=each.number("reuse_days", 0, MAX_DAYS),
            per_vehicle=each.flag("per_vehicle", default=False),
        )


def _fees(top: Node) -> Iterator[FeeRule]:
    for place, each in enumerate(top.nodes("fees", "fee", needed="code says", allowed="when")):
        each.mark("fee", place)
        yield FeeRule(code=each.words("code"), when=each.condition("when"), says=each.text("says"))


def _third_party(top: Node) -> Iterator[ThirdParty]:
    for value, line in top.items("third_party"):
        if isinstance(value, str):
            top.faults.places["third_party", value] = line
            yield ThirdParty(value, None)
        else:
            each = top.faults.node(value, line, "third_party", needed="code says")
            code = each.words("code")
            top.faults.places["third_party", code] = line
            yield ThirdParty(code, each.text("says"))


def _presence(top: Node) -> Iterator[Presence]:
    for each in top.nodes("presence", "presence", needed="name why", allowed="when"):
        name = each.name("name")
        each.mark("presence", name)
        yield Presence(name=name, when=each.condition("when"), why=each.text("why"))


def _appointment(top: Node) -> Appointment | None:
    if not top.has("appointment"):
        return None
    each = top.node("appointment", needed="kind minutes", allowed="when retest_days", what="appointment")
    each.mark("appointment")
    return Appointment(
        kind=each.name("kind"),
        minutes=each.number("minutes", 1, 600, default=1),
        when=each.condition("when"),
        retest_days=each.numbers("retest_days", 1, 366),
    )


def _issues(top: Node) -> Issues | None:
    if not top.has("issues"):
        return None
    each = top.node("issues", needed="document title", allowed="valid paper enters", what="issues")
    each.mark("issues")
    return Issues(
        document=each.name("document"),
        title=each.text("title"),
        valid=_validity(each) if each.has("valid") else None,
        paper=each.flag("paper", default=False),
        enters=Enters(each.one_of("enters", tuple(Enters))) if each.has("enters") else None,
    )


def _validity(issues: Node) -> Validity:
    valid = issues.node("valid", allowed="years months days until from")
    if len(valid.raw.keys() - {"from"}) != 1 or {"until", "from"} <= valid.raw.keys():
        issues.wrong("valid", "is one of years, months, days or until; beside a length may stand from")
    until: Condition | None = valid.maybe_condition("until")
    return Validity(
        years=valid.number("years", 1, 100),
        months=valid.number("months", 1, 1_200),
        days=valid.number("days", 1, 36_600),
        until=until,
        begins=valid.maybe_condition("from"),
    )


def _standard(top: Node) -> Mapping[str, Text]:
    if not top.has("standard"):
        return {}
    node = top.node("standard", allowed=STANDARD)
    return {key: node.text(key) for key in STANDARD.split() if node.has(key)}
