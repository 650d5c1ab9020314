"""Open figures for everybody: how many tickets and applications, what became of them, and how far the country is."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.core.limits import Limits
from app.routers.http.deps import TheHouse, TheLang, address_of
from app.routers.http.guards import public
from app.routers.schemas.statistics import DayOut, RolloutOut, Statistics
from app.services import catalogue, reference, statistics
from app.services.catalogue import Catalogue

router = APIRouter(tags=["public"])
SHOWN_DAYS = 30
SECONDS_KEPT = 60
POLRES_THEN = 12
"""Polres that could do it in February 2021, when the programme began."""
EARLIEST = date(2020, 1, 1)
"""Nothing was recorded before; days far from ours overflow the calendar."""


@router.get("/v1/statistics", dependencies=[public()])
async def get_statistics(
    *,
    request: Request,
    response: Response,
    house: TheHouse,
    lang: TheLang,
    first: Annotated[date | None, Query(alias="from", description="First day (WIB); default 30 days back.")] = None,
    last: Annotated[date | None, Query(alias="to", description="Last day; default today. At most 366 days.")] = None,
    unit: Annotated[str | None, Query(max_length=60, pattern=r"^[A-Z0-9-]+$", description="One unit alone.")] = None,
) -> Statistics:
    """What happened on each day, by service and violation, and at how many units each service has begun.

    Counted from the events of the public log; names nobody.
    """
    await house[Limits].hit("open-address", address_of(request))
    today = house.clock.now().astimezone(reference.NATIONAL_ZONE).date()
    until = max(min(last or today, today), EARLIEST)
    found = await statistics.figures(house, first or until - timedelta(days=SHOWN_DAYS - 1), until, unit=unit)
    async with house.db.read() as connection:
        rollout = await catalogue.rollout(connection, house[Catalogue], today)
    response.headers["Cache-Control"] = f"public, max-age={SECONDS_KEPT}"
    services = {each.code: each for each in house[Catalogue].all()}
    return Statistics(
        first=found.first,
        last=found.last,
        unit=unit,
        totals=totals(found),
        days=[DayOut.of(each) for each in found.counts],
        polres_in_february_2021=POLRES_THEN,
        rollout=[RolloutOut.of(each, services[each.service].title.say(lang)) for each in rollout],
    )


def totals(found: statistics.Figures) -> dict[str, int]:
    """The figures that people ask for first."""
    return {
        "captures": found.total("etle", "capture"),
        "letters": found.total("etle", "dispatch"),
        "tickets_issued": found.total("etle", "issue_tilang"),
        "tickets_annulled": found.total("etle", "annul", "accept_objection"),
        "tickets_paid": found.total("etle", "pay"),
        "originals_opened": found.total("etle", "open_original"),
        "applications_begun": found.total("application", "begin"),
        "applications_submitted": found.total("application", "submit", "submit_for_check"),
        "applications_issued": found.total("application", "issue"),
        "applications_refused": found.total("application", "confirm_refusal"),
    }
