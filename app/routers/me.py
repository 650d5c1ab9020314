"""A signed-in citizen's own account, and binding it to a NIK by the population register."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.house import House
from app.core.limits import Limits
from app.core.problems import INVALID_REQUEST, UNAUTHENTICATED, FieldError
from app.core.texts import Text
from app.routers.http.deps import TheAddress, TheHouse, TheLang
from app.routers.http.guards import Citizen
from app.routers.http.idempotency import KEY_REQUIRED, begin_once, need_key
from app.routers.schemas.me import CodeSent, IdentityClaim, IdentityCode, Me
from app.services.identity import codes, people
from app.services.identity.people import RegisteredPerson
from app.services.identity.problems import IDENTITY_NOT_CONFIRMED
from app.services.registries import Nik, PopulationRegistry, parse_kk

router = APIRouter(tags=["account"])
NOT_A_NIK = Text("Bukan NIK: 16 angka, seperti di KTP.", "Not a NIK: 16 digits, as on the KTP.")
NOT_A_KK = Text("Bukan nomor KK: 16 angka.", "Not a family card number: 16 digits.")


@router.get("/v1/me")
async def me(actor: Citizen, house: TheHouse) -> Me:
    """The account."""
    return await _me(house, actor)


@router.post("/v1/me/identity", status_code=202, response_model=CodeSent, openapi_extra=KEY_REQUIRED)
async def claim_identity(
    body: IdentityClaim, actor: Citizen, *, house: TheHouse, lang: TheLang, address: TheAddress, request: Request
) -> JSONResponse:
    """Say who you are. If the population register agrees, a code goes to the phone registered *there*.

    The answer is the same when it does not agree, so that nobody can try out other people's numbers here. Needs an
    Idempotency-Key.
    """
    need_key(request)
    registered = await registered_person(house, actor, body, address=address)
    sent = CodeSent(expires_in=int(codes.GOOD_FOR.total_seconds()))
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        await people.begin_binding(once.tx, UUID(actor.id), registered, lang=lang)
        return await once.keep(sent.model_dump(mode="json"), 202)


@router.post("/v1/me/identity/confirm", openapi_extra=KEY_REQUIRED)
async def confirm_identity(body: IdentityCode, actor: Citizen, house: TheHouse, request: Request) -> Me:
    """Bind the account with the code. Five tries, five minutes. Needs an Idempotency-Key."""
    async with begin_once(house, actor, request, required=True) as once:
        bound = once.earlier is not None or await people.confirm_binding(once.tx, UUID(actor.id), body.code)
        if bound and once.earlier is None:
            await once.keep({"bound": True})  # the account itself is looked up anew: no name is kept in the clear
    # Only now, when the failed try is committed and counts.
    if not bound:
        raise IDENTITY_NOT_CONFIRMED()
    return await _me(house, actor)


async def registered_person(
    house: House, actor: Actor, claim: IdentityClaim, *, address: str
) -> RegisteredPerson | None:
    """Whom the population register knows by this claim; None when it does not agree. Limited by address, account and NIK.

    Raises INVALID_REQUEST for what is no NIK or family card number.
    """
    nik, kk_no = Nik.parse(claim.nik), parse_kk(claim.kk_no)
    faults = [FieldError("/nik", NOT_A_NIK)] if nik is None else []
    faults += [FieldError("/kk_no", NOT_A_KK)] if kk_no is None else []
    if nik is None or kk_no is None:
        raise INVALID_REQUEST(errors=faults)
    await house[Limits].hit("one-time-code-address", address)
    await house[Limits].hit("one-time-code-person", actor.id)
    # By the NIK too, registered or not: many accounts together must not ring one person's telephone.
    await house[Limits].hit("one-time-code-person", house.keys.blind_index("nik", str(nik)))
    record = await house[PopulationRegistry].check(str(nik), claim.born_on, kk_no)
    return RegisteredPerson(record.nik, record.name, record.phone) if record else None


async def _me(house: House, actor: Actor) -> Me:
    async with house.db.read() as connection:
        view = await people.find_person(connection, house.keys, UUID(actor.id))
    if view is None:
        raise UNAUTHENTICATED()
    return Me.of(view)
