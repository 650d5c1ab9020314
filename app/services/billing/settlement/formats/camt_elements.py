"""What stands in the elements of a camt.053 document. `space` is the namespace in braces, as ElementTree writes it."""

from datetime import date, datetime
from functools import lru_cache
from xml.etree.ElementTree import Element

from app.services.billing.settlement.formats.values import at_place, balance, expect_idr, rupiah, shown, wib_day
from app.services.billing.settlement.lines import Direction


def amount_of(space: str, parent: Element, path: str, place: str, *, is_balance: bool = False) -> int:
    element = find_of(space, parent, path)
    if element is None:
        raise at_place(place, f"tidak ada {path}", f"it has no {path}")
    expect_idr(element.get("Ccy", ""), place)
    text = (element.text or "").strip().removeprefix("+")
    return balance(text, place) if is_balance else rupiah(text, place)


def direction_of(indicator: str, place: str) -> Direction:
    if indicator not in ("CRDT", "DBIT"):
        raise at_place(place, f"CdtDbtInd {shown(indicator)}", f"CdtDbtInd is {shown(indicator)}, not CRDT or DBIT")
    return Direction.CREDIT if indicator == "CRDT" else Direction.DEBIT


def day_of(text: str, place: str, *, utc: bool) -> date:
    try:
        # xs:date may carry an offset (2026-11-23+07:00), which fromisoformat does not take.
        if "T" not in text:
            return date.fromisoformat(text[:10])
        return wib_day(datetime.fromisoformat(text), utc=utc)
    except (ValueError, OverflowError) as error:
        raise at_place(place, f"{shown(text)} bukan waktu", f"{shown(text)} is no time") from error


def find_of(space: str, parent: Element, path: str) -> Element | None:
    found: Element | None = parent
    for tag in _tags(space, path):
        if found is None:
            return None
        found = found.find(tag)
    return found


def all_of(space: str, parent: Element, path: str) -> list[Element]:
    return parent.findall("/".join(_tags(space, path)))


def text_of(space: str, parent: Element, path: str) -> str:
    found = find_of(space, parent, path)
    return "" if found is None else (found.text or "").strip()


@lru_cache(maxsize=1000)
def _tags(space: str, path: str) -> tuple[str, ...]:
    return tuple(space + name for name in path.split("/"))
