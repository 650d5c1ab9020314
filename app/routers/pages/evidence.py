"""What staff do with evidence from a case's page: open an original, cover parts of a picture, hold it; and an owner's request for
the original from the ticket's."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.limits import Limits
from app.core.problems import NOT_FOUND, Problem
from app.core.texts import Text
from app.routers.http.guards import StaffOnPage, staff_page
from app.routers.pages.counter import show_again
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.tickets import TicketOnPage, on_this_site
from app.routers.pages.visit import TheVisit, Visit
from app.services import etle
from app.services.etle import back_office, hand_covers, holds, openings
from app.services.etle.hand_covers import WHOLE, Area
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
Head = Annotated[Actor, staff_page(Role.SUPERVISOR)]
COVERING = "menyamarkan bagian foto / covering part of a picture"
SIDES = ("left", "top", "right", "bottom")
NOT_A_PERCENTAGE = Text("Tulis angka dari 0 sampai 100.", "Write a number from 0 to 100.")
NO_ROOM = Text(
    "Kanan harus lebih besar dari kiri, dan bawah lebih besar dari atas.",
    "Right must be more than left, and bottom more than top.",
)
WHY_MISSING = Text("Pilih mengapa foto asli perlu dibuka.", "Choose why the original has to be opened.")
FILE_MISSING = Text("Pilih berkasnya.", "Choose the file.")
NOTE_MISSING = Text(
    "Jelaskan dengan paling sedikit lima huruf, tanpa data pribadi.",
    "Explain in at least five characters, without personal data.",
)


@router.post("/counter/cases/{id}/original")
async def open_original(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """Open one original; the case's page then leads to it for ten minutes."""
    form = await visit.form()
    why = form.choice("why", tuple(openings.Why), WHY_MISSING)
    note = form.plain("note", longest=openings.LONGEST_NOTE)
    sha256 = form.get("original")
    if not sha256:
        form.errors["original"] = FILE_MISSING
    if len(note) < openings.SHORTEST_NOTE:
        form.errors.setdefault("note", NOTE_MISSING)
    if form.errors:
        return await show_again(visit, actor, id, form)
    await visit.house[Limits].hit("original-staff", actor.id)
    try:
        async with visit.house.db.begin(actor) as tx:
            await back_office.case_of_unit(tx, id)
        intact = await openings.is_intact(visit.house, id, sha256)
        async with visit.house.db.begin(actor) as tx:
            case = await back_office.case_of_unit(tx, id)
            opened = await openings.open_original(tx, case, sha256, openings.Why(why), note, intact=intact)
    except Problem as problem:
        form.take(problem, onto="why")
        return await show_again(visit, actor, id, form, status=problem.type.status)
    again = Form({"stated": form.get("stated")})
    return await show_again(visit, actor, id, again, status=200, opened=opened)


@router.get("/counter/cases/{id}/samarkan")
async def cover_page(
    id: UUID, actor: StaffOnPage, visit: TheVisit, foto: Annotated[str, Query(pattern="^[0-9a-f]{64}$")]
) -> Response:
    """One picture of the case, to cover parts of it by hand."""
    return await _show_cover(visit, actor, id, foto, Form())


@router.post("/counter/cases/{id}/samarkan")
async def cover(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """Cover one area more, or take back all that were covered by hand; then the picture as it is shown now."""
    form = await visit.form()
    sha256, taken_back = form.get("picture")[:64], form.get("act") == "take_back"
    note = form.plain("note", longest=openings.LONGEST_NOTE)
    if len(note) < openings.SHORTEST_NOTE:
        form.errors.setdefault("note", NOTE_MISSING)
    area = None if taken_back else _area(form)
    if not form.errors:
        await visit.house[Limits].hit("cover-staff", actor.id)
        try:
            async with visit.house.db.begin(actor) as tx:
                case = await back_office.case_of_unit(tx, id)
                if area is None:
                    await hand_covers.cover_by_hand(tx, case, sha256, [], note)
                else:
                    await hand_covers.cover_one_more(tx, case, sha256, area, note)
            return visit.go(f"/counter/cases/{id}/samarkan?foto={sha256}")
        except Problem as problem:
            form.take(problem, onto="left")
    return await _show_cover(visit, actor, id, sha256, form, status=422)


@router.post("/counter/cases/{id}/penahanan")
async def hold(id: UUID, actor: Head, visit: TheVisit) -> Response:
    """Hold the evidence of a case, ask for its release, or decide on what somebody else has asked."""
    form = await visit.form()
    reason = form.plain("hold_reason", longest=holds.LONGEST_REASON)
    if len(reason) < openings.SHORTEST_NOTE:
        form.errors.setdefault("hold_reason", NOTE_MISSING)
    if form.errors:
        return await show_again(visit, actor, id, form)
    try:
        async with visit.house.db.begin(actor) as tx:
            case = await back_office.case_of_unit(tx, id)
            match form.get("act"):
                case "place":
                    await holds.place_hold(tx, case, reason)
                case "ask":
                    await holds.ask_release(tx, case, reason)
                case "release" | "keep" as outcome:
                    await holds.decide_release(tx, case, holds.Outcome(outcome), reason)
                case _:
                    raise NOT_FOUND()
    except Problem as problem:
        form.take(problem, onto="hold_reason")
        return await show_again(visit, actor, id, form, status=problem.type.status)
    return await show_again(visit, actor, id, Form({"stated": form.get("stated")}), status=200)


@router.post("/tilang/{id}/foto-asli")
async def ask_for_original(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Ask that a senior officer check the original; the timeline says so at once."""
    await visit.form()
    await visit.house[Limits].hit("original-case", str(id))
    async with visit.house.db.begin(holder) as tx:
        await openings.ask_for_original(tx, id)
    return visit.go(f"/tilang/{id}#riwayat")


async def _show_cover(
    visit: Visit, actor: Actor, case_id: UUID, sha256: str, form: Form, *, status: int = 200
) -> Response:
    review = await etle.open_for_review(visit.house, actor, case_id, purpose=COVERING)
    items = on_this_site(visit, review.evidence).items
    picture = next((each for each in items if each.sha256 == sha256), None)
    if picture is None or not review.opening_reasons:
        raise NOT_FOUND()
    async with visit.house.db.begin(actor) as tx:
        areas = await hand_covers.areas_in(tx, await back_office.case_of_unit(tx, case_id), sha256)
    desk = await desk_of(visit, actor)
    return visit.show(
        "pages/counter/cover.html",
        status=status,
        staff=desk,
        form=form,
        review=review,
        picture=picture,
        covered=len(areas),
    )


def _area(form: Form) -> Area | None:
    """What stands in the four fields, in per cent with or without a decimal; the errors say which is none."""
    sides: list[int] = []
    for name in SIDES:
        try:
            share = float(form.get(name).replace(",", "."))
        except ValueError:
            share = -1.0
        if not 0 <= share <= 100:
            form.errors[name] = NOT_A_PERCENTAGE
        else:
            sides.append(round(share * WHOLE / 100))
    if form.errors:
        return None
    area = Area(*sides)
    if area.left >= area.right or area.top >= area.bottom:
        form.errors["right"] = NO_ROOM
        return None
    return area
