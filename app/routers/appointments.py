"""The doors of appointments: free slots for everybody, hours of a unit for its supervisor, draws of scarce days for all."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.limits import Limits
from app.routers.http.deps import TheHouse, address_of
from app.routers.http.etag import not_modified, weak_tag
from app.routers.http.guards import public, staff
from app.routers.http.idempotency import KEY_OPTIONAL, begin_once, do_once
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, cursor_part, read_cursor
from app.routers.schemas.appointments import (
    ClosureIn,
    ConflictOut,
    Conflicts,
    SlotDrawDocument,
    SlotDrawLineOut,
    SlotDraws,
    Slots,
    UnitCode,
    VisitOut,
    Visits,
    Windows,
    WindowsIn,
)
from app.services import appointments, reference
from app.services.appointments import KindOf, Window, agenda, version_of
from app.services.appointments.problems import KIND_UNKNOWN
from app.services.identity.roles import Role

router = APIRouter()
Supervisor = Annotated[Actor, staff(Role.SUPERVISOR)]
AtTheCounter = Annotated[Actor, staff(Role.SUPERVISOR, Role.COUNTER, Role.OFFICER)]
FIRST_DAY, LAST_DAY = date(2020, 1, 1), date(2100, 1, 1)
FRESH = {"Cache-Control": "no-cache"}
"""May be kept, and is asked for again each time: a slow line is spared, nobody sees what is long gone."""


@router.get("/v1/units/{code}/slots", dependencies=[public()], tags=["appointments"], response_model=Slots)
async def list_slots(
    *,
    code: UnitCode,
    service: Annotated[str, Query(pattern=r"^[a-z][a-z0-9-]{0,59}$", examples=["skck-new"])],
    first: Annotated[date, Query(alias="from", examples=["2026-11-30"])],
    last: Annotated[date, Query(alias="to", examples=["2026-12-06"], description="At most 31 days.")],
    request: Request,
    response: Response,
    house: TheHouse,
) -> Slots | Response:
    """Days and free slots of a unit for a service, in the unit's zone. Somebody may be faster: holding a slot decides.

    Problems: `appointments-no-appointment`, `appointments-days-refused`, `reference-unit-not-found`.
    """
    await house[Limits].hit("open-address", address_of(request))
    wanted = house[KindOf](service)
    if wanted is None:
        raise KIND_UNKNOWN(service=service)
    async with house.db.read() as connection:
        zone = reference.zone_of(await reference.unit(connection, code))
        found = await appointments.slots(connection, code, wanted.kind, first=first, last=last, now=house.clock.now())
    answer = Slots.of(found, unit=code, zone=zone, service=service, kind=wanted.kind, minutes=wanted.minutes)
    tag = weak_tag(answer.model_dump_json())
    if (unchanged := not_modified(request, tag)) is not None:
        unchanged.headers.update(FRESH)
        return unchanged
    response.headers.update({"ETag": tag, **FRESH})
    return answer


@router.get("/v1/counter/windows", tags=["counter"])
async def list_windows(actor: AtTheCounter, house: TheHouse) -> Windows:
    """Your unit's hours by kind of appointment, the days that it has closed, and who is booked outside of them."""
    unit, now = actor.unit or "", house.clock.now()
    async with house.db.read() as connection:
        zone = reference.zone_of(await reference.unit(connection, unit))
        return Windows.of(
            unit,
            zone,
            windows=await appointments.windows_of(connection, unit),
            closures=await appointments.closures_of(connection, unit, first=now.astimezone(zone).date()),
            conflicts=await appointments.conflicts_of(connection, unit, now=now),
        )


@router.put("/v1/counter/windows", tags=["counter"], response_model=Conflicts, openapi_extra=KEY_OPTIONAL)
async def set_windows(body: WindowsIn, request: Request, actor: Supervisor, house: TheHouse) -> JSONResponse:
    """Set your unit's hours for one kind; recorded in the public log. Who is booked outside of them is answered, and stays
    booked until somebody moves them. Problems: `appointments-windows-invalid`, `appointments-windows-changed`."""
    unit = actor.unit or ""
    windows: list[Window] = [each.to_window() for each in body.windows]
    async with begin_once(house, actor, request) as once:
        if once.earlier is not None:
            return once.earlier
        found = await appointments.set_windows(once.tx, unit, body.kind, windows=windows, version=body.version)
        zone = reference.zone_of(await reference.unit(once.tx.session, unit))
        answer = Conflicts(version=version_of(windows), conflicts=[ConflictOut.of(each, zone) for each in found])
        return await once.keep(answer.model_dump(mode="json"))


@router.put("/v1/counter/closures/{day}", tags=["counter"], response_model=Conflicts, openapi_extra=KEY_OPTIONAL)
async def close_day(day: date, body: ClosureIn, request: Request, actor: Supervisor, house: TheHouse) -> JSONResponse:
    """Take nobody on this day, of any kind; who is booked is answered. National holidays are closed by themselves.

    Problems: `appointments-closure-refused`.
    """
    unit = actor.unit or ""
    async with begin_once(house, actor, request) as once:
        if once.earlier is not None:
            return once.earlier
        found = await appointments.close_day(once.tx, unit, day, why=body.why)
        zone = reference.zone_of(await reference.unit(once.tx.session, unit))
        return await once.keep(
            Conflicts(conflicts=[ConflictOut.of(each, zone) for each in found]).model_dump(mode="json")
        )


@router.delete(
    "/v1/counter/closures/{day}",
    tags=["counter"],
    status_code=204,
    response_class=Response,
    openapi_extra=KEY_OPTIONAL,
)
async def reopen_day(day: date, request: Request, actor: Supervisor, house: TheHouse) -> Response:
    """Take people again on a day that your unit had closed."""
    return await do_once(house, actor, request, lambda tx: appointments.reopen_day(tx, actor.unit or "", day))


@router.get("/v1/counter/visits", tags=["counter"])
async def list_visits(
    actor: AtTheCounter,
    house: TheHouse,
    day: Annotated[
        date | None, Query(ge=FIRST_DAY, le=LAST_DAY, description="A day of your unit's zone; default today.")
    ] = None,
) -> Visits:
    """Who comes to your unit on a day, by time: the bookings that are held, firm, kept or missed."""
    unit, now = actor.unit or "", house.clock.now()
    async with house.db.read() as connection:
        zone = reference.zone_of(await reference.unit(connection, unit))
        asked = day or now.astimezone(zone).date()
        found = await agenda.visits_of(connection, unit, asked, now=now)
    return Visits(unit=unit, day=asked, visits=[VisitOut.of(each, zone) for each in found])


@router.get("/v1/transparency/slot-draws", dependencies=[public()], tags=["transparency"])
async def list_slot_draws(
    house: TheHouse,
    limit: PageLimit = 50,
    after: PageAfter = None,
    unit: Annotated[str | None, Query(pattern=r"^[A-Z0-9-]{2,60}$")] = None,
) -> SlotDraws:
    """Every day whose places were drawn by lot, oldest first."""
    last = cursor_part(read_cursor(after, 1)[0], UUID) if after else None
    async with house.db.read() as connection:
        found = await appointments.list_slot_draws(connection, unit=unit, limit=limit + 1, after=last)
    page = found[:limit]
    following = cursor_of(str(page[-1].id)) if len(found) > limit else None
    return SlotDraws(draws=[SlotDrawLineOut.of(each) for each in page], next=following)


@router.get("/v1/transparency/slot-draws/{id}", dependencies=[public()], tags=["transparency"])
async def get_slot_draw(id: UUID, house: TheHouse) -> SlotDrawDocument:
    """One drawn day with all that is needed to draw it again. Problems: `appointments-draw-not-found`."""
    async with house.db.read() as connection:
        return SlotDrawDocument.model_validate(await appointments.slot_draw_document(house, connection, id))
