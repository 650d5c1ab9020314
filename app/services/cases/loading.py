"""Reads lifecycle files and refuses the start when one is not sound: every fault with its file and line."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from app.services.cases.checking import check, deadlines_of, effects_of, guards_of
from app.services.cases.parsing import Faults, Unreadable, parse
from app.services.cases.rules import DueTime, Lifecycle, Lifecycles, Rule

SHIPPED = Path(__file__).parents[2] / "data" / "lifecycles"
Named = TypeVar("Named")


class LifecycleError(Exception):
    """Lifecycle files that must not run; one line for each fault."""


def load_lifecycles(
    guards: Mapping[str, Rule],
    effects: Mapping[str, Rule],
    deadlines: Mapping[str, DueTime],
    *,
    folder: Path = SHIPPED,
) -> Lifecycles:
    """Every lifecycle of a folder, checked on its own and against the functions that there are.

    Raises `LifecycleError` for unknown and unused names as well: a guard that nobody names guards nothing.
    """
    faults: list[str] = []
    found: dict[str, Lifecycle] = {}
    for path in sorted(folder.glob("*.yaml")):
        lifecycle, wrong = read_lifecycle(path.name, path.read_text("utf-8"))
        faults += wrong
        if lifecycle is not None:
            found[lifecycle.name] = lifecycle
    for kind, known, named in (
        ("guard", guards.keys(), {name for each in found.values() for name in guards_of(each)}),
        ("effect", effects.keys(), {name for each in found.values() for name in effects_of(each)}),
        ("deadline", deadlines.keys(), {name for each in found.values() for name in deadlines_of(each)}),
    ):
        faults += [f"{kind} {name} is named in a lifecycle but not known" for name in sorted(named - known)]
        faults += [f"{kind} {name} is known but no lifecycle names it" for name in sorted(known - named)]
    if faults:
        raise LifecycleError("\n".join(faults))
    return Lifecycles(by_name=found, guards=guards, effects=effects, deadlines=deadlines)


def read_shipped(name: str) -> Lifecycle:
    """One lifecycle of the house by its name, for drawing. Raises `LifecycleError`."""
    path = SHIPPED / f"{name}.yaml"
    if not name.isidentifier() or not path.exists():
        known = ", ".join(sorted(each.stem for each in SHIPPED.glob("*.yaml")))
        raise LifecycleError(f"there is no lifecycle {name!r}; there are: {known}")
    lifecycle, faults = read_lifecycle(path.name, path.read_text("utf-8"))
    if lifecycle is None or faults:
        raise LifecycleError("\n".join(faults))
    return lifecycle


def merge_rules(*rooms: Mapping[str, Named]) -> dict[str, Named]:
    """The named functions of several rooms together; a name that two rooms claim raises `LifecycleError`."""
    counts = Counter(name for room in rooms for name in room)
    doubled = sorted(name for name, count in counts.items() if count > 1)
    if doubled:
        raise LifecycleError("named twice: " + ", ".join(doubled))
    return {name: rule for room in rooms for name, rule in room.items()}


@cache
def read_lifecycle(file: str, text: str) -> tuple[Lifecycle | None, tuple[str, ...]]:
    """One lifecycle from its YAML text, with every fault found; None when it cannot be read at all."""
    faults = Faults(file)
    try:
        lifecycle = parse(text, faults)
    except Unreadable:
        return None, tuple(faults.lines)
    check(faults, lifecycle)
    return lifecycle, tuple(faults.lines)
