"""Was this really sent by the police? And: anybody may check on us.

Forged notices are a known fraud (`etle`, section 3); the QR on each letter, message and receipt leads to `/periksa/{code}`.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.core.limits import Limits
from app.core.texts import Text
from app.routers.http.deps import TheAddress
from app.routers.http.guards import public
from app.routers.pages.forms import Form
from app.routers.pages.render import show_number
from app.routers.pages.visit import TheVisit
from app.routers.pages.words import name_of
from app.services import cameras, reference, transparency
from app.services.applications import issuing
from app.services.documents import short_date

router = APIRouter(include_in_schema=False, dependencies=[public()])
MAX_CODE = 64
DELETED = {
    "no_case": Text("Tidak dituduh apa pun", "Accused of nothing"),
    "passage": Text("Hanya lewat: catatan kendaraan", "Only passed by: what was noted of a vehicle"),
    "message": Text("Pesan kamera yang tidak dapat dipakai", "Messages of cameras that could not be used"),
    "unread": Text("Tidak terbaca mesin", "Not readable by the machine"),
    "rejected": Text("Bukan pelanggaran, atau dikecualikan", "No violation, or exempt"),
    "annulled": Text("Dibatalkan, atau surat tidak terkirim", "Annulled, or never sent"),
    "paid": Text("Perkara selesai", "Cases that are settled"),
    "objected": Text("Disanggah, atau pelat palsu", "Objected to, or a false plate"),
    "film": Text("Film", "Films"),
    "ticket": Text("Perkara yang dilupakan seluruhnya", "Cases forgotten as a whole"),
}
"""Classes of evidence, as `etle.expiry` names them."""


@router.get("/periksa")
async def check_form(visit: TheVisit, code: Annotated[str, Query(max_length=400)] = "") -> Response:
    """The form; with a code it leads to the code's own address, which is also the QR's."""
    typed = "".join(character for character in code if character.isalnum() and character.isascii())[:MAX_CODE]
    return visit.go(f"/periksa/{typed.upper()}") if typed else visit.show("pages/verify_form.html", form=Form())


@router.get("/periksa/{code}")
async def check(
    visit: TheVisit, address: TheAddress, code: Annotated[str, Path(max_length=MAX_CODE, pattern="^[A-Za-z0-9 .-]+$")]
) -> Response:
    """Whether we sent or issued what carries this code: kind, subject, unit, days, and nobody's name. 404 for unknown codes."""
    await visit.house[Limits].hit("verify-address", address)
    async with visit.house.db.read() as connection:
        item = await transparency.check_codes.find(connection, code)
        unit = await reference.find_unit(connection, item.unit) if item else None
        document = await issuing.checked_document(connection, item.code) if item else None
    zone = reference.zone_of(unit) if unit else reference.NATIONAL_ZONE
    today = visit.house.clock.now().astimezone(zone).date()
    return visit.show(
        "pages/verify_result.html",
        status=200 if item else 404,
        code=code.upper(),
        item=item,
        document=document,
        expired=document is not None and document.revoked_at is None and not document.good_on(today),
        valid_until=short_date(document.valid_until, visit.lang) if document and document.valid_until else "",
        unit_name=unit.name if unit else item.unit if item else "",
        zone=unit.zone if unit else "WIB",
    )


@router.get("/transparansi")
async def transparency_page(visit: TheVisit) -> Response:
    """The state of the public log in words, and where to check it."""
    async with visit.house.db.read() as connection:
        newest = await transparency.newest_checkpoint(connection)
        deleted = await cameras.deleted_by_kind(connection)
    return visit.show(
        "pages/transparency.html",
        checkpoint=newest[1] if newest else None,
        size_text=show_number(newest[0].size, visit.lang) if newest else "",
        deleted=[
            (name_of(DELETED, kind), show_number(captures, visit.lang), show_number(files, visit.lang))
            for kind, (captures, files) in deleted.items()
        ],
    )
