"""Facts: what a register says, in the names and shapes that the conditions of a service file read. Pure."""

from datetime import UTC, date, datetime, time
from typing import TypeAlias

from app.core.db import JsonValue

Facts: TypeAlias = dict[str, JsonValue | datetime]
"""By name. Days stand as instants, midnight UTC, so that a condition may compare and count them."""


def midnight(day: date) -> datetime:
    """A day as facts have it."""
    return datetime.combine(day, time.min, UTC)


def years_between(since: date, until: date) -> int:
    """Whole years, as ages are counted: one more on the anniversary."""
    return until.year - since.year - ((until.month, until.day) < (since.month, since.day))
