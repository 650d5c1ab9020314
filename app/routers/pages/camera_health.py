"""Are the cameras well? A map and a table of those of a unit, and for each the trend of what came, its clock and its pictures.

What needs a person is said in words first; shapes and numbers on the map repeat it, so that nobody needs colours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from statistics import fmean
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from app.core.actor import Actor
from app.core.problems import NOT_FOUND
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.pages.camera_drawing import Place, draw_curve, draw_map
from app.routers.pages.desk import CAMERA_WATCHERS, desk_of
from app.routers.pages.visit import TheVisit
from app.services import cameras, etle, reference
from app.services.cameras import Health, Hour, Registered
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, staff_page(*CAMERA_WATCHERS)]
REPLAYERS = (Role.SUPERVISOR, Role.ADMIN)
Replayer = Annotated[Actor, staff_page(*REPLAYERS)]
ClientId = Annotated[str, Path(max_length=40, pattern="^[a-z0-9-]+$")]
PAGE = "/counter/kamera"
NOTICES = {"again": Text("Pesannya sedang diolah lagi.", "The messages are being taken up again.")}
ON_A_PAGE = 100
SILENT_AFTER = timedelta(hours=6)
CLOCK_OFF_S = 30.0
"""Beyond it a passage may be attributed to a wrong phase of a light; far below what is refused outright."""

BLURRED = 0.5
"""Share of a camera's own usual sharpness: dirt, fog on the glass or a loose lens."""

TOO_MANY_REFUSED = 0.1
SOON = timedelta(days=30)
TREND_DAYS = 30


class Status(StrEnum):
    """What a watcher has to do."""

    WELL = "well"
    LOOK = "look"
    SILENT = "silent"


STATUS_NAMES = {
    Status.WELL: Text("Baik", "Well"),
    Status.LOOK: Text("Perlu dilihat", "Needs a look"),
    Status.SILENT: Text("Diam", "Silent"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One camera of the list with what is to be said of it."""

    number: int
    device: Registered
    health: Health | None
    status: Status
    findings: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a camera, as plots and table show it."""

    day: date
    messages: int
    refused: int
    drift_s: float | None
    sharpness: float | None
    brightness: float | None


@router.get(PAGE)
async def cameras_page(
    actor: Watcher, visit: TheVisit, page: Annotated[int, Query(alias="hal", ge=1, le=1000)] = 1
) -> Response:
    """The cameras of the unit and of those below it, those first that need a person."""
    async with visit.house.db.read() as connection:
        devices = await cameras.list_registered(connection, await _units(connection, actor))
        health = await cameras.health_of(connection, [each.id for each in devices], now=visit.now)
    judged = [(each, *judge(each, health.get(each.id), visit.now)) for each in devices]
    judged.sort(key=lambda each: each[1] is Status.WELL)
    first = (page - 1) * ON_A_PAGE
    rows = [
        Row(first + number, device, health.get(device.id), status, findings)
        for number, (device, status, findings) in enumerate(judged[first : first + ON_A_PAGE], start=1)
    ]
    return visit.show(
        "pages/counter/cameras.html",
        staff=await desk_of(visit, actor),
        rows=rows,
        map=draw_map([place for row in rows if (place := _place(row)) is not None]),
        counts=[(STATUS_NAMES[each], sum(status is each for _, status, _ in judged)) for each in Status],
        names=STATUS_NAMES,
        page=page,
        pages=-(-len(judged) // ON_A_PAGE),
    )


@router.post(PAGE + "/{client_id}/pesan")
async def replay_messages(actor: Replayer, visit: TheVisit, client_id: ClientId) -> Response:
    """Have what could not be used understood again."""
    await visit.form()
    async with visit.house.db.read() as connection:
        device = await _camera(connection, actor, client_id)
    async with visit.house.db.begin(actor) as tx:
        await etle.replay_refused(tx, device.id)
    return visit.go(f"{PAGE}/{client_id}?done=again")


@router.get(PAGE + "/{client_id}")
async def camera_page(
    actor: Watcher,
    visit: TheVisit,
    client_id: ClientId,
    done: Annotated[str, Query(max_length=12, pattern="^[a-z]*$")] = "",
) -> Response:
    """One camera: what the register holds, what is to be said, and a month day by day."""
    async with visit.house.db.read() as connection:
        device = await _camera(connection, actor, client_id)
        health = (await cameras.health_of(connection, [device.id], now=visit.now)).get(device.id)
        hours = await cameras.hours_of(connection, device.id, since=visit.now - timedelta(days=TREND_DAYS))
        refused = await cameras.list_refused(connection, device.id)
        unit = await reference.unit(connection, device.unit)
        violations = await reference.list_violations(connection, visit.now.date())
        titles = {each.code: each.title for each in violations}
    status, findings = judge(device, health, visit.now)
    days = by_day(hours, visit.now, reference.zone_of(unit))
    return visit.show(
        "pages/counter/camera.html",
        staff=await desk_of(visit, actor),
        device=device,
        zone_label=unit.zone,
        health=health,
        state=STATUS_NAMES[status],
        findings=findings,
        days=days,
        heard=any(each.messages or each.drift_s is not None or each.sharpness is not None for each in days),
        curves=[
            (Text("Pesan per hari", "Messages a day"), draw_curve([float(each.messages) for each in days], zero=True)),
            (
                Text("Selisih jam, detik", "Clock drift, seconds"),
                draw_curve([each.drift_s for each in days], zero=True),
            ),
            (
                Text("Ketajaman foto", "Sharpness of the pictures"),
                draw_curve([each.sharpness for each in days], zero=True),
            ),
            (Text("Kecerahan foto, 0-255", "Brightness, 0-255"), draw_curve([each.brightness for each in days])),
        ],
        refused=refused,
        may_replay=not actor.roles.isdisjoint(REPLAYERS),
        notice=NOTICES.get(done),
        titles=titles,
    )


def judge(device: Registered, health: Health | None, now: datetime) -> tuple[Status, tuple[Text, ...]]:
    """What is to be said of a camera, and what that makes of it."""
    findings = [*_of_its_certificate(device, now.date()), *([] if health is None else _of_what_came(health))]
    if health is None or health.last_at < now - SILENT_AFTER:
        silent = Text("Tidak terdengar selama enam jam atau lebih", "Not heard for six hours or more")
        return Status.SILENT, (silent, *findings)
    return (Status.LOOK if findings else Status.WELL), tuple(findings)


async def _camera(connection: AsyncConnection, actor: Actor, client_id: str) -> Registered:
    device = await cameras.get_registered(connection, client_id)
    units = await _units(connection, actor)
    if units is not None and device.unit not in units:
        raise NOT_FOUND()
    return device


def by_day(hours: Sequence[Hour], now: datetime, zone: tzinfo) -> list[Day]:
    """The hours gathered by local days, each day of the span present, oldest first."""
    last = _local_day(now, zone)
    gathered: dict[date, list[Hour]] = {last - timedelta(days=back): [] for back in range(TREND_DAYS - 1, -1, -1)}
    for hour in hours:
        day = _local_day(hour.hour, zone)
        if day in gathered:
            gathered[day].append(hour)
    return [
        Day(
            day,
            sum(each.messages for each in some),
            sum(each.refused for each in some),
            max((each.drift_s for each in some if each.drift_s is not None), default=None),
            _mean([each.sharpness for each in some]),
            _mean([each.brightness for each in some]),
        )
        for day, some in gathered.items()
    ]


def _of_its_certificate(device: Registered, today: date) -> list[Text]:
    measures = device.site.accuses in cameras.MEASURED or not cameras.MEASURED.isdisjoint(device.site.allowed)
    if not measures and device.certificate.number is None:
        return []
    ended = cameras.uncertified(device.certificate, today)
    if ended is not None:
        return [ended]
    soon = cameras.uncertified(device.certificate, today + SOON)
    return (
        [] if soon is None else [Text("Sertifikat atau kalibrasi segera habis", "Certificate or calibration ends soon")]
    )


def _of_what_came(health: Health) -> list[Text]:
    found = []
    if health.drift_s is not None and abs(health.drift_s) > CLOCK_OFF_S:
        seconds = f"{health.drift_s:+.0f}"
        found.append(Text(f"Jam meleset {seconds} detik", f"Its clock is off by {seconds} seconds"))
    if health.sharpness is not None and health.usual_sharpness and health.sharpness < BLURRED * health.usual_sharpness:
        found.append(Text("Foto jauh lebih kabur dari biasanya", "Pictures much less sharp than usual"))
    if health.refused > TOO_MANY_REFUSED * max(1, health.messages):
        found.append(
            Text(f"{health.refused} pesan ditolak dalam sehari", f"{health.refused} messages refused within a day")
        )
    return found


def _place(row: Row) -> Place | None:
    site = row.device.site
    if site.latitude is None or site.longitude is None:
        return None
    return Place(row.number, site.latitude, site.longitude, site.heading, row.status)


async def _units(connection: AsyncConnection, actor: Actor) -> frozenset[str] | None:
    """The units whose cameras somebody may watch: Mabes all, a Polda its own and those below, any other its own."""
    unit = await reference.unit(connection, actor.unit or "")
    if unit.level == "MABES":
        return None
    if unit.level != "POLDA":
        return frozenset({unit.code})
    below = await reference.list_units(connection, polda=unit.code, limit=reference.MOST_UNITS)
    return frozenset({unit.code, *(each.code for each in below)})


def _local_day(moment: datetime, zone: tzinfo) -> date:
    return moment.astimezone(zone).date()


def _mean(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return round(fmean(known), 1) if known else None
