"""Was this letter, message, receipt or document really sent by us? Anybody may ask; nothing private is
answered.

Forged notices are a known fraud. The same question has a page at ``/periksa/{code}``, where the QR codes
lead.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.core.limits import Limits
from app.routers.http.deps import TheAddress, TheHouse, TheLang
from app.routers.http.guards import public
from app.routers.schemas.verify import Verification
from app.services import reference
from app.services.applications import issuing
from app.services.transparency import check_codes

router = APIRouter(prefix="/v1", tags=["public"])
MAX_TYPED = 200


@router.get("/verify/{token}", dependencies=[public()])
async def verify(
    token: Annotated[str, Path(max_length=MAX_TYPED, description="The check code, however it was typed.")],
    response: Response,
    house: TheHouse,
    lang: TheLang,
    address: TheAddress,
) -> Verification:
    """Whether we sent or issued what carries this code: kind, unit, day, subject, until when it holds, since when it does
    not, and nobody's name.

    An unknown code is an answer like any other (200, ``genuine: false``). Limited by address.
    """
    await house[Limits].hit("verify-address", address)
    async with house.db.read() as connection:
        item = await check_codes.find(connection, token)
        unit = await reference.find_unit(connection, item.unit) if item else None
        document = await issuing.checked_document(connection, item.code) if item else None
    response.headers["Cache-Control"] = "no-store"
    zone = reference.zone_of(unit) if unit else reference.NATIONAL_ZONE
    return Verification.of(item, document, unit, lang, on=house.clock.now().astimezone(zone).date())
