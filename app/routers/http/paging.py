"""Cursor pages: ``?limit=&after=``; the answer carries `next`, the cursor of the following page, or null."""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query

from app.core.problems import INVALID_REQUEST, FieldError, Problem
from app.core.texts import Text

T = TypeVar("T")
DEFAULT_PAGE = 50
MAX_PAGE = 200

PageLimit = Annotated[int, Query(ge=1, le=MAX_PAGE, alias="limit", description="Items on a page.")]
PageAfter = Annotated[str | None, Query(max_length=400, alias="after", description="The `next` of the page before.")]


def cursor_of(*parts: str) -> str:
    """An opaque cursor for the last item of a page."""
    return base64.urlsafe_b64encode("\x1f".join(parts).encode()).rstrip(b"=").decode()


def read_cursor(cursor: str, count: int) -> list[str]:
    """The parts that `cursor_of` was given; INVALID_REQUEST when it is not one of ours."""
    try:
        parts = (
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode().split("\x1f")
        )
    except (binascii.Error, UnicodeDecodeError, ValueError):
        parts = []
    if len(parts) != count or "\0" in "".join(parts):
        raise _not_ours()
    return parts


def cursor_part(part: str, read: Callable[[str], T]) -> T:
    """A part of a cursor as what it stands for (`UUID`, `moment`); INVALID_REQUEST when it cannot be that.

    A cursor is not signed: whoever writes one of their own gets a page of what they may see anyway, or this.
    """
    try:
        return read(part)
    except (ValueError, OverflowError) as error:
        raise _not_ours() from error


def read_time_and_id(after: str | None) -> tuple[datetime, UUID] | None:
    """The place of a list in the order of time, from a cursor of `isoformat` and id; None for its beginning.

    INVALID_REQUEST when it is not one of ours.
    """
    if after is None:
        return None
    at, id_ = read_cursor(after, 2)
    return cursor_part(at, moment), cursor_part(id_, UUID)


def moment(text: str) -> datetime:
    """An instant as `isoformat` wrote it; ValueError without an offset, or for one that UTC does not have."""
    at = datetime.fromisoformat(text)
    if at.utcoffset() is None:
        raise ValueError("an instant needs an offset")
    return at.astimezone(UTC)


def _not_ours() -> Problem:
    wrong = Text("Penanda halaman tidak dikenal.", "This is not a cursor of ours.")
    return INVALID_REQUEST(errors=[FieldError("/after", wrong)])
