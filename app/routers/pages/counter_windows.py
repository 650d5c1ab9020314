"""When the unit takes people: hours by kind, days on which it takes nobody, and who comes on a day.

The supervisor sets them; everybody at the counter sees them. Nobody who is booked is dropped by a change: whoever no longer
fits is listed until somebody has written to them. Each change is a record of the public log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.problems import NOT_FOUND, Problem
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.pages.counter_kinds import booked_kinds
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.once import new_once, once
from app.routers.pages.visit import TheVisit, Visit
from app.services import appointments, reference
from app.services.applications import worklist
from app.services.appointments import Conflict, Window, agenda, version_of
from app.services.appointments.problems import WINDOWS_CHANGED
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
PAGE = "/counter/jadwal"
Reader = Annotated[Actor, staff_page(Role.COUNTER, Role.OFFICER, Role.SUPERVISOR)]
Supervisor = Annotated[Actor, staff_page(Role.SUPERVISOR)]
DayText = Annotated[str, Query(max_length=10)]
FIRST_DAY, LAST_DAY = date(2020, 1, 1), date(2100, 1, 1)
SHORTEST_WHY, LONGEST_WHY = 3, 120
MINUTES_OF_HOUR = 60

WEEKDAYS = (
    Text("Senin", "Monday"),
    Text("Selasa", "Tuesday"),
    Text("Rabu", "Wednesday"),
    Text("Kamis", "Thursday"),
    Text("Jumat", "Friday"),
    Text("Sabtu", "Saturday"),
    Text("Minggu", "Sunday"),
)
CONFLICTS: Mapping[str, Text] = {
    "closed": Text("hari itu ditutup", "the day is closed"),
    "no_window": Text("jam itu tidak dilayani lagi", "nobody is taken at that time any more"),
    "too_many": Text("tempatnya kurang", "there are too few places"),
}
BOOKING_STATES: Mapping[str, Text] = {
    "held": Text("ditahan", "held"),
    "confirmed": Text("pasti", "firm"),
    "attended": Text("datang", "came"),
    "missed": Text("tidak datang", "did not come"),
}
DONE: Mapping[str, Text] = {
    "hours": Text("Jam layanan tersimpan.", "The hours were saved."),
    "closed": Text("Hari itu ditutup.", "The day is closed."),
    "reopened": Text("Hari itu dibuka lagi.", "The day is open again."),
}
DAYS_MISSING = Text("Pilih paling sedikit satu hari.", "Choose at least one day.")
NOT_A_CLOCK = Text("Tulis jam seperti 08.00.", "Write a time such as 08:00.")
NOT_A_NUMBER = Text("Tulis angka dari {least} sampai {most}.", "Write a number from {least} to {most}.")
BAD_DAY = Text("Isi tanggal dengan angka, misalnya 27 3 2026.", "Give the date in digits, for example 27 3 2026.")
WHY_MISSING = Text(
    "Tulis alasannya, 3 sampai 120 huruf; warga membacanya.", "Write why, in 3 to 120 characters; citizens read it."
)
LIMITS: Mapping[str, tuple[int, int]] = {
    "minutes": (1, 480),
    "rooms": (1, 200),
    "staff": (1, 200),
    "opens_days_before": (0, 180),
}


@dataclass(frozen=True)
class Line:
    """One line of the hours; `key` names it in the forms of the page."""

    key: str
    window: Window
    weekday: Text
    opens: str
    closes: str


@dataclass(frozen=True)
class Misfit:
    """A booking that the hours have no place for any more, with its reference."""

    conflict: Conflict
    reference: str
    kind: Text
    why: Text


@router.get(PAGE)
async def overview(actor: Reader, visit: TheVisit, done: Annotated[str, Query(max_length=12)] = "") -> Response:
    """The hours of each kind, what is closed, and who is booked outside of them."""
    return await _show_overview(visit, actor, Form(), notice=DONE.get(done))


@router.post(f"{PAGE}/tutup")
async def close_day(actor: Supervisor, visit: TheVisit) -> Response:
    """Take nobody on a day, or take people again on one that the unit had closed."""
    form = await visit.form()
    again = form.get("reopen")
    day = _iso_day(again) if again else form.date("day", BAD_DAY)
    why = form.plain("why", longest=LONGEST_WHY)
    if not again and len(why) < SHORTEST_WHY:
        form.errors.setdefault("why", WHY_MISSING)
    if day is None:
        form.errors.setdefault("day", BAD_DAY)
    if form.errors or day is None:
        return await _show_overview(visit, actor, form, status=422)

    async def work(tx: Tx) -> str:
        if again:
            await appointments.reopen_day(tx, actor.unit or "", day)
            return f"{PAGE}?done=reopened"
        await appointments.close_day(tx, actor.unit or "", day, why=why)
        return f"{PAGE}?done=closed"

    try:
        return visit.go(await once(visit, actor, form, work))
    except Problem as problem:
        form.take(problem, onto="day")
        return await _show_overview(visit, actor, form, status=problem.type.status)


@router.get(f"{PAGE}/hari")
async def day_page(actor: Reader, visit: TheVisit, tanggal: DayText = "") -> Response:
    """Who comes on one day, by time."""
    unit = actor.unit or ""
    async with visit.house.db.read() as connection:
        where = await reference.unit(connection, unit)
        today = visit.now.astimezone(reference.zone_of(where)).date()
        day = _iso_day(tanggal) or today
        visits = await agenda.visits_of(connection, unit, day, now=visit.now)
        closures = await appointments.closures_of(connection, unit, first=day)
    return visit.show(
        "pages/counter/queue/day.html",
        staff=await desk_of(visit, actor),
        day=day,
        today=today,
        visits=visits,
        kinds=booked_kinds(visit.house, where, {each.kind for each in visits}),
        states=BOOKING_STATES,
        closed=next((each for each in closures if each.day == day), None),
        before=_day_href(day - timedelta(days=1)),
        after=_day_href(day + timedelta(days=1)),
    )


@router.get(f"{PAGE}/jam/{{kind}}")
async def hours_page(
    kind: str, actor: Reader, visit: TheVisit, ubah: Annotated[str, Query(max_length=30)] = ""
) -> Response:
    """The hours of one kind; with `ubah` the form holds that line, to be changed."""
    return await _show_hours(visit, actor, kind, Form(), change=ubah)


@router.post(f"{PAGE}/jam/{{kind}}")
async def save_hours(kind: str, actor: Supervisor, visit: TheVisit) -> Response:
    """Add hours on the days that are ticked, put them in place of a line, or take a line away."""
    form = await visit.form()
    async with visit.house.db.read() as connection:
        known = (await appointments.windows_of(connection, actor.unit or "")).get(kind, [])
    gone = form.get("remove") or form.get("replaces")
    fresh = [] if form.get("remove") else _read_windows(form)
    if form.errors:
        return await _show_hours(visit, actor, kind, form, change=form.get("replaces"), status=422)
    kept = [each for each in known if key_of(each) != gone]

    async def work(tx: Tx) -> str:
        version = form.get("version") or None
        await appointments.set_windows(tx, actor.unit or "", kind, windows=[*kept, *fresh], version=version)
        return f"{PAGE}?done=hours"

    try:
        return visit.go(await once(visit, actor, form, work))
    except Problem as problem:
        _take_faults(form, problem)
        status = problem.type.status
    return await _show_hours(visit, actor, kind, form, change=form.get("replaces"), status=status)


# --- below the doors -------------------------------------------------------------------------------------------------


def key_of(window: Window) -> str:
    """The name of a line in forms: no two lines of a kind begin on the same weekday, time and day."""
    return f"{window.weekday}-{window.opens}-{window.valid_from.isoformat()}"


def clock_of(minutes: int) -> str:
    """Minutes after midnight as people write them."""
    return f"{minutes // MINUTES_OF_HOUR:02d}.{minutes % MINUTES_OF_HOUR:02d}"


async def _show_overview(
    visit: Visit, actor: Actor, form: Form, *, notice: Text | None = None, status: int = 200
) -> Response:
    unit = actor.unit or ""
    async with visit.house.db.read() as connection:
        where = await reference.unit(connection, unit)
        today = visit.now.astimezone(reference.zone_of(where)).date()
        windows = await appointments.windows_of(connection, unit)
        closures = await appointments.closures_of(connection, unit, first=today)
    kinds = booked_kinds(visit.house, where, windows)
    return visit.show(
        "pages/counter/queue/hours.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        once=new_once(),
        notice=notice,
        may_change=str(Role.SUPERVISOR) in actor.roles,
        hours={kind: _lines(windows.get(kind, ())) for kind in kinds},
        kinds=kinds,
        closures=closures,
        misfits=await _misfits(visit, unit, kinds),
        day_href=_day_href(today),
    )


async def _show_hours(
    visit: Visit, actor: Actor, kind: str, form: Form, *, change: str = "", status: int = 200
) -> Response:
    unit = actor.unit or ""
    async with visit.house.db.read() as connection:
        where = await reference.unit(connection, unit)
        windows = await appointments.windows_of(connection, unit)
    kinds = booked_kinds(visit.house, where, windows)
    if kind not in kinds:
        raise NOT_FOUND()
    known = windows.get(kind, [])
    changed = next((each for each in known if key_of(each) == change), None)
    today = visit.now.astimezone(reference.zone_of(where)).date()
    return visit.show(
        "pages/counter/queue/hours_of_kind.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form if form.values else _filled(changed, today),
        once=new_once(),
        kind=kind,
        kind_name=kinds[kind],
        may_change=str(Role.SUPERVISOR) in actor.roles,
        lines=_lines(known),
        version=version_of(known),
        changes=key_of(changed) if changed else "",
        weekdays=WEEKDAYS,
        misfits=[each for each in await _misfits(visit, unit, kinds) if each.conflict.kind == kind],
    )


async def _misfits(visit: Visit, unit: str, kinds: Mapping[str, Text]) -> list[Misfit]:
    async with visit.house.db.read() as connection:
        found = await appointments.conflicts_of(connection, unit, now=visit.now)
        underway = await worklist.underway_of(connection, {each.case_id for each in found})
    return [
        Misfit(
            each,
            underway[each.case_id].reference if each.case_id in underway else "-",
            kinds.get(each.kind) or Text(each.kind, each.kind),
            CONFLICTS[each.why],
        )
        for each in found
    ]


def _lines(windows: Sequence[Window]) -> list[Line]:
    ordered = sorted(windows, key=lambda each: (each.weekday, each.opens, each.valid_from))
    return [
        Line(key_of(each), each, WEEKDAYS[each.weekday - 1], clock_of(each.opens), clock_of(each.closes))
        for each in ordered
    ]


def _filled(window: Window | None, today: date) -> Form:
    """The form with a line that is to be changed; for a new one with what most units take."""
    values = {
        "opens": "08.00",
        "closes": "12.00",
        "minutes": "10",
        "rooms": "1",
        "staff": "1",
        "opens_days_before": "30",
    }
    values |= _day_values("valid_from", today)
    if window is not None:
        values = {name: str(value) for name, value in asdict(window).items() if name in LIMITS}
        values |= {"opens": clock_of(window.opens), "closes": clock_of(window.closes), "days": str(window.weekday)}
        values |= _day_values("valid_from", window.valid_from)
        values |= _day_values("valid_until", window.valid_until) if window.valid_until else {}
        values |= {"drawn": "yes"} if window.drawn else {}
    return Form(values)


def _read_windows(form: Form) -> list[Window]:
    """A line for each weekday that is ticked; the faults are put into the form."""
    days = [int(each) for each in form.all("days") if each in ("1", "2", "3", "4", "5", "6", "7")]
    if not days:
        form.errors["days"] = DAYS_MISSING
    opens, closes = _clock(form, "opens"), _clock(form, "closes")
    numbers = {name: _number(form, name, least, most) for name, (least, most) in LIMITS.items()}
    valid_from = form.date("valid_from", BAD_DAY)
    valid_until = form.date("valid_until", BAD_DAY) if _has_day(form, "valid_until") else None
    for name, day in (("valid_from", valid_from), ("valid_until", valid_until)):
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            form.errors.setdefault(name, BAD_DAY)
    if form.errors or valid_from is None:
        return []
    return [
        Window(
            weekday=day,
            opens=opens,
            closes=closes,
            minutes=numbers["minutes"],
            rooms=numbers["rooms"],
            staff=numbers["staff"],
            opens_days_before=numbers["opens_days_before"],
            valid_from=valid_from,
            valid_until=valid_until,
            drawn=bool(form.get("drawn")),
        )
        for day in dict.fromkeys(days)
    ]


def _take_faults(form: Form, problem: Problem) -> None:
    """What is wrong with a line, at the first field of the one line that was typed."""
    title = problem.type.title
    if problem.errors:
        form.errors.setdefault("opens", problem.errors[-1].message)
    elif problem.type is WINDOWS_CHANGED:
        words = Text(f"{title.id}. {problem.detail('id')}", f"{title.en}. {problem.detail('en')}")
        form.errors.setdefault("opens", words)
    else:
        form.take(problem, onto="opens")


def _clock(form: Form, name: str) -> int:
    text = form.get(name).replace(":", ".").replace(",", ".")
    hours, _, minutes = text.partition(".")
    minutes = minutes or "0"
    if not (hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit() and len(text) <= 5):
        form.errors.setdefault(name, NOT_A_CLOCK)
        return 0
    found = int(hours) * MINUTES_OF_HOUR + int(minutes)
    if int(minutes) >= MINUTES_OF_HOUR or found > 24 * MINUTES_OF_HOUR:
        form.errors.setdefault(name, NOT_A_CLOCK)
    return found


def _number(form: Form, name: str, least: int, most: int) -> int:
    text = form.get(name)
    if not (text.isascii() and text.isdigit() and len(text) < 5 and least <= int(text) <= most):
        form.errors.setdefault(name, NOT_A_NUMBER.fill(least=least, most=most))
        return least
    return int(text)


def _has_day(form: Form, name: str) -> bool:
    return any(form.get(f"{name}-{part}") for part in ("day", "month", "year"))


def _day_values(name: str, day: date) -> dict[str, str]:
    return {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}


def _iso_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def _day_href(day: date) -> str:
    return f"{PAGE}/hari?{urlencode({'tanggal': day.isoformat()})}"
