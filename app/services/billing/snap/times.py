"""X-TIMESTAMP and the Indonesian bank day."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

from app.services.billing.banks import TimeForm

WIB = timezone(timedelta(hours=7), "WIB")

# ASPI wants 25 characters; BRI adds milliseconds and DOKU writes Z. All three are taken; a time without offset is not.
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):?[0-5]\d)", re.ASCII)


def parse_timestamp(text: str) -> datetime | None:
    """The instant of an X-TIMESTAMP header, aware; None when it is no time or lacks its offset."""
    if _TIMESTAMP.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def is_within(timestamp: datetime, now: datetime, tolerance_s: int) -> bool:
    """Whether the caller's clock differs from ours by no more than the bank's tolerance, either way."""
    return abs(timestamp - now) <= timedelta(seconds=tolerance_s)


def write_timestamp(at: datetime, form: TimeForm = TimeForm.SECONDS) -> str:
    """The standard's 25 characters, in WIB: ``2026-11-23T10:15:30+07:00``; or as a bank wants to read it."""
    if form is TimeForm.UTC:
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return at.astimezone(WIB).isoformat(timespec="milliseconds" if form is TimeForm.MILLISECONDS else "seconds")


def bank_day(at: datetime) -> date:
    """The calendar day in WIB, within which an X-EXTERNAL-ID may be used once."""
    return at.astimezone(WIB).date()
