"""Tries conditions out: every value that a choice can have, and every register that may know nothing.

A world is a set of variables made of the examples in `facts.SHAPES` and in the file. Small on purpose: it holds only what
the condition reads, so that hundreds are tried in the time of a request.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from app.core.db import JsonValue
from app.services.catalogue.conditions import EACH, CannotTell, Condition, Path, context_of
from app.services.catalogue.facts import REGISTER_OF, SHAPES, TODAY, Leaf, Shape, example_of, functions_of, shape_at
from app.services.catalogue.service import Field

MOST_WORLDS = 400
Given = Mapping[Path, JsonValue]
"""The choices of one world: what stands at each path that has countable values."""


def form_shape(fields: Sequence[Field]) -> dict[str, Shape]:
    """The form's names as conditions may read them: choices and yes-or-no have countable values."""
    return {each.name: _field_shape(each) for each in fields}


def choices_of(paths: Sequence[Path], form: Mapping[str, Shape]) -> dict[Path, tuple[JsonValue, ...]]:
    """The paths among these that have countable values, with the values. Elements of lists are not counted."""
    found: dict[Path, tuple[JsonValue, ...]] = {}
    for path in paths:
        shape = shape_at(path, form) if EACH not in path else None
        if isinstance(shape, Leaf) and shape.domain:
            found[path] = shape.domain
    return found


def combinations(choices: Mapping[Path, tuple[JsonValue, ...]]) -> Iterator[Given]:
    """Every combination of the choices; where they are very many, each choice at least once."""
    count = 1
    for values in choices.values():
        count *= len(values)
    if count <= MOST_WORLDS:
        for chosen in product(*choices.values()):
            yield dict(zip(choices, chosen, strict=True))
        return
    first = {path: values[0] for path, values in choices.items()}
    yield first
    for path, values in choices.items():
        yield from (first | {path: value} for value in values[1:])


def world_of(paths: Sequence[Path], form: Mapping[str, Shape], given: Given) -> dict[str, object]:
    """The variables that these paths read, as the examples have them, with the given choices put in."""
    variables: dict[str, object] = {}
    for path in paths:
        root = path[0]
        if root == "form":
            answers = variables.setdefault("form", {})
            if isinstance(answers, dict) and len(path) > 1 and path[1] in form:
                answers.setdefault(path[1], example_of(form[path[1]]))
        elif root in SHAPES:
            variables.setdefault(root, example_of(SHAPES[root]))
    for path, value in given.items():
        record = variables.get(path[0])
        if len(path) == 2 and isinstance(record, dict):
            record[path[1]] = value
    return variables


def trouble(condition: Condition, form: Mapping[str, Shape], *, answered: frozenset[str]) -> str | None:
    """In which world the condition has no answer, in words; None when it has one in all that were tried.

    Fields in `answered` are taken to be answered always.
    """
    for given in combinations(choices_of(condition.paths, form)):
        for lack in islice(_lacks(condition, form, answered), MOST_WORLDS):
            variables = world_of(condition.paths, form, given)
            for path in lack:
                _take_away(variables, path)
            try:
                condition.holds(context_of(variables, functions_of(TODAY)))
            except CannotTell as error:
                return _in_words(given, lack, str(error))
    return None


def values(condition: Condition, form: Mapping[str, Shape]) -> Iterator[tuple[object, str]]:
    """Its value in every world that was tried, for those that give no decision; with the world in words."""
    for given in combinations(choices_of(condition.paths, form)):
        for lack in islice(_lacks(condition, form, frozenset()), MOST_WORLDS):
            variables = world_of(condition.paths, form, given)
            for path in lack:
                _take_away(variables, path)
            try:
                yield condition.value(context_of(variables, functions_of(TODAY))), _in_words(given, lack, "")
            except CannotTell as error:
                yield error, _in_words(given, lack, str(error))


def _field_shape(each: Field) -> Shape:
    values = each.choices if each.kind != "array" else ()
    if each.kind == "boolean":
        values = (True, False)
    if each.kind == "array":
        return (Leaf((each.choices or ("",))[0], nullable=True),)
    return Leaf(each.example, domain=values, nullable=True)


def _lacks(condition: Condition, form: Mapping[str, Shape], answered: frozenset[str]) -> Iterator[tuple[Path, ...]]:
    """What may be missing: nothing, each record or value that can be null, all of them together."""
    yield ()
    lacking: list[Path] = []
    for path in condition.paths:
        if path[0] == "form":
            if len(path) > 1 and path[1] not in answered:
                lacking.append(path[:2])
        elif path[0] in REGISTER_OF or path[0] in ("unit", "down"):
            lacking.append(path[:1])
            shape = shape_at(path, form)
            if isinstance(shape, Leaf) and shape.nullable:
                lacking.append(path)
    lacking = list(dict.fromkeys(lacking))
    yield from ((path,) for path in lacking)
    if len(lacking) > 1:
        yield tuple(path for path in lacking if len(path) == 1 or path[0] == "form")


def _take_away(variables: dict[str, object], path: Path) -> None:
    if len(path) == 1:
        lists = isinstance(SHAPES.get(path[0]), tuple)
        variables[path[0]] = [] if lists else None
    else:
        record = variables.get(path[0])
        if isinstance(record, dict):
            record[path[1]] = None


def _in_words(given: Given, lack: Sequence[Path], error: str) -> str:
    said = [f"{'.'.join(path)} is {value!r}" for path, value in given.items() if path not in lack]
    said += [f"{'.'.join(path)} is null" for path in lack]
    shown = f"{error} when {', '.join(said)}".strip() if said else error
    if not error or not lack:
        return shown
    first = ".".join(lack[0])
    return f"{shown}; let it have one then too: {first} == null || ..., or {first} != null && ..."
