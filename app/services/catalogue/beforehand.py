"""What somebody is told before they begin, from a few answers about themselves: what to bring, what it costs, whether to come.

A question with few answers (a class, a purpose, a citizenship) that decides one of these may be answered beforehand. What hangs
on an answer that is still open is named with that question; what hangs on a register is asked for only where the check wants
it. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.db import JsonValue
from app.services.catalogue.conditions import CannotTell, Condition, Path, context_of
from app.services.catalogue.facts import TODAY, Shape, functions_of
from app.services.catalogue.schemas import satisfies
from app.services.catalogue.service import NEVER, DocumentRule, Field, Presence, Service
from app.services.catalogue.worlds import choices_of, combinations, form_shape, world_of

YES_OR_NO: tuple[JsonValue, ...] = (True, False)


class Need(StrEnum):
    """Whether somebody with these answers needs a paper, or must come."""

    NEEDED = "needed"
    NOT_NEEDED = "not_needed"
    OPTIONAL = "optional"
    DEPENDS = "depends"
    """On an answer that is open."""
    IF_ASKED = "if_asked"
    """A register decides, so it is asked for at the check or never."""


@dataclass(frozen=True, slots=True)
class Needed:
    """How it stands with one paper or one visit, and the questions that decide it while they are open."""

    need: Need
    open: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Beforehand:
    """What can be told from these answers. `level` is that of the unit that takes it, once the answers lead to one."""

    answers: Mapping[str, JsonValue]
    documents: tuple[tuple[DocumentRule, Needed], ...]
    presence: tuple[tuple[Presence, Needed], ...]
    level: str | None


def asked_beforehand(service: Service) -> tuple[Field, ...]:
    """The questions that may be answered before an application is begun, in the order of the form: those with few answers that
    decide a paper, a visit, a fee or the unit."""
    conditions = [
        *(each.required for each in service.documents),
        *(each.when for each in service.presence),
        *(each.when for each in service.fees),
        *([service.choose] if service.choose is not None else []),
    ]
    read = {path[1] for each in conditions for path in each.paths if path[0] == "form" and len(path) > 1}
    return tuple(each for each in service.fields if each.name in read and _answers_to(each))


def answers_beforehand(service: Service, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Of what was given the answers that may be given beforehand; anything else is left out."""
    return {
        each.name: given[each.name]
        for each in asked_beforehand(service)
        if each.name in given and satisfies(each.schema, given[each.name])
    }


def tell_beforehand(service: Service, answers: Mapping[str, JsonValue]) -> Beforehand:
    """What a service wants of somebody with these answers (`answers_beforehand`)."""
    form = form_shape(tuple(service.fields))
    levels: set[object] = {None} if service.choose is None else _values(service.choose, form, answers)
    level = next(iter(levels)) if len(levels) == 1 else None
    return Beforehand(
        answers=answers,
        documents=tuple((each, _needed(service, each.required, form, answers)) for each in service.documents),
        presence=tuple((each, _needed(service, each.when, form, answers)) for each in service.presence),
        level=level if isinstance(level, str) else None,
    )


def _answers_to(each: Field) -> tuple[JsonValue, ...]:
    if each.kind == "boolean":
        return YES_OR_NO
    return each.choices if each.kind != "array" else ()


def _needed(
    service: Service, condition: Condition, form: Mapping[str, Shape], answers: Mapping[str, JsonValue]
) -> Needed:
    if condition == NEVER:
        return Needed(Need.OPTIONAL)
    if condition.roots - {"form"}:
        return Needed(Need.IF_ASKED)
    found = _values(condition, form, answers)
    if len(found) == 1 and (decided := next(iter(found))) is not None:
        return Needed(Need.NEEDED if decided is True else Need.NOT_NEEDED)
    names = {path[1] for path in condition.paths if len(path) > 1} - answers.keys()
    return Needed(Need.DEPENDS, tuple(each for each in service.fields if each.name in names))


def _values(condition: Condition, form: Mapping[str, Shape], answers: Mapping[str, JsonValue]) -> set[object]:
    """Every value that it can still have; None among them where a free answer decides."""
    choices: dict[Path, tuple[JsonValue, ...]] = {
        path: (answers[path[1]],) if path[1] in answers else values
        for path, values in choices_of(condition.paths, form).items()
        if path[0] == "form"
    }
    if any(path not in choices for path in condition.paths):
        return {None}
    found: set[object] = set()
    for given in combinations(choices):
        try:
            found.add(condition.value(context_of(world_of(condition.paths, form, given), functions_of(TODAY))))
        except CannotTell:
            found.add(None)
    return found
