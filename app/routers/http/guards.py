"""Who may use which door. Every route declares one of these guards; a house test fails on a route without one."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.responses import RedirectResponse, Response
from fastapi.security import APIKeyHeader, HTTPBearer, OpenIdConnect
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actor import PUBLIC, SYSTEM, Actor, ActorKind
from app.core.crypto import BadToken
from app.core.house import House
from app.core.limits import Limits
from app.core.problems import FORBIDDEN, NOT_FOUND, UNAUTHENTICATED, Problem
from app.routers.http import digest
from app.routers.http.deps import TheHouse
from app.routers.http.forms import SAFE_METHODS, check_same_site, local_path
from app.services.identity import access, credentials, sessions
from app.services.identity.camera_digests import check_digest
from app.services.identity.credentials import CameraCheck, KeyPlace
from app.services.identity.roles import APPLICATIONS, COUNTER, ME, Role
from app.services.identity.tokens import BadAccessToken, TokenVerifier

F = TypeVar("F", bound=Callable[..., Any])
SESSION_COOKIE = "loket_session"
TICKET_COOKIE = "loket_ticket"
TICKET_TTL = timedelta(minutes=30)

# What the OpenAPI document says of each door. They only describe: the guards read the request themselves.
_SIGN_IN = OpenIdConnect(
    openIdConnectUrl="/.well-known/openid-configuration",
    scheme_name="sign_in",
    description="Access token of a signed-in citizen or member of staff (OAuth 2.1, PKCE).",
    auto_error=False,
)
_TICKET = HTTPBearer(
    scheme_name="ticket_token",
    description="`access_token` of POST /v1/tickets/lookup; opens that one ticket for half an hour.",
    auto_error=False,
)
_DEVICE = APIKeyHeader(
    name="X-Api-Key",
    scheme_name="device_key",
    description="Key of a camera (`loket client add camera`).",
    auto_error=False,
)
SignInScheme = Annotated[object, Security(_SIGN_IN)]
TicketScheme = Annotated[object, Security(_TICKET)]
DeviceScheme = Annotated[object, Security(_DEVICE)]


def guard(function: F) -> F:
    """Mark a dependency as a decision about who may come in."""
    function.is_guard = True  # type: ignore[attr-defined]
    return function


@guard
async def _anyone() -> Actor:
    return PUBLIC


_anyone.is_open = True  # type: ignore[attr-defined]  # a guard is marked as well; see `app.routers.http.hot`


def public() -> Any:
    """Declares an open door: ``@router.get(..., dependencies=[public()])``."""
    return Depends(_anyone)


class SignInFirst(Exception):
    """A page that needs a sign-in was asked for without one: the browser is sent to `location`."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


async def sign_in_first(_request: Request, error: Exception) -> Response:
    """The exception handler for `SignInFirst`."""
    location = error.location if isinstance(error, SignInFirst) else "/"
    return RedirectResponse(location, 303, headers={"Cache-Control": "no-store"})


@guard
async def camera_device(request: Request, house: TheHouse, _scheme: DeviceScheme) -> Actor:
    """A camera by its key (`camera_key`) or by HTTP digest. Raises UNAUTHENTICATED, TOO_MANY_REQUESTS."""
    async with house.db.read() as connection:
        check = await check_device(connection, house, request)
    if check is None:
        raise camera_unknown(house)
    actor = check.actor
    await house[Limits].hit("camera-device", actor.id)
    if check.use_unnoted:
        async with house.db.begin(SYSTEM) as tx:
            await credentials.mark_used(tx, UUID(actor.id))
    return actor


def citizen(scope: str) -> Any:
    """Declares a door for a signed-in citizen: by an access token of this scope, or the session cookie of the pages.

    Raises UNAUTHENTICATED, FORBIDDEN.
    """

    @guard
    async def signed_in_citizen(request: Request, house: TheHouse, _scheme: SignInScheme) -> Actor:
        actor = _only(ActorKind.CITIZEN, await signed_in(request, house))
        if scope not in actor.scopes:
            raise FORBIDDEN()
        return actor

    return Depends(signed_in_citizen)


@guard
async def ticket_holder(request: Request, house: TheHouse, _scheme: TicketScheme) -> Actor:
    """Whoever proved the ticket to be theirs at the look-up, for that one case: owner, or named driver.

    Takes the look-up's `access_token` as bearer, or from the cookie that the pages keep it in. Another case's path is
    NOT_FOUND, whether it exists or not. Raises UNAUTHENTICATED.
    """
    token = _authorization(request, "bearer")
    if token is None:
        check_same_site(house, request)
        token = request.cookies.get(TICKET_COOKIE, "")
    actor = ticket_actor(house, token)
    if actor is None:
        raise UNAUTHENTICATED()
    wanted = request.path_params.get("id")
    if wanted is not None and str(wanted).lower() != str(actor.case_id):
        raise NOT_FOUND()
    return actor


def staff(*roles: Role, scope: str | None = COUNTER) -> Any:
    """Declares a door for staff with any of these roles (all staff when none is named), by token or counter session.

    ``Annotated[Actor, staff(Role.OFFICER, Role.SENIOR_OFFICER)]``. Raises UNAUTHENTICATED, FORBIDDEN.
    """

    @guard
    async def staff_member(request: Request, house: TheHouse, _scheme: SignInScheme) -> Actor:
        actor = _only(ActorKind.STAFF, await signed_in(request, house))
        if (roles and actor.roles.isdisjoint(roles)) or (scope is not None and scope not in actor.scopes):
            raise FORBIDDEN()
        return actor

    return Depends(staff_member)


def staff_page(*roles: Role) -> Any:
    """`staff` for pages: who is not signed in is sent to the sign-in page and comes back."""

    @guard
    async def staff_on_page(request: Request, house: TheHouse) -> Actor:
        actor = await _from_session(request, house)
        if actor is None:
            raise SignInFirst(f"/masuk/petugas?{urlencode({'next': _here(request)})}")
        actor = _only(ActorKind.STAFF, actor)
        if roles and actor.roles.isdisjoint(roles):
            raise FORBIDDEN()
        return actor

    return Depends(staff_on_page)


@guard
async def citizen_on_page(request: Request, house: TheHouse) -> Actor:
    """`citizen` for pages: who is not signed in is sent to the sign-in page and comes back."""
    actor = await _from_session(request, house)
    if actor is None or actor.kind is not ActorKind.CITIZEN:
        raise SignInFirst(f"/masuk?{urlencode({'next': _here(request)})}")
    return actor


CameraDevice = Annotated[Actor, Depends(camera_device)]
Citizen = Annotated[Actor, citizen(ME)]
Applicant = Annotated[Actor, citizen(APPLICATIONS)]
CitizenOnPage = Annotated[Actor, Depends(citizen_on_page)]
TicketHolder = Annotated[Actor, Depends(ticket_holder)]
Staff = Annotated[Actor, staff()]
StaffOnPage = Annotated[Actor, staff_page()]


async def signed_in(request: Request, house: House) -> Actor:
    """Whoever is signed in, by bearer token or session cookie. Raises UNAUTHENTICATED, and CROSS_SITE for a borrowed cookie."""
    token = _authorization(request, "bearer")
    actor = await _from_session(request, house) if token is None else await _from_token(house, token)
    if actor is None:
        raise UNAUTHENTICATED()
    return actor


def bearer_of(request: Request) -> str | None:
    """The bearer token that came with a request."""
    return _authorization(request, "bearer")


def issue_ticket_token(house: House, case_id: UUID, role: str, party_id: UUID | None = None) -> str:
    """The `access_token` of a look-up: opens this one case, as ``owner`` or ``driver``, for half an hour.

    `party_id` is the person of the case whose letter or STNK it was; it becomes the actor's id.
    """
    claims = {"case": case_id, "role": role, "party": party_id or case_id}
    return house.signer.issue("ticket", claims, ttl=TICKET_TTL, now=house.clock.now())


def ticket_actor(house: House, token: str) -> Actor | None:
    """Whom a ticket token speaks for; None when it is not ours or past its time."""
    try:
        claims = house.signer.verify("ticket", token[:2000], house.clock.now())
        case_id, role, party = UUID(claims["case"]), str(claims["role"]), str(claims["party"])
    except (BadToken, ValueError, KeyError):
        return None
    return Actor(ActorKind.CITIZEN, party, roles=frozenset({role}), case_id=case_id)


def camera_key(request: Request) -> tuple[str, KeyPlace]:
    """The key that a camera sent, and where: below ``/k/{key}/`` in the path, which takes a key of its own kind; else in
    ``X-Api-Key``, in ``Authorization: Token KEY`` as clients of Plate Recognizer send it, or as the password of HTTP basic
    as cameras do. Empty where it sent none."""
    in_path = request.path_params.get("key")
    if in_path is not None:
        return str(in_path), KeyPlace.PATH
    key = request.headers.get("x-api-key") or _authorization(request, "token") or _password(request)
    return key, KeyPlace.HEADER


async def check_device(connection: AsyncConnection, house: House, request: Request) -> CameraCheck | None:
    """The camera that sends this request, by HTTP digest or by its key; None for one that is not known."""
    claim, now = digest.claim_of(request, house), house.clock.now()
    if claim is not None:
        return await check_digest(connection, house.keys, claim, now=now)
    key, place = camera_key(request)
    return await credentials.check_camera(connection, key, now=now, place=place)


def camera_unknown(house: House) -> Problem:
    """The refusal of a camera without a right key, with the ways in which it could have sent one."""
    ways = f'{digest.challenge(house)}, ApiKey realm="loket", Basic realm="loket"'
    return UNAUTHENTICATED(headers={"WWW-Authenticate": ways})


async def _from_token(house: House, token: str) -> Actor | None:
    verifier, now = house[TokenVerifier], house.clock.now()
    try:
        claims = await verifier.verify(token, now)
    except BadAccessToken:
        return None
    async with house.db.read() as connection:
        found = await access.actor_of_claims(connection, claims, own_issuer=house.settings.public_url)
    if isinstance(found, access.Stranger):
        async with house.db.begin(SYSTEM) as tx:
            await access.welcome(tx, found)
            again = await access.actor_of_claims(tx.session, claims, own_issuer=house.settings.public_url)
        found = None if isinstance(again, access.Stranger) else again
    return found


async def _from_session(request: Request, house: House) -> Actor | None:
    token = request.cookies.get(SESSION_COOKIE, "")
    if not token:
        return None
    check_same_site(house, request)
    async with house.db.read() as connection:
        session = await sessions.find_session(connection, token, house.clock.now())
        actor = None if session is None else await access.actor_of_session(connection, session)
    if session is not None and session.seen_stale:
        async with house.db.begin(SYSTEM) as tx:
            await sessions.touch(tx, session.session_id)
    return actor


def _only(kind: ActorKind, actor: Actor) -> Actor:
    if actor.kind is not kind:
        raise FORBIDDEN()
    return actor


def _authorization(request: Request, scheme: str) -> str | None:
    given, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if given.lower() == scheme else None


def _password(request: Request) -> str:
    try:
        return b64decode(_authorization(request, "basic") or "", validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _here(request: Request) -> str:
    if request.method not in SAFE_METHODS:
        return local_path(urlsplit(request.headers.get("referer", "")).path)
    return local_path(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
