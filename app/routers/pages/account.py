"""A citizen's own account, and binding it to a NIK: the register must agree, and a code comes back from the phone known there.

Typing a NIK binds nothing (`identity.people`). The answer to a claim is the same whether the register agrees or not.
"""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.responses import Response

from app.core.problems import UPSTREAM_UNAVAILABLE, Problem
from app.core.texts import Text
from app.routers.http.deps import TheAddress
from app.routers.http.forms import local_path
from app.routers.http.guards import CitizenOnPage
from app.routers.me import NOT_A_KK, NOT_A_NIK, registered_person
from app.routers.pages.forms import Form
from app.routers.pages.visit import TheVisit, Visit
from app.routers.schemas.me import IdentityClaim
from app.services.identity import people
from app.services.identity.people import PersonView
from app.services.identity.problems import IDENTITY_NOT_CONFIRMED

router = APIRouter(include_in_schema=False)

Next = Annotated[str, Query(max_length=400)]
AFTER = "/permohonan"
BIRTH_WRONG = Text(
    "Isi tanggal lahir dengan angka, misalnya 12 11 1987.", "Give the day of birth in digits, for example 12 11 1987."
)
CODE_MISSING = Text("Ketik kode enam angka.", "Type the six-digit code.")


@router.get("/akun")
async def account_page(me: CitizenOnPage, visit: TheVisit) -> Response:
    """Who is signed in, and whether the NIK is confirmed."""
    return visit.show("pages/account/account.html", account=await account_of(visit, me.id))


@router.get("/akun/nik")
async def ask_identity(me: CitizenOnPage, visit: TheVisit, next: Next = AFTER) -> Response:
    """Who are you, as on KTP and family card?"""
    account = await account_of(visit, me.id)
    return visit.show("pages/account/nik.html", form=Form(), next=local_path(next, AFTER), account=account)


@router.post("/akun/nik")
async def claim_identity(me: CitizenOnPage, visit: TheVisit, address: TheAddress) -> Response:
    """Send a code to the phone that the register has, if it agrees; the same page follows if it does not."""
    form = await visit.form()
    next = local_path(form.get("next"), AFTER)
    claim = _claim(form)
    if claim is not None:
        try:
            registered = await registered_person(visit.house, me, claim, address=address)
            async with visit.house.db.begin(me) as tx:
                await people.begin_binding(tx, UUID(me.id), registered, lang=visit.lang)
            return visit.go(f"/akun/nik/kode?{urlencode({'next': next})}")
        except Problem as problem:
            if problem.type.status not in (422, UPSTREAM_UNAVAILABLE.status):
                raise
            form.take(problem, onto="nik")
    account = await account_of(visit, me.id)
    return visit.show("pages/account/nik.html", status=422, form=form, next=next, account=account)


@router.get("/akun/nik/kode")
async def ask_code(me: CitizenOnPage, visit: TheVisit, next: Next = AFTER) -> Response:
    """Type the code that the registered phone got."""
    return visit.show("pages/account/code.html", form=Form(), next=local_path(next, AFTER))


@router.post("/akun/nik/kode")
async def confirm_identity(me: CitizenOnPage, visit: TheVisit) -> Response:
    """Bind the account; five tries, five minutes."""
    form = await visit.form()
    next = local_path(form.get("next"), AFTER)
    code = form.need("code", CODE_MISSING, longest=12)
    if not form.errors:
        async with visit.house.db.begin(me) as tx:
            bound = await people.confirm_binding(tx, UUID(me.id), code)
        # Only now, when a failed try is committed and counts.
        if bound:
            return visit.go(next)
        form.take(IDENTITY_NOT_CONFIRMED(), onto="code")
    return visit.show("pages/account/code.html", status=422, form=form, next=next)


async def account_of(visit: Visit, person_id: str) -> PersonView | None:
    """The account for its holder's own eyes."""
    async with visit.house.db.read() as connection:
        return await people.find_person(connection, visit.house.keys, UUID(person_id))


def _claim(form: Form) -> IdentityClaim | None:
    """The claim as the JSON door takes it; None with the faults put into the form."""
    nik, born_on = form.need("nik", NOT_A_NIK, longest=24), form.date("born_on", BIRTH_WRONG)
    kk_no = form.need("kk_no", NOT_A_KK, longest=24)
    if form.errors:
        return None
    try:
        return IdentityClaim.model_validate({"nik": nik, "born_on": born_on, "kk_no": kk_no})
    except ValidationError as invalid:
        for fault in invalid.errors():
            name = str(fault["loc"][0])
            form.errors.setdefault(name, NOT_A_KK if name == "kk_no" else NOT_A_NIK)
        return None
