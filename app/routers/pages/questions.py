"""The questions of a service's form as fields of a page: what is asked how, what was answered, what was typed.

A field of the page is named ``form-<question>``, as the pointers of the rooms' faults are (`/form/<question>`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.core.db import JsonValue
from app.core.problems import FieldError
from app.core.texts import Text
from app.routers.pages.forms import NOT_A_DATE, Form
from app.services import catalogue
from app.services.applications import MarkView
from app.services.catalogue import Field, Section, Service

RADIOS_UP_TO = 7
"""Choices that stand below each other; more of them are a list that opens."""
PARTS = ("day", "month", "year")
YES_NO = (("true", Text("Ya", "Yes")), ("false", Text("Tidak", "No")))
LONGEST_SHOWN = 4_000
NOT_ANSWERED = Text("Belum diisi", "Not filled in yet")


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to choose, with the questions that open below it."""

    value: str
    text: Text
    opens: tuple["Question", ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question on a page. `kind` is the field that asks it: text, long, number, date, radios, yes_no, select, boxes.

    `known`: a register has answered it. `mark` is what an officer wants mended.
    """

    name: str
    title: Text
    hint: Text | None
    kind: str
    choices: tuple[Choice, ...] = ()
    required: bool = True
    known: bool = False
    longest: int | None = None
    format: str = ""
    mark: Text | None = None

    @property
    def field(self) -> str:
        """The name of its field, and the id that an error leads to."""
        return field_of(self.name)


@dataclass(frozen=True, slots=True)
class Line:
    """A question with its answer in words, for 'check your answers'."""

    name: str
    title: Text
    value: Text
    missing: bool = field(default=False)


def field_of(name: str) -> str:
    """The name of the field for a question."""
    return f"form-{name}"


def questions_of(
    service: Service, section: Section, form: Mapping[str, JsonValue], marks: Sequence[MarkView] = ()
) -> tuple[Question, ...]:
    """What a section asks now. A question that one answer of another one opens stands below that answer."""
    marked = {each.pointer.removeprefix("/form/"): _words(each) for each in marks}
    asked = {each.name for each in catalogue.asked_fields(service, form)}
    places = {} if marks else _places(service, section, form)
    opened: dict[tuple[str, str], list[Question]] = {}
    for each in section.fields:
        if each.name in places:
            opened.setdefault(places[each.name], []).append(_question(each, form, {}, None))
    return tuple(
        _question(each, form, opened, marked.get(each.name))
        for each in section.fields
        if each.on_pages and each.name not in places and each.name in (marked if marks else asked)
    )


def choices_between(fields: Sequence[Field]) -> tuple[Question, ...]:
    """Questions with few answers, each a list that opens: what may be said before anything is begun."""
    return tuple(
        Question(each.name, each.title, None, "select", tuple(Choice(value, text) for value, text in _choices(each)))
        for each in fields
    )


def asked_on(questions: Sequence[Question]) -> Iterator[Question]:
    """Every question that a page shows, those that open below an answer too."""
    for each in questions:
        yield each
        for choice in each.choices:
            yield from asked_on(choice.opens)


def filled(questions: Sequence[Question], form: Mapping[str, JsonValue]) -> Form:
    """The page's form with the answers so far."""
    values: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    dates: set[str] = set()
    for each in asked_on(questions):
        value = form.get(each.name)
        if each.kind == "date":
            values |= _date_parts(each.field, value if isinstance(value, str) else "")
            dates.add(each.field)
        elif isinstance(value, list):
            lists[each.field] = tuple(map(_plain, value))
        else:
            values[each.field] = _plain(value)
    return Form(values, lists=lists, dates=dates)


def typed_answers(service: Service, questions: Sequence[Question], sent: Form) -> dict[str, JsonValue]:
    """The answers that a page sent, as the form keeps them; a question without an answer is null.

    Raises INVALID_REQUEST for what no form could hold.
    """
    texts: dict[str, Sequence[str]] = {}
    for each in asked_on(questions):
        if each.kind == "date":
            sent.dates.add(each.field)
            texts[each.name] = (_typed_date(sent, each.field),)
        else:
            texts[each.name] = sent.all(each.field)
    return catalogue.from_page(service, texts)


def show_faults(sent: Form, faults: Sequence[FieldError], questions: Sequence[Question]) -> None:
    """Put the rooms' faults at their fields; those of questions that the page does not show at the first of it."""
    shown = {each.name: each for each in asked_on(questions)}
    for fault in faults:
        name = fault.pointer.removeprefix("/form/").partition("/")[0]
        each = shown.get(name)
        if each is None:
            continue
        message = fault.message
        if each.kind == "date" and any(sent.get(f"{each.field}-{part}") for part in PARTS):
            message = Text(f"{each.title.id}: {NOT_A_DATE.id}", f"{each.title.en}: {NOT_A_DATE.en}")
        sent.errors.setdefault(each.field, message)


def lines_of(service: Service, section: Section, form: Mapping[str, JsonValue]) -> tuple[Line, ...]:
    """The answers of a section in words; optional ones that were left open are not shown."""
    required = {each.name for each in catalogue.required_fields(service, form)}
    asked = {each.name for each in catalogue.asked_fields(service, form)}
    lines = []
    for each in section.fields:
        if each.name in asked and (each.name in required or catalogue.answered(form.get(each.name))):
            missing = not catalogue.answered(form.get(each.name))
            value = NOT_ANSWERED if missing else said(each, form.get(each.name))
            lines.append(Line(each.name, each.title, value, missing))
    return tuple(lines)


def said(each: Field, value: JsonValue) -> Text:
    """An answer in words."""
    if isinstance(value, bool):
        return YES_NO[0 if value else 1][1]
    if isinstance(value, list):
        shown = [said(each, one) for one in value]
        return Text(", ".join(text.id for text in shown), ", ".join(text.en for text in shown))
    if value in each.choices:
        return each.label(value)
    return Text(_plain(value), _plain(value))


def _question(
    each: Field,
    form: Mapping[str, JsonValue],
    opened: Mapping[tuple[str, str], list[Question]],
    mark: Text | None,
) -> Question:
    longest = each.schema.get("maxLength")
    known = each.prefill is not None and catalogue.answered(form.get(each.name))
    return Question(
        name=each.name,
        title=each.title,
        hint=each.hint,
        kind=_kind(each),
        choices=tuple(Choice(value, text, tuple(opened.get((each.name, value), ()))) for value, text in _choices(each)),
        required=each.required.source != "false",
        known=known,
        longest=longest if isinstance(longest, int) else None,
        format=str(each.schema.get("format") or ""),
        mark=mark,
    )


def _kind(each: Field) -> str:
    if each.kind == "boolean":
        return "yes_no"
    if each.kind == "array":
        return "boxes" if each.choices else "text"
    if each.choices:
        return "radios" if len(each.choices) <= RADIOS_UP_TO else "select"
    if each.kind in ("integer", "number"):
        return "number"
    if each.schema.get("format") == "date":
        return "date"
    free = "pattern" not in each.schema and "format" not in each.schema
    return "long" if each.many_lines and free else "text"


def _choices(each: Field) -> Iterator[tuple[str, Text]]:
    if each.kind == "boolean":
        yield from YES_NO
        return
    for value in each.choices:
        yield _plain(value), each.label(value)


def _places(service: Service, section: Section, form: Mapping[str, JsonValue]) -> dict[str, tuple[str, str]]:
    """Below which answer of the section a question opens: where one answer alone of one question makes it required."""
    places: dict[str, tuple[str, str]] = {}
    above: list[Field] = []
    for each in section.fields:
        if not each.required.constant:
            found = [place for one in above if (place := _opens(service, one, each, form)) is not None]
            if len(found) == 1:
                places[each.name] = found[0]
                continue
        if _kind(each) in ("radios", "yes_no"):
            above.append(each)
    return places


def _opens(service: Service, above: Field, each: Field, form: Mapping[str, JsonValue]) -> tuple[str, str] | None:
    answers: list[JsonValue] = [True, False] if above.kind == "boolean" else list(above.choices)
    leads = [one for one in answers if each in catalogue.required_fields(service, {**form, above.name: one})]
    return (above.name, _plain(leads[0])) if len(leads) == 1 else None


def _plain(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)[:LONGEST_SHOWN]


def _date_parts(name: str, iso: str) -> dict[str, str]:
    year, _, rest = iso.partition("-")
    month, _, day = rest.partition("-")
    return {f"{name}-year": year, f"{name}-month": month.lstrip("0"), f"{name}-day": day.lstrip("0")}


def _typed_date(sent: Form, name: str) -> str:
    day, month, year = (sent.get(f"{name}-{part}") for part in PARTS)
    if not (day or month or year):
        return ""
    return f"{year}-{month:0>2}-{day:0>2}"


def _words(mark: MarkView) -> Text:
    if not mark.words:
        return mark.says
    return Text(f"{mark.says.id}. {mark.words}", f"{mark.says.en}. {mark.words}")
