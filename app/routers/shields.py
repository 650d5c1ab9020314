"""The cloned-plate shield: owners register their vehicle once, officers compare before a letter goes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.db import Tx
from app.core.limits import Limits
from app.routers.http.deps import TheHouse
from app.routers.http.guards import Citizen, staff
from app.routers.http.idempotency import KEY_OPTIONAL, answer_once, do_once, earlier_answer
from app.routers.schemas.shields import Shield, ShieldOfCase, Shields, Sighting
from app.services.etle import back_office, shield
from app.services.identity.roles import Role

router = APIRouter()
MIB = 2**20
Reviewer = Annotated[Actor, staff(Role.OFFICER, Role.SENIOR_OFFICER, Role.INVESTIGATOR)]
Plain = r"^[^\x00-\x1f\x7f]+$"
Photo = Annotated[UploadFile, File(description="A JPEG, PNG or WebP of the vehicle.")]


@router.get("/v1/me/plate-shields", tags=["account"])
async def list_shields(actor: Citizen, house: TheHouse) -> Shields:
    """The vehicles that you have registered."""
    return Shields(shields=[Shield.of(each) for each in await shield.shields_of(house, actor)])


@router.post(
    "/v1/me/plate-shields",
    status_code=201,
    response_model=Shield,
    max_body_size=2 * shield.MOST_PHOTO_BYTES + MIB,
    form_limits={"max_fields": 5, "max_files": 2, "max_part_size": MIB},
    tags=["account"],
    openapi_extra=KEY_OPTIONAL,
)
async def register_shield(
    request: Request,
    actor: Citizen,
    house: TheHouse,
    *,
    plate: Annotated[str, Form(min_length=2, max_length=16, pattern=Plain)],
    colour: Annotated[str, Form(min_length=3, max_length=40, pattern=Plain)],
    marks: Annotated[str, Form(min_length=3, max_length=shield.LONGEST_MARKS, description="Dents, stickers, racks.")],
    front: Photo,
    rear: Photo,
) -> JSONResponse:
    """Register what your vehicle looks like; from now on each hit on its plate is compared before a letter goes to you.

    Your account must be bound to the NIK of the vehicle's registered owner. An earlier registration is replaced."""
    await house[Limits].hit("shield-person", actor.id)
    photos = await front.read(), await rear.read()
    sent = b"\0".join((plate.encode(), colour.encode(), marks.encode(), *photos))
    if (earlier := await earlier_answer(house, actor, request, sent=sent)) is not None:
        return earlier
    new = await shield.check(house, actor, shield.NewShield(plate, colour, marks, photos))

    async def keep(tx: Tx) -> Shield:
        return Shield.of(await shield.register(tx, new))

    return await answer_once(house, actor, request, keep, status=201, sent=sent)


@router.delete(
    "/v1/me/plate-shields/{id}",
    status_code=204,
    response_class=Response,
    tags=["account"],
    openapi_extra=KEY_OPTIONAL,
)
async def withdraw_shield(id: UUID, request: Request, actor: Citizen, house: TheHouse) -> Response:
    """Take it back; the photographs are deleted."""
    return await do_once(house, actor, request, lambda tx: shield.withdraw(tx, id))


@router.get("/v1/counter/cases/{id}/shield", tags=["counter"])
async def show_shield(id: UUID, actor: Reviewer, house: TheHouse) -> ShieldOfCase:
    """What the owner says of the vehicle, to compare with the camera's picture; and the file of a forger that it is in.

    The look is recorded, and the citizen reads it; so is each at a photograph."""
    async with house.db.begin(actor) as tx:
        await back_office.see_shield(tx, id)
        found = await shield.shield_of_case(tx, id)
        file = await shield.forgers_file(tx, id)
    base = f"{house.settings.public_url}/v1/counter/cases/{id}/shield/"
    return ShieldOfCase(
        shield=Shield.of(found) if found else None,
        photos=[base + which for which in shield.PHOTOS] if found else [],
        forgers_file=[Sighting.of(each) for each in file],
    )


@router.get("/v1/counter/cases/{id}/shield/{which}", tags=["counter"], response_class=Response)
async def show_photo(id: UUID, which: str, actor: Reviewer, house: TheHouse) -> Response:
    """One of the owner's two photographs: `first` or `second`."""
    async with house.db.begin(actor) as tx:
        await back_office.see_shield(tx, id)
        place = await shield.photo_of_case(tx, id, which)
    photo = await shield.open_photo(house, place, which)
    return Response(photo, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})
