"""How far the country is, and what happened when: open figures as a picture and as tables, counted from the public log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.texts import Lang, Text
from app.routers.http.guards import public
from app.routers.pages.forms import Form
from app.routers.pages.money import Block, Mark, Plot, round_step
from app.routers.pages.render import show_number, show_percent
from app.routers.pages.services import today
from app.routers.pages.visit import TheVisit
from app.routers.statistics import EARLIEST, POLRES_THEN, totals
from app.services import catalogue, statistics
from app.services.catalogue import Catalogue, Rollout
from app.services.statistics import Figures

router = APIRouter(include_in_schema=False, dependencies=[public()])

PERIODS = (7, 30, 90, 365)
DEFAULT_DAYS = 30
MOST_DAYS = 366
EACH_DAY_UP_TO, EACH_WEEK_UP_TO = 31, 182
ONE_DAY = timedelta(days=1)
_WIDTH, _HEIGHT, _TOP, _LEFT = 640, 240, 16, 64
_SCALE_LINES = 4
_MOST_FEET = 8
FIRST_WRONG = Text("Isi hari pertama dengan angka.", "Give the first day in digits.")
LAST_WRONG = Text("Isi hari terakhir dengan angka.", "Give the last day in digits.")
ORDER_WRONG = Text("Hari terakhir tidak boleh sebelum hari pertama.", "The last day must not be before the first one.")


@dataclass(frozen=True, slots=True)
class Series:
    """What is counted: its name, its colour (told apart by eyes that see no colour, too), the lifecycle and its actions."""

    name: Text
    colour: str
    lifecycle: str
    actions: tuple[str, ...]


SERIES = (
    Series(Text("Tilang diterbitkan", "Tickets issued"), "#0b3558", "etle", ("issue_tilang",)),
    Series(
        Text("Permohonan diajukan", "Applications submitted"), "#f0c36b", "application", ("submit", "submit_for_check")
    ),
    Series(Text("Dokumen terbit", "Documents issued"), "#8fbf8f", "application", ("issue",)),
)
TOTALS = {
    "captures": Text("Rekaman kamera", "Camera captures"),
    "letters": Text("Surat konfirmasi dikirim", "Confirmation letters sent"),
    "tickets_issued": Text("Tilang diterbitkan", "Tickets issued"),
    "tickets_annulled": Text("Tilang dibatalkan atau sanggahan diterima", "Tickets annulled or objections accepted"),
    "tickets_paid": Text("Tilang dibayar", "Tickets paid"),
    "originals_opened": Text("Foto asli dibuka petugas", "Original pictures opened by officers"),
    "applications_begun": Text("Permohonan dimulai", "Applications begun"),
    "applications_submitted": Text("Permohonan diajukan", "Applications submitted"),
    "applications_issued": Text("Dokumen terbit", "Documents issued"),
    "applications_refused": Text("Permohonan ditolak", "Applications refused"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Some days that are counted together, with how often each thing happened."""

    first: date
    last: date
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one service is among the units that can offer it."""

    code: str
    title: Text
    units: int
    offered: int
    suspended: int
    share: str
    target_on: date | None


@router.get("/statistik")
async def statistics_page(
    visit: TheVisit,
    days: Annotated[str, Query(alias="hari", max_length=4)] = "",
    own: Annotated[str, Query(alias="sendiri", max_length=4)] = "",
) -> Response:
    """The rollout against its target, and what happened on the days asked for."""
    form = Form(dict(visit.request.query_params), dates={"first", "last"})
    until = today(visit.house)
    first, last = _asked(form, days, until) if own else _last_days(days, until)
    found = await statistics.figures(visit.house, first, last)
    async with visit.house.db.read() as connection:
        rollout = await catalogue.rollout(connection, visit.house[Catalogue], until)
    progress = _progress(visit.house[Catalogue], rollout, visit.lang)
    spans = spans_of(found)
    return visit.show(
        "pages/statistics.html",
        status=422 if form.errors else 200,
        found=found,
        totals=[(name, show_number(totals(found).get(key, 0), visit.lang)) for key, name in TOTALS.items()],
        series=SERIES,
        spans=spans,
        plot=plot_of(spans, visit.lang),
        progress=progress,
        widest=max(progress, key=lambda each: each.offered, default=None),
        then=POLRES_THEN,
        periods=PERIODS,
        chosen=None if own else (last - first).days + 1,
        form=form,
    )


def spans_of(found: Figures) -> tuple[Span, ...]:
    """The days asked for: each by itself, by weeks, or by months, so that a picture has room for them. Oldest first."""
    length = (found.last - found.first).days + 1
    key: Callable[[date], object] = (
        (lambda day: day)
        if length <= EACH_DAY_UP_TO
        else (lambda day: (day - found.first).days // 7)
        if length <= EACH_WEEK_UP_TO
        else (lambda day: (day.year, day.month))
    )
    groups: dict[object, list[date]] = {}
    for number in range(length):
        day = found.first + number * ONE_DAY
        groups.setdefault(key(day), []).append(day)
    counted = _counts(found)
    return tuple(
        Span(
            group[0],
            group[-1],
            tuple(sum(counted.get((each, day), 0) for day in group) for each in range(len(SERIES))),
        )
        for group in groups.values()
    )


def plot_of(spans: Sequence[Span], lang: Lang) -> Plot | None:
    """Bars beside each other for each span; None where nothing happened."""
    most = max((max(span.counts) for span in spans), default=0)
    if most == 0:
        return None
    highest = _SCALE_LINES * max(1, round_step(most / _SCALE_LINES))
    room, step = _HEIGHT - _TOP, (_WIDTH - _LEFT) / len(spans)
    width = max(1.0, step * 0.8 / len(SERIES))
    blocks = [
        Block(
            round(_LEFT + place * step + number * width),
            round(_HEIGHT - room * count / highest, 2),
            max(1, round(width)),
            round(room * count / highest, 2),
            SERIES[number].colour,
        )
        for place, span in enumerate(spans)
        for number, count in enumerate(span.counts)
        if count
    ]
    scale = [
        Mark(round(_HEIGHT - room * line / _SCALE_LINES, 2), show_number(highest * line // _SCALE_LINES, lang))
        for line in range(_SCALE_LINES + 1)
    ]
    every = -(-len(spans) // _MOST_FEET)
    feet = [
        Mark(round(_LEFT + place * step, 2), f"{span.first:%d/%m}")
        for place, span in enumerate(spans)
        if place % every == 0
    ]
    return Plot(_WIDTH, _HEIGHT + 28, _LEFT, _HEIGHT, tuple(blocks), tuple(scale), tuple(feet))


def _counts(found: Figures) -> dict[tuple[int, date], int]:
    counted: dict[tuple[int, date], int] = {}
    for each in found.counts:
        for number, series in enumerate(SERIES):
            if each.lifecycle == series.lifecycle and each.action in series.actions:
                counted[number, each.day] = counted.get((number, each.day), 0) + each.events
    return counted


def _last_days(typed: str, until: date) -> tuple[date, date]:
    length = int(typed) if typed in map(str, PERIODS) else DEFAULT_DAYS
    return until - (length - 1) * ONE_DAY, until


def _asked(form: Form, typed: str, until: date) -> tuple[date, date]:
    """The days that were typed, within what can be shown; the last month where they are wrong."""
    first, last = form.date("first", FIRST_WRONG), form.date("last", LAST_WRONG)
    if first is not None and last is not None and last < first:
        form.errors["last"] = ORDER_WRONG
    if form.errors or first is None or last is None:
        return _last_days(typed, until)
    last = max(min(last, until), EARLIEST)
    return max(min(first, last), last - (MOST_DAYS - 1) * ONE_DAY), last


def _progress(services: Catalogue, rollout: Sequence[Rollout], lang: Lang) -> list[Progress]:
    titles = {each.code: each.title for each in services.all()}
    return [
        Progress(
            each.service,
            titles[each.service],
            each.units,
            each.offered,
            each.suspended,
            show_percent(each.offered / each.units if each.units else 0, lang),
            each.target_on,
        )
        for each in rollout
    ]
