"""Reference data for everyone: police units and traffic violations."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.etag import not_modified, tag_headers, weak_tag
from app.routers.http.guards import public
from app.routers.http.paging import DEFAULT_PAGE, PageAfter, PageLimit, cursor_of, read_cursor
from app.routers.schemas.reference import UnitItem, UnitPage, ViolationItem, ViolationList
from app.services import reference

router = APIRouter(prefix="/v1", tags=["reference"])
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "You hold this version already (If-None-Match)."}}


@router.get("/units", dependencies=[public()], response_model=UnitPage, responses=NOT_MODIFIED)
async def list_units(
    *,
    request: Request,
    response: Response,
    house: TheHouse,
    limit: PageLimit = DEFAULT_PAGE,
    after: PageAfter = None,
    polda: Annotated[str | None, Query(pattern="^[A-Z]{2,20}$", description="Units of this Polda.")] = None,
    level: Annotated[Literal["MABES", "POLDA", "POLRES"] | None, Query(description="Units of this level.")] = None,
    name: Annotated[
        str | None, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of the name or the seat.")
    ] = None,
) -> UnitPage | Response:
    """Police units by code, page by page."""
    today = house.clock.now().astimezone(reference.NATIONAL_ZONE).date()
    last_seen = read_cursor(after, 1)[0] if after is not None else None
    async with house.db.read() as conn:
        tag = weak_tag("units", await reference.revision_number(conn), today, limit, after, polda, level, name)
        if (unchanged := not_modified(request, tag)) is not None:
            return unchanged
        units = await reference.list_units(
            conn, after=last_seen, limit=limit + 1, polda=polda, level=level, name=name, on=today
        )
    response.headers.update(tag_headers(tag))
    page = units[:limit]
    following = cursor_of(page[-1].code) if len(units) > limit else None
    return UnitPage(items=[UnitItem.of(unit) for unit in page], next=following)


@router.get("/violations", dependencies=[public()], response_model=ViolationList, responses=NOT_MODIFIED)
async def list_violations(
    request: Request, response: Response, house: TheHouse, lang: TheLang
) -> ViolationList | Response:
    """Traffic violations in force today, with their maximum fine."""
    today = house.clock.now().astimezone(reference.NATIONAL_ZONE).date()
    async with house.db.read() as conn:
        tag = weak_tag("violations", await reference.revision_number(conn), today, lang)
        if (unchanged := not_modified(request, tag)) is not None:
            return unchanged
        violations = await reference.list_violations(conn, today)
    response.headers.update(tag_headers(tag))
    return ViolationList(items=[ViolationItem.of(each, lang) for each in violations])
