"""The session of a browser: one signed cookie that says which tickets it has proved to hold. No table, no account.

The look-up proves the holder (letter or STNK numbers); for an hour afterwards the cookie opens those tickets and
nothing else. It also carries a random id that ties form tokens to this browser.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.core.crypto import BadToken
from app.core.house import House

COOKIE = "loket_sesi"
LASTS = timedelta(hours=1)
MAX_TICKETS = 100  # 2,200 characters of the 4,096 that browsers keep; one vehicle had 61 cases (etle, section 6)
_PURPOSE = "pages.session"


@dataclass(frozen=True)
class HeldTicket:
    """A ticket that this browser may open, and as whom: the owner, or a named driver with a letter of his own."""

    id: UUID
    role: str = "owner"


@dataclass(frozen=True)
class Session:
    """What the cookie says; `id` is empty for a browser that has no cookie yet."""

    id: str = ""
    tickets: tuple[HeldTicket, ...] = ()

    def holding(self, found: tuple[HeldTicket, ...]) -> "Session":
        """The session with these tickets in front, the oldest dropped beyond the limit."""
        ids = {ticket.id for ticket in found}
        rest = tuple(ticket for ticket in self.tickets if ticket.id not in ids)
        return replace(self, tickets=(*found, *rest)[:MAX_TICKETS])

    def find(self, ticket_id: UUID) -> HeldTicket | None:
        """The ticket, if this browser has proved to hold it."""
        return next((ticket for ticket in self.tickets if ticket.id == ticket_id), None)


def read_session(request: Request, house: House) -> Session:
    """The session in the cookie; an empty one when there is none, it is not ours, or its hour is over."""
    try:
        claims = house.signer.verify(_PURPOSE, request.cookies.get(COOKIE, ""), house.clock.now())
    except BadToken:
        return Session()
    tickets = tuple(HeldTicket(_short_id(short), role) for short, role in claims.get("t", []))
    return Session(str(claims["sid"]), tickets)


def fresh_session(session: Session) -> Session:
    """The same session with an id, made now if it has none."""
    return session if session.id else replace(session, id=secrets.token_urlsafe(12))


def keep_session(response: Response, request: Request, house: House, session: Session) -> None:
    """Put the session into the answer's cookie; its hour begins again."""
    now = house.clock.now()
    claims = {"sid": session.id, "t": [[_shorten(ticket.id), ticket.role] for ticket in session.tickets]}
    token = house.signer.issue(_PURPOSE, claims, ttl=LASTS, now=now)
    set_cookie(response, request, house, COOKIE, token, lasts=LASTS)


def set_cookie(
    response: Response, request: Request, house: House, name: str, value: str, *, lasts: timedelta, path: str = "/"
) -> None:
    """A cookie that scripts cannot read and other sites do not send; Secure wherever the site is served by https."""
    secure = request.url.scheme == "https" or house.settings.public_url.startswith("https://")
    response.set_cookie(
        name, value, max_age=int(lasts.total_seconds()), path=path, secure=secure, httponly=True, samesite="lax"
    )


def form_token(house: House, session: Session, now: datetime) -> str:
    """The token in every form: proves that the form was drawn by us, for this browser, not long ago."""
    return house.signer.issue("pages.form", {"sid": session.id}, ttl=timedelta(hours=4), now=now)


def form_token_is_good(house: House, session: Session, token: str, now: datetime) -> bool:
    """Whether a form's token belongs to this browser's session."""
    try:
        claims = house.signer.verify("pages.form", token, now)
    except BadToken:
        return False
    return bool(session.id) and claims.get("sid") == session.id


def came_from_here(request: Request) -> bool:
    """Whether the browser says that one of our own pages sent this form (Fetch Metadata, else `Origin`).

    A browser that sends neither is old; the form token alone then decides.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{request.url.netloc}"


def _shorten(ticket_id: UUID) -> str:
    return urlsafe_b64encode(ticket_id.bytes).rstrip(b"=").decode()


def _short_id(text: str) -> UUID:
    return UUID(bytes=urlsafe_b64decode(text + "=="))
