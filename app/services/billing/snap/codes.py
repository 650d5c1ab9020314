"""Response codes of SNAP BI: HTTP status + service + case, seven digits, with ASPI's own words.

The table is data (`app/data/reference/snap_response_codes.json`), copied from ASPI's SNAP Developer Site.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Service(StrEnum):
    """The service codes that banks call here."""

    INQUIRY = "24"
    PAYMENT = "25"
    STATUS = "26"
    QR_NOTICE = "52"
    TOKEN = "73"  # noqa: S105 a service code


@dataclass(frozen=True, slots=True)
class Case:
    """One row of ASPI's table: HTTP status, two-digit case code, message with its placeholder."""

    http: int
    case: str
    message: str


@dataclass(frozen=True, slots=True)
class ResponseCode:
    """A complete answer code with its message filled in."""

    http: int
    code: str
    message: str


SUCCESSFUL = (200, "00")
BAD_REQUEST = (400, "00")
INVALID_FIELD_FORMAT = (400, "01")
INVALID_MANDATORY_FIELD = (400, "02")
UNAUTHORIZED = (401, "00")
INVALID_TOKEN = (401, "01")
TOKEN_NOT_FOUND = (401, "03")
TRANSACTION_NOT_FOUND = (404, "01")
INVALID_BILL = (404, "12")
INVALID_AMOUNT = (404, "13")
PAID_BILL = (404, "14")
INCONSISTENT_REQUEST = (404, "18")
EXPIRED_BILL = (404, "19")
NOT_SUPPORTED = (405, "00")
CONFLICT = (409, "00")
TOO_MANY_REQUESTS = (429, "00")
GENERAL_ERROR = (500, "00")
TIMEOUT = (504, "00")

_PLACEHOLDER = re.compile(r"\s*[\[{][^\]}]*[\]}]")


@cache
def cases() -> dict[tuple[int, str], Case]:
    """ASPI's table of cases, by HTTP status and case code."""
    text = (files("app") / "data" / "reference" / "snap_response_codes.json").read_text("utf-8")
    rows = (Case(row["http"], row["case"], row["message"]) for row in json.loads(text)["cases"])
    return {(row.http, row.case): row for row in rows}


def response_code(service: Service, case: tuple[int, str], about: str | None = None) -> ResponseCode:
    """The code and message for a service; `about` fills the placeholder: a field's name, or a reason in brackets."""
    row = cases()[case]
    filled = f" {about}" if about else ""
    message = _PLACEHOLDER.sub(lambda _: filled, row.message, count=1)
    return ResponseCode(row.http, f"{row.http}{service.value}{row.case}", message)
