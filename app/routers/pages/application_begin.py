"""Beginning an application: at which unit, and for whom."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.limits import Limits
from app.core.problems import UPSTREAM_UNAVAILABLE, Problem
from app.core.texts import Text
from app.routers.http.guards import CitizenOnPage
from app.routers.me import NOT_A_KK, NOT_A_NIK
from app.routers.pages.account import BIRTH_WRONG, account_of
from app.routers.pages.applying import at
from app.routers.pages.forms import Form
from app.routers.pages.once import new_once, once
from app.routers.pages.services import After, kept_fields, said_before, units_of
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications, reference
from app.services.applications import ApplicationLine, Member
from app.services.applications.problems import (
    FAMILY_UNREACHABLE,
    FORM_INVALID,
    IDENTITY_NEEDED,
    NOT_FAMILY,
    NOT_GUARDIAN,
    NOT_OF_AGE,
    NOT_OFFERED,
    TOO_MANY_DRAFTS,
)
from app.services.catalogue import Catalogue, Service
from app.services.identity.problems import CONSENT_REFUSED
from app.services.registries import Nik, parse_kk

router = APIRouter(include_in_schema=False)

LOOKED_AT = 50
"""Own applications among which a draft for the same service is looked for."""
CHOOSE_UNIT = Text("Pilih kesatuan.", "Choose a unit.")
CHOOSE_PERSON = Text("Pilih untuk siapa.", "Choose for whom.")
CODE_MISSING = Text(
    "Ketik kode yang diberikan anggota keluarga Anda.", "Type the code that your family member gives you."
)
ABOUT_FAMILY = (NOT_FAMILY, NOT_GUARDIAN, NOT_OF_AGE, FAMILY_UNREACHABLE)
SHOWN_AT_UNIT = (NOT_OFFERED, TOO_MANY_DRAFTS, FORM_INVALID, UPSTREAM_UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for among the units."""

    unit: str = ""
    name: str = ""
    polda: str = ""
    after: str | None = None


@router.get("/permohonan/mulai")
async def ask_unit(
    me: CitizenOnPage,
    visit: TheVisit,
    service: Annotated[str, Query(max_length=40)] = "",
    unit: Annotated[str, Query(max_length=60)] = "",
    name: Annotated[str, Query(alias="nama", max_length=100)] = "",
    polda: Annotated[str, Query(max_length=20)] = "",
    after: After = None,
) -> Response:
    """Which unit? Only for an account whose NIK is confirmed; the page says how that is done."""
    if not service:
        return visit.go("/layanan")
    chosen = visit.house[Catalogue].get(service)
    answers = said_before(chosen, visit.request.query_params)
    form = Form({"unit": unit, "who": "self", **kept_fields(answers)})
    return await _show(visit, me, chosen, form, Search(unit, name, polda, after))


@router.post("/permohonan/mulai")
async def begin(me: CitizenOnPage, visit: TheVisit) -> Response:
    """Begin a draft, once however often it is pressed, with what registers know already filled in. An adult of the family card
    is first sent a code, which the next page takes."""
    form = await visit.form()
    service = visit.house[Catalogue].get(form.get("service")[:40])
    unit = form.get("unit")[:60]
    search = Search(unit, form.get("nama"), form.get("polda"))
    if not await _is_unit(visit, unit):
        form.errors["unit"] = CHOOSE_UNIT
    claim = _family(form)
    if form.errors:
        return await _show(visit, me, service, form, search, status=422)
    try:
        member = await _member(visit, me, claim) if claim is not None else None
        if member is not None and member.must_consent and not form.get("code"):
            return await _ask_member(visit, me, service, member, form)
        path = await _begin(visit, me, service, unit, member, form)
        if path:
            return visit.go(path)
        form.take(CONSENT_REFUSED(), onto="code")
        return _show_code(visit, service, form)
    except Problem as problem:
        if problem.type in ABOUT_FAMILY:
            form.take(problem, onto="nik")
        elif problem.type in SHOWN_AT_UNIT:
            form.take(problem, onto="unit")
        elif problem.type is not IDENTITY_NEEDED:
            raise
    return await _show(visit, me, service, form, search, status=422)


# --- below the doors ----------------------------------------------------------------------------------------------------


async def _begin(visit: Visit, me: Actor, service: Service, unit: str, member: Member | None, form: Form) -> str:
    """The address of the draft; empty where the family member's code does not hold."""
    await visit.house[Limits].hit("application-person", me.id)
    who = member.applicant if member else await applications.applicant_of(visit.house, UUID(me.id))
    given = said_before(service, form.values)
    known = await applications.starting_form(visit.house, service, who, unit=unit, given=given)

    async def work(tx: Tx) -> str:
        agreed = await applications.agreed(tx, member, service, form.get("code")) if member else who
        if agreed is None:
            return ""  # committed, so that the failed try counts
        made = await applications.begin(tx, service, unit=unit, applicant=agreed, form=known, lang=visit.lang)
        return at(made.case_id)

    return await once(visit, me, form, work)


async def _member(visit: Visit, me: Actor, claim: applications.Claim) -> Member:
    await visit.house[Limits].hit("one-time-code-person", me.id)  # nobody tries out other people's numbers here
    return await applications.family_member(visit.house, UUID(me.id), claim)


async def _ask_member(visit: Visit, me: Actor, service: Service, member: Member, form: Form) -> Response:
    """Send the adult a code, and ask for it; one that was sent and is not typed is asked for again."""
    if form.get("sent_to") and form.get("do") != "again":
        form.errors["code"] = CODE_MISSING
        return _show_code(visit, service, form)
    keys = visit.house.keys
    await visit.house[Limits].hit("one-time-code-person", keys.blind_index("nik", member.applicant.nik))
    async with visit.house.db.begin(me) as tx:
        asked = await applications.ask_member(tx, member, service)
    return _show_code(visit, service, Form({**form.values, "sent_to": asked.sent_to if asked else "", "code": ""}))


def _show_code(visit: Visit, service: Service, form: Form) -> Response:
    return visit.show(
        "pages/applications/begin_code.html",
        status=422 if form.errors else 200,
        service=service,
        form=form,
        kept=kept_fields(said_before(service, form.values)),
        once=new_once(),
    )


def _family(form: Form) -> applications.Claim | None:
    """Whom of the family it is for, with the faults put into the form; None for oneself."""
    if form.choice("who", ("self", "family"), CHOOSE_PERSON) != "family":
        return None
    nik = Nik.parse(form.need("nik", NOT_A_NIK, longest=24))
    if nik is None:
        form.errors.setdefault("nik", NOT_A_NIK)
    born_on: date | None = form.date("born_on", BIRTH_WRONG)
    kk_no = parse_kk(form.need("kk_no", NOT_A_KK, longest=24))
    if kk_no is None:
        form.errors.setdefault("kk_no", NOT_A_KK)
    if nik is None or kk_no is None or born_on is None:
        return None
    return applications.Claim(str(nik), born_on, kk_no)


async def _is_unit(visit: Visit, code: str) -> bool:
    if not code or not code.isascii() or not code.isprintable():
        return False
    async with visit.house.db.read() as connection:
        return await reference.find_unit(connection, code) is not None


async def _show(
    visit: Visit, me: Actor, service: Service, form: Form, search: Search, *, status: int = 200
) -> Response:
    account = await account_of(visit, me.id)
    if account is None or account.nik_masked is None:
        return visit.show("pages/applications/identity.html", status=403, service=service)
    async with visit.house.db.read() as connection:
        units = await units_of(
            connection,
            visit.house,
            service,
            name=search.name,
            polda=search.polda,
            after=search.after,
            base="/permohonan/mulai",
            service_code=service.code,
        )
        chosen = await reference.find_unit(connection, search.unit) if await _is_unit(visit, search.unit) else None
    form.dates.add("born_on")
    return visit.show(
        "pages/applications/begin.html",
        status=status,
        service=service,
        account=account,
        form=form,
        kept=kept_fields(said_before(service, form.values)),
        units=units,
        chosen=chosen,
        drafts=await _drafts(visit, me, service),
        once=form.get("once") or new_once(),
    )


async def _drafts(visit: Visit, me: Actor, service: Service) -> list[ApplicationLine]:
    """Drafts for the same service that wait to be gone on with."""
    own = await applications.list_own(visit.house, UUID(me.id), limit=LOOKED_AT)
    return [each for each in own if each.service_code == service.code and each.state == "draft"]
