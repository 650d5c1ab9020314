"""Where the money went: the public balanced sheet as one picture and plain tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from app.core.texts import Lang, Text
from app.routers.http.guards import public
from app.routers.pages.visit import TheVisit
from app.services.billing import MoneySheets, Sheet
from app.services.billing.money_sheet import MonthSheet

router = APIRouter(include_in_schema=False, dependencies=[public()])

MOST_BARS = 12
_WIDTH, _HEIGHT, _TOP, _LEFT = 640, 260, 16, 96
_SCALE_LINES = 4


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that became of received money: its name, its colour (told apart by eyes that see no colour, too)."""

    field: str
    name: Text
    colour: str


PARTS = (
    Part("fines", Text("Denda menurut putusan", "Fines by verdict"), "#0b3558"),
    Part("fees", Text("PNBP, pajak, dan iuran", "Fees, tax and insurance"), "#2f7fc1"),
    Part("forfeited", Text("Hangus ke kas negara", "Forfeited to the treasury"), "#6f5a86"),
    Part("refunds_paid", Text("Sudah dikembalikan", "Given back"), "#8fbf8f"),
    Part("still_open", Text("Masih terbuka", "Still open"), "#f0c36b"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A coloured rectangle of the picture, in its own units."""

    x: int
    y: float
    width: int
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the scale or the foot of a bar, with its words."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """The picture: bars over time, each as high as all that was received until the end of its month."""

    width: int
    height: int
    left: int
    bottom: int
    blocks: tuple[Block, ...]
    scale: tuple[Mark, ...]
    months: tuple[Mark, ...]


@router.get("/transparansi/uang")
async def money_page(visit: TheVisit) -> Response:
    """What was received, and what became of it."""
    sheet = await visit.house[MoneySheets].current(visit.house)
    return visit.show("pages/money.html", sheet=sheet, parts=PARTS, plot=plot_of(sheet.months[:MOST_BARS], visit.lang))


def plot_of(newest_first: Sequence[MonthSheet], lang: Lang) -> Plot | None:
    """The picture of these months; None where nothing was received yet."""
    months = list(reversed(newest_first))
    most = max((_total(each.until) for each in months), default=0)
    if most <= 0:
        return None
    highest = _SCALE_LINES * round_step(most / _SCALE_LINES)
    room = _HEIGHT - _TOP
    step = (_WIDTH - _LEFT) // len(months)
    width = min(64, step * 2 // 3)
    blocks: list[Block] = []
    for place, each in enumerate(months):
        bottom = float(_HEIGHT)
        for part in PARTS:
            height = room * max(0, getattr(each.until, part.field)) / highest
            bottom -= height
            if height > 0:
                blocks.append(Block(_LEFT + place * step, round(bottom, 2), width, round(height, 2), part.colour))
    scale = [
        Mark(round(_HEIGHT - room * line / _SCALE_LINES, 2), short_rupiah(highest * line // _SCALE_LINES, lang))
        for line in range(_SCALE_LINES + 1)
    ]
    feet = [Mark(_LEFT + place * step, f"{each.month:%m/%y}") for place, each in enumerate(months)]
    return Plot(_WIDTH, _HEIGHT + 28, _LEFT, _HEIGHT, tuple(blocks), tuple(scale), tuple(feet))


def round_step(least: float) -> int:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not less: steps of a scale that people can count in."""
    power = 1
    while power * 10 < least:
        power *= 10
    return next((power * tenths // 10 for tenths in (10, 20, 25, 50) if power * tenths >= least * 10), power * 10)


def short_rupiah(amount: int, lang: Lang) -> str:
    """``Rp1,5 miliar`` for a scale; the tables have every digit."""
    sizes = (
        (10**12, Text("triliun", "tn")),
        (10**9, Text("miliar", "bn")),
        (10**6, Text("juta", "m")),
        (1000, Text("ribu", "k")),
    )
    for size, name in sizes:
        if amount >= size:
            tenths = amount * 10 // size
            shown = f"{tenths // 10}" + (f".{tenths % 10}" if tenths % 10 else "")
            return f"Rp{shown if lang == 'en' else shown.replace('.', ',')} {name.say(lang)}"
    return f"Rp{amount}"


def _total(sheet: Sheet) -> int:
    return sum(max(0, getattr(sheet, part.field)) for part in PARTS)
