"""What the police do for citizens: every service with its price, and one service whole before the first question.

A citizen sees what it costs, who may apply, what to bring and where, before anything is typed; the service standard is one
link on (UU 25/2009 art. 20-22).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from app.core.db import JsonValue
from app.core.house import House
from app.core.texts import Text
from app.routers.http.guards import public
from app.routers.http.paging import cursor_of, read_cursor
from app.routers.pages.application_words import family_name
from app.routers.pages.questions import choices_between, field_of, filled
from app.routers.pages.visit import TheVisit
from app.services import catalogue, reference
from app.services.catalogue import Catalogue, OfferState, OfferView, Price, PriceList, Service, Where
from app.services.reference import Unit

router = APIRouter(include_in_schema=False, dependencies=[public()])

PAGE = 10
MOST_POLDAS = 100
MOST_TYPED = 100
SUGGESTED_LEVEL = "POLRES"
CodePath = Annotated[str, Path(max_length=40, pattern="^[a-z0-9_-]{1,40}$")]
NameQuery = Annotated[str, Query(alias="nama", max_length=100)]
PoldaQuery = Annotated[str, Query(alias="polda", max_length=20)]
After = Annotated[str | None, Query(max_length=400)]


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A service in the list, with its price in words."""

    service: Service
    price: Price
    words: Text


@dataclass(frozen=True, slots=True)
class FamilyLines:
    """The services of one family."""

    title: Text
    services: tuple[ServiceLine, ...]


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit that offers the service, or has suspended it with a notice."""

    code: str
    name: str
    province: str
    seat: str
    suspended: bool
    notice: Text | None
    until: date | None

    @classmethod
    def of(cls, unit: Unit, view: OfferView) -> "UnitLine":
        """From the rooms' unit and offer."""
        closed = view.state is OfferState.SUSPENDED
        return cls(unit.code, unit.name, unit.province, unit.seat, closed, view.notice, view.suspended_until)


@dataclass(frozen=True, slots=True)
class Units:
    """Some of the units that offer a service: what was looked for, which Poldas there are, and where it goes on."""

    lines: tuple[UnitLine, ...]
    name: str
    polda: str
    poldas: tuple[Unit, ...]
    next_href: str | None
    first_page: bool


@router.get("/layanan")
async def list_services(visit: TheVisit) -> Response:
    """Every service by family: price, whether somebody must come, how long it takes."""
    services = visit.house[Catalogue]
    async with visit.house.db.read() as conn:
        prices = await visit.house[PriceList].of_all(conn, services, today(visit.house))
    families: dict[str, list[ServiceLine]] = {}
    for each in services.all():
        families.setdefault(each.family, []).append(_line(each, prices[each.code]))
    shown = [FamilyLines(family_name(name), tuple(lines)) for name, lines in families.items()]
    return visit.show("pages/services/list.html", families=shown)


@router.get("/layanan/{code}")
async def service_page(
    code: CodePath, visit: TheVisit, name: NameQuery = "", polda: PoldaQuery = "", after: After = None
) -> Response:
    """One service whole, for everybody or for who says a few things of themselves, and the units that offer it."""
    services = visit.house[Catalogue]
    service = services.get(code)
    answers = said_before(service, visit.request.query_params)
    questions = choices_between(catalogue.asked_beforehand(service))
    async with visit.house.db.read() as conn:
        price = (await visit.house[PriceList].of_all(conn, services, today(visit.house)))[code]
        if answers:
            price = catalogue.price_of(service, await reference.list_fees(conn, today(visit.house)), answers)
        units = await units_of(
            conn, visit.house, service, name=name, polda=polda, after=after, base=f"/layanan/{code}", anchor="#tempat"
        )
    return visit.show(
        "pages/services/service.html",
        line=_line(service, price),
        service=service,
        family=family_name(service.family),
        price=price,
        with_others=with_others(price),
        told=catalogue.tell_beforehand(service, answers),
        questions=questions,
        form=filled(questions, answers),
        kept=kept_fields(answers),
        time_needed=catalogue.working_time(service),
        units=units,
    )


@router.get("/layanan/{code}/standar")
async def standard_page(code: CodePath, visit: TheVisit) -> Response:
    """The 14 components of the service standard, and the promise to keep it (UU 25/2009 art. 21-22)."""
    services = visit.house[Catalogue]
    service = services.get(code)
    async with visit.house.db.read() as conn:
        price = (await visit.house[PriceList].of_all(conn, services, today(visit.house)))[code]
    return visit.show(
        "pages/services/standard.html",
        service=service,
        components=catalogue.standard_of(service, price),
        promise=catalogue.PROMISE,
    )


# --- below the doors ----------------------------------------------------------------------------------------------------


async def units_of(
    conn: AsyncConnection,
    house: House,
    service: Service,
    *,
    name: str,
    polda: str,
    after: str | None,
    base: str,
    anchor: str = "",
    service_code: str = "",
) -> Units:
    """Units that offer a service, looked for by name and Polda, page by page; links lead to `base`.

    Where the gateway chooses the level (SKCK), the Polres of the applicant's address are listed: it goes on from there.
    """
    name, polda = visible(name), _code(polda)
    level = SUGGESTED_LEVEL if service.choose is not None and SUGGESTED_LEVEL in service.levels else None
    last_seen = read_cursor(after, 1)[0] if after is not None else None
    found = await catalogue.units_offering(
        conn,
        house[Catalogue],
        service.code,
        today(house),
        after=last_seen,
        limit=PAGE + 1,
        where=Where(name=name or None, polda=polda or None, level=level),
    )
    following = None
    if len(found) > PAGE:
        query = {"service": service_code, "nama": name, "polda": polda, "after": cursor_of(found[PAGE - 1][0].code)}
        following = f"{base}?{urlencode({key: value for key, value in query.items() if value})}{anchor}"
    poldas = await reference.list_units(conn, level="POLDA", limit=MOST_POLDAS, on=today(house))
    return Units(
        lines=tuple(UnitLine.of(*each) for each in found[:PAGE]),
        name=name,
        polda=polda,
        poldas=tuple(sorted(poldas, key=lambda each: each.name)),
        next_href=following,
        first_page=after is None,
    )


def said_before(service: Service, sent: Mapping[str, str]) -> dict[str, JsonValue]:
    """What somebody has said of themselves before beginning, in fields that are called as those of the form."""
    names = [each.name for each in catalogue.asked_beforehand(service)]
    typed = {name: (sent[field_of(name)][:MOST_TYPED],) for name in names if field_of(name) in sent}
    return catalogue.answers_beforehand(service, catalogue.from_page(service, typed))


def kept_fields(answers: Mapping[str, JsonValue]) -> dict[str, str]:
    """The same as hidden fields, so that nobody is asked twice."""
    return {
        field_of(name): str(value).lower() if isinstance(value, bool) else str(value) for name, value in answers.items()
    }


def with_others(price: Price) -> Text | None:
    """The whole price where some of it is paid to others whose prices are known."""
    if not price.others:
        return None
    return catalogue.money_words(price.lowest + price.known_others, price.highest + price.known_others)


def today(house: House) -> date:
    """The day in the capital, by which lists are made."""
    return house.clock.now().astimezone(reference.NATIONAL_ZONE).date()


def visible(text: str) -> str:
    """What somebody typed to look for, without signs that no name has."""
    return "".join(letter for letter in text if letter.isprintable()).strip()


def _line(service: Service, price: Price) -> ServiceLine:
    return ServiceLine(service, price, catalogue.money_words(price.lowest, price.highest))


def _code(text: str) -> str:
    return text if text.isascii() and text.isalpha() and text.isupper() else ""
