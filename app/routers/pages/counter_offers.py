"""Which services the unit offers, from when, and why one is suspended: set by its supervisor, or by its Polda.

A service that is switched off takes no new applications; what was typed and what is under way stays. Each change is a
record of the public log.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.problems import NOT_FOUND, Problem
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.once import new_once, once
from app.routers.pages.visit import TheVisit, Visit
from app.services import catalogue, reference
from app.services.catalogue import Catalogue, OfferState, OfferView
from app.services.identity.roles import Role
from app.services.reference import Unit

router = APIRouter(include_in_schema=False)
PAGE = "/counter/layanan"
Arranger = Annotated[Actor, staff_page(Role.SUPERVISOR, Role.ADMIN)]
UnitText = Annotated[str, Query(max_length=60)]
FIRST_DAY, LAST_DAY = date(2020, 1, 1), date(2100, 1, 1)
SHORTEST_NOTICE, LONGEST_NOTICE = 5, 500
ACTIONS = ("offer", "suspend", "resume", "end")
STATES: Mapping[OfferState, Text] = {
    OfferState.OFFERED: Text("Dibuka", "Offered"),
    OfferState.SUSPENDED: Text("Dihentikan sementara", "Suspended"),
    OfferState.PLANNED: Text("Direncanakan", "Planned"),
    OfferState.NOT_OFFERED: Text("Belum dibuka", "Not offered yet"),
}
BAD_DAY = Text("Isi tanggal dengan angka, misalnya 27 3 2026.", "Give the date in digits, for example 27 3 2026.")
NOTICE_MISSING = Text(
    "Tulis pemberitahuannya, 5 sampai 500 huruf; warga membacanya.",
    "Write the notice, in 5 to 500 characters; citizens read it.",
)
CHOOSE = Text("Pilih satu.", "Choose one.")
SAVED = Text("Tersimpan: {service}.", "Saved: {service}.")


@router.get(PAGE)
async def offers_page(
    actor: Arranger, visit: TheVisit, unit: UnitText = "", done: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Every service that the unit can offer, and how it stands there; `unit` for one of the own Polda's."""
    house = visit.house
    async with house.db.read() as connection:
        where = await _where(connection, actor, unit)
        today = visit.now.astimezone(reference.zone_of(where)).date()
        views = await catalogue.offers_of_unit(connection, house[Catalogue], where, today)
        below = await _units_below(connection, actor)
    titles = {each.code: each.title for each in house[Catalogue].all()}
    saved = titles.get(done)
    return visit.show(
        "pages/counter/applications/offers.html",
        staff=await desk_of(visit, actor),
        where=where,
        below=below,
        views=views,
        titles=titles,
        states=STATES,
        query=_query(actor, where),
        notice=Text(SAVED.id.format(service=saved.id), SAVED.en.format(service=saved.en)) if saved else None,
    )


@router.get(f"{PAGE}/{{code}}")
async def offer_page(code: str, actor: Arranger, visit: TheVisit, unit: UnitText = "") -> Response:
    """One service at the unit: from when, suspended why and until when."""
    return await _show(visit, actor, code, unit, Form())


@router.post(f"{PAGE}/{{code}}")
async def arrange(code: str, actor: Arranger, visit: TheVisit) -> Response:
    """Offer it from a day on, suspend it with a notice, resume it, or take the offer back."""
    form = await visit.form()
    action = form.choice("action", ACTIONS, CHOOSE)
    unit = form.get("unit")[:60]
    from_date = _day(form, "from", wanted=action == "offer")
    target = _day(form, "target", wanted=False) if action == "offer" else None
    until = _day(form, "until", wanted=False) if action == "suspend" else None
    notice = _notice(form) if action == "suspend" else Text("", "")
    if form.errors:
        return await _show(visit, actor, code, unit, form, status=422)

    async def work(tx: Tx) -> str:
        where = await reference.unit(tx.session, unit or actor.unit or "")
        catalogue.check_arranges(actor.unit, where)
        if action == "offer":
            await catalogue.offer(tx, where, code, from_date, target)
        elif action == "end":
            await catalogue.offer(tx, where, code, None)
        elif action == "suspend":
            await catalogue.suspend(tx, where, code, notice, until)
        else:
            await catalogue.resume(tx, where, code)
        return f"{PAGE}?{urlencode({'done': code, **({'unit': where.code} if where.code != actor.unit else {})})}"

    try:
        return visit.go(await once(visit, actor, form, work))
    except Problem as problem:
        form.take(problem, onto="from" if action == "offer" else "action")
        return await _show(visit, actor, code, unit, form, status=problem.type.status)


# --- below the doors -------------------------------------------------------------------------------------------------


async def _show(visit: Visit, actor: Actor, code: str, unit: str, form: Form, *, status: int = 200) -> Response:
    house = visit.house
    service = house[Catalogue].services.get(code)
    if service is None:
        raise NOT_FOUND()
    async with house.db.read() as connection:
        where = await _where(connection, actor, unit)
        today = visit.now.astimezone(reference.zone_of(where)).date()
        view = await catalogue.offer_of(connection, house[Catalogue], where, code, today)
    return visit.show(
        "pages/counter/applications/offer.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form if form.values else Form(_values(view, today)),
        once=new_once(),
        where=where,
        service=service,
        possible=catalogue.can_offer(service, where),
        view=view,
        state=STATES[view.state],
        query=_query(actor, where),
    )


async def _where(connection: AsyncConnection, actor: Actor, code: str) -> Unit:
    """The unit that is meant: the own one, or one of the own Polda's. Raises NOT_YOUR_UNIT."""
    where = await reference.unit(connection, code or actor.unit or "")
    catalogue.check_arranges(actor.unit, where)
    return where


async def _units_below(connection: AsyncConnection, actor: Actor) -> list[Unit]:
    """The units of the own Polda, for its staff."""
    units = await reference.list_units(connection, polda=actor.unit or "", limit=reference.MOST_UNITS - 1)
    return [each for each in units if each.code != actor.unit]


def _values(view: OfferView, today: date) -> dict[str, str]:
    values = _day_values("from", view.from_date or today)
    if view.target_on is not None:
        values |= _day_values("target", view.target_on)
    if view.notice is not None:
        values |= {"notice_id": view.notice.id, "notice_en": view.notice.en}
    if view.suspended_until is not None:
        values |= _day_values("until", view.suspended_until)
    return values


def _day(form: Form, name: str, *, wanted: bool) -> date | None:
    given = any(form.get(f"{name}-{part}") for part in ("day", "month", "year"))
    if not given and not wanted:
        return None
    day = form.date(name, BAD_DAY)
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        form.errors.setdefault(name, BAD_DAY)
    return day


def _notice(form: Form) -> Text:
    said = [form.plain(name, longest=LONGEST_NOTICE) for name in ("notice_id", "notice_en")]
    for name, text in zip(("notice_id", "notice_en"), said, strict=True):
        if len(text) < SHORTEST_NOTICE:
            form.errors.setdefault(name, NOTICE_MISSING)
    return Text(*said)


def _day_values(name: str, day: date) -> dict[str, str]:
    return {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}


def _query(actor: Actor, where: Unit) -> str:
    return "" if where.code == actor.unit else f"?{urlencode({'unit': where.code})}"
