"""The service catalogue for everyone: what there is, what it needs and costs, and where; and the staff's door to offers."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actor import Actor
from app.core.house import House
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.etag import not_modified, tag_headers, weak_tag
from app.routers.http.guards import public, staff
from app.routers.http.idempotency import KEY_REQUIRED, begin_once
from app.routers.http.paging import DEFAULT_PAGE, PageAfter, PageLimit, cursor_of, read_cursor
from app.routers.schemas.offers import OfferIn, StaffOffer, StaffOffers
from app.routers.schemas.services import (
    ComponentOut,
    NeedsOut,
    OfferingUnit,
    OfferingUnits,
    ServiceItem,
    ServiceList,
    ServiceOut,
    StandardOut,
)
from app.services import catalogue, reference
from app.services.catalogue import Catalogue, PriceList
from app.services.identity.roles import Role

router = APIRouter()
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "You hold this version already (If-None-Match)."}}
CodePath = Annotated[str, Path(max_length=40, pattern="^[a-z0-9_-]{1,40}$", description="Such as `sim-renewal`.")]
UnitQuery = Annotated[
    str | None, Query(pattern="^[A-Z0-9-]{2,60}$", description="Code of a unit, as in GET /v1/units.")
]
Answers = Annotated[
    Sequence[Annotated[str, StringConstraints(max_length=140)]],
    Query(max_length=20, description="Name and value of an answer, such as `purpose:work_abroad`; any number of them."),
]
Arranger = Annotated[Actor, staff(Role.SUPERVISOR, Role.ADMIN)]


@router.get(
    "/v1/services",
    dependencies=[public()],
    response_model=ServiceList,
    responses=NOT_MODIFIED,
    tags=["services"],
)
async def list_services(request: Request, response: Response, house: TheHouse, lang: TheLang) -> ServiceList | Response:
    """Every service with its price, by family: what it is, whether somebody must come, how long it takes."""
    services, today = house[Catalogue], _today(house)
    async with house.db.read() as conn:
        tag = weak_tag("services", services.digest, await reference.revision_number(conn), today, lang)
        if (unchanged := not_modified(request, tag)) is not None:
            return unchanged
        prices = await house[PriceList].of_all(conn, services, today)
    response.headers.update(tag_headers(tag))
    return ServiceList(items=[ServiceItem.of(each, prices[each.code], lang) for each in services.all()])


@router.get(
    "/v1/services/{code}",
    dependencies=[public()],
    response_model=ServiceOut,
    responses=NOT_MODIFIED,
    tags=["services"],
)
async def get_service(
    *, code: CodePath, request: Request, response: Response, house: TheHouse, lang: TheLang, unit: UnitQuery = None
) -> ServiceOut | Response:
    """One service whole: who may apply, the form (JSON Schema 2020-12), papers, the full price, steps, what is issued."""
    services, today = house[Catalogue], _today(house)
    service = services.get(code)
    async with house.db.read() as conn:
        offer = None if unit is None else await _offer_there(conn, house, unit, code)
        revision = await reference.revision_number(conn)
        tag = weak_tag("service", service.digest, services.defaults.digest, revision, today, lang, offer)
        if (unchanged := not_modified(request, tag)) is not None:
            return unchanged
        price = (await house[PriceList].of_all(conn, services, today))[code]
    response.headers.update(tag_headers(tag))
    return ServiceOut.of(service, price, offer, lang)


@router.get("/v1/services/{code}/needs", dependencies=[public()], tags=["services"])
async def get_needs(code: CodePath, house: TheHouse, lang: TheLang, answer: Answers = ()) -> NeedsOut:
    """What to bring and to pay, and whether to come, for somebody who says a few things of themselves before beginning:
    `?answer=purpose:work_abroad&answer=citizenship:WNI`. Answers that the service does not ask beforehand are passed over."""
    services, today = house[Catalogue], _today(house)
    service = services.get(code)
    typed = dict(each.split(":", 1) for each in answer if ":" in each)
    answers = catalogue.answers_beforehand(
        service, catalogue.from_page(service, {name: (text,) for name, text in typed.items()})
    )
    async with house.db.read() as conn:
        price = catalogue.price_of(service, await reference.list_fees(conn, today), answers)
    return NeedsOut.of(service, catalogue.tell_beforehand(service, answers), price, lang)


@router.get(
    "/v1/services/{code}/standard",
    dependencies=[public()],
    response_model=StandardOut,
    responses=NOT_MODIFIED,
    tags=["services"],
)
async def get_standard(
    code: CodePath, request: Request, response: Response, house: TheHouse, lang: TheLang
) -> StandardOut | Response:
    """The service standard: its 14 components (UU 25/2009 art. 20-22) and the promise to keep it."""
    services, today = house[Catalogue], _today(house)
    service = services.get(code)
    async with house.db.read() as conn:
        tag = weak_tag("standard", service.digest, await reference.revision_number(conn), today, lang)
        if (unchanged := not_modified(request, tag)) is not None:
            return unchanged
        price = (await house[PriceList].of_all(conn, services, today))[code]
    response.headers.update(tag_headers(tag))
    components = [ComponentOut.of(each, lang) for each in catalogue.standard_of(service, price)]
    return StandardOut(
        code=code, title=service.title.say(lang), components=components, promise=catalogue.PROMISE.say(lang)
    )


@router.get("/v1/services/{code}/units", dependencies=[public()], tags=["services"])
async def list_units_of_service(
    code: CodePath, house: TheHouse, lang: TheLang, limit: PageLimit = DEFAULT_PAGE, after: PageAfter = None
) -> OfferingUnits:
    """Units where the service has begun, by code, page by page; those that suspend it today say why."""
    last_seen = read_cursor(after, 1)[0] if after is not None else None
    async with house.db.read() as conn:
        found = await catalogue.units_offering(
            conn, house[Catalogue], code, _today(house), after=last_seen, limit=limit + 1
        )
    page = found[:limit]
    following = cursor_of(page[-1][0].code) if len(found) > limit else None
    return OfferingUnits(items=[OfferingUnit.of(unit, view, lang) for unit, view in page], next=following)


@router.get("/v1/counter/offers", tags=["counter"])
async def list_offers(actor: Arranger, house: TheHouse, lang: TheLang, unit: UnitQuery = None) -> StaffOffers:
    """Every service that a unit can offer, and how it stands there; your own unit, or one of your Polda's."""
    services = house[Catalogue]
    async with house.db.read() as conn:
        where = await reference.unit(conn, unit or actor.unit or "")
        catalogue.check_arranges(actor.unit, where)
        today = house.clock.now().astimezone(reference.zone_of(where)).date()
        found = await catalogue.offers_of_unit(conn, services, where, today)
    offers = [StaffOffer.of(services.get(view.service), view, lang) for view in found]
    return StaffOffers(unit=where.code, offers=offers)


@router.put("/v1/counter/offers", response_model=StaffOffer, openapi_extra=KEY_REQUIRED, tags=["counter"])
async def arrange_offer(
    body: OfferIn, request: Request, actor: Arranger, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """Offer a service at your unit (or one of your Polda's) from a day on, suspend it with a notice, or resume it.

    The whole of it stands as sent; each thing that changes is a record of the public log. Needs an Idempotency-Key.
    """
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        where = await reference.unit(once.tx.session, body.unit)
        view = await catalogue.arrange(once.tx, where, body.service, body.to_change())
        answer = StaffOffer.of(house[Catalogue].get(body.service), view, lang)
        return await once.keep(answer.model_dump(mode="json", by_alias=True))


async def _offer_there(conn: AsyncConnection, house: House, unit: str, code: str) -> catalogue.OfferView:
    where = await reference.unit(conn, unit)
    today = house.clock.now().astimezone(reference.zone_of(where)).date()
    return await catalogue.offer_of(conn, house[Catalogue], where, code, today)


def _today(house: House) -> date:
    return house.clock.now().astimezone(reference.NATIONAL_ZONE).date()
