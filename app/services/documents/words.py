"""Numbers and dates as official Indonesian papers write them."""

from datetime import date, datetime

from babel.dates import format_date

from app.core.money import Rupiah
from app.core.texts import Lang

_UNITS = (
    "nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas",
)  # fmt: skip
_SCALES = ((10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"), (1000, "ribu"), (100, "ratus"))
MAX_IN_WORDS = 10**15 - 1


def rupiah_in_words(amount: Rupiah) -> str:
    """``500000`` as ``lima ratus ribu rupiah``: receipts give amounts twice, so that a digit cannot be
    changed.

    From 0 to 999 trillion; ValueError outside.
    """
    if not 0 <= amount <= MAX_IN_WORDS:
        raise ValueError(f"no words for {amount}")
    return f"{_in_words(amount)} rupiah"


def _in_words(number: int) -> str:
    if number < 12:
        return _UNITS[number]
    if number < 20:
        return f"{_UNITS[number - 10]} belas"
    if number < 100:
        return _joined(f"{_UNITS[number // 10]} puluh", number % 10)
    size, name = next(scale for scale in _SCALES if number >= scale[0])
    count, rest = divmod(number, size)
    # 'se-' replaces 'satu' before ratus and ribu alone: seratus, seribu, but satu juta.
    head = f"se{name}" if count == 1 and size <= 1000 else f"{_in_words(count)} {name}"
    return _joined(head, rest)


def _joined(head: str, rest: int) -> str:
    return f"{head} {_in_words(rest)}" if rest else head


def long_date(day: date, lang: Lang = "id") -> str:
    """``Senin, 2 Maret 2026`` or ``Monday, 2 March 2026``."""
    return str(format_date(day, "EEEE, d MMMM y", locale="id" if lang == "id" else "en_GB"))


def short_date(day: date, lang: Lang = "id") -> str:
    """``2 Maret 2026`` or ``2 March 2026``."""
    return str(format_date(day, "d MMMM y", locale="id" if lang == "id" else "en_GB"))


def long_moment(at: datetime, zone_name: str, lang: Lang = "id") -> str:
    """``Senin, 2 Maret 2026, pukul 10.05 WIB``. `at` must already be in the zone of the place, whose name
    is WIB, WITA or WIT."""
    if lang == "id":
        return f"{long_date(at.date())}, pukul {at:%H.%M} {zone_name}"
    return f"{long_date(at.date(), 'en')}, {at:%H:%M} {zone_name}"
