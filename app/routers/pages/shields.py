"""A citizen's page of the cloned-plate shield: what is registered, and the form that registers a vehicle."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.core.actor import Actor
from app.core.limits import Limits
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import CitizenOnPage
from app.routers.pages.forms import MAX_UPLOAD_BYTES, Form
from app.routers.pages.visit import TheVisit, Visit
from app.services.etle import shield

router = APIRouter(include_in_schema=False)
PAGE = "/saya/perisai"
MOST_BODY = 2 * MAX_UPLOAD_BYTES + 2**20
PLATE_MISSING = Text("Tulis pelat nomornya.", "Write the plate.")
COLOUR_MISSING = Text("Tulis warna kendaraannya.", "Write the colour of the vehicle.")
MARKS_MISSING = Text("Tulis ciri-cirinya.", "Write its marks.")
PHOTO_MISSING = {
    "front": Text("Pilih foto dari depan.", "Choose the photograph from the front."),
    "rear": Text("Pilih foto dari belakang.", "Choose the photograph from behind."),
}


@router.get(PAGE)
async def shields_page(me: CitizenOnPage, visit: TheVisit) -> Response:
    """What is registered, and the form."""
    return await _show(visit, me, Form())


@router.post(PAGE, max_body_size=MOST_BODY)
async def register_shield(me: CitizenOnPage, visit: TheVisit) -> Response:
    """Register a vehicle."""
    await visit.house[Limits].hit("shield-person", me.id)
    form = await visit.form()
    plate = form.need("plate", PLATE_MISSING, longest=16)
    colour = form.need("colour", COLOUR_MISSING, longest=40)
    marks = form.need("marks", MARKS_MISSING, longest=shield.LONGEST_MARKS)
    front, rear = form.files.get("front"), form.files.get("rear")
    for name, file in (("front", front), ("rear", rear)):
        if file is None:
            form.errors.setdefault(name, PHOTO_MISSING[name])
    if form.errors or front is None or rear is None:
        return await _show(visit, me, form, status=422)
    try:
        new = await shield.check(visit.house, me, shield.NewShield(plate, colour, marks, (front.data, rear.data)))
        async with visit.house.db.begin(me) as tx:
            await shield.register(tx, new)
    except Problem as problem:
        form.take(problem, onto="plate" if problem.type.code.startswith("etle-") else "front")
        return await _show(visit, me, form, status=422)
    return visit.go(PAGE)


@router.post(PAGE + "/{id}")
async def withdraw_shield(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Take one back."""
    await visit.form()
    async with visit.house.db.begin(me) as tx:
        await shield.withdraw(tx, id)
    return visit.go(PAGE)


async def _show(visit: Visit, me: Actor, form: Form, *, status: int = 200) -> Response:
    found = await shield.shields_of(visit.house, me)
    return visit.show("pages/shields.html", status=status, form=form, shields=found)
