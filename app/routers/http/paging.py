"""Cursor pages: ``?limit=&after=``; the answer carries `next`, the cursor of the following page, or null."""

import base64
import binascii
from typing import Annotated

from fastapi import Query

from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Text

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
        parts = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode().split("\x1f")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        parts = []
    if len(parts) != count or "\0" in "".join(parts):
        wrong = Text("Penanda halaman tidak dikenal.", "This is not a cursor of ours.")
        raise INVALID_REQUEST(errors=[FieldError("/after", wrong)])
    return parts
