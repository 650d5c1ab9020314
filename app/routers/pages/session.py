"""The session of a browser: one signed cookie that says which tickets it has proved to hold. No table, no account.

The look-up proves the holder (letter or STNK numbers); for an hour afterwards the cookie opens those tickets and
nothing else.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.core.crypto import BadToken
from app.core.house import House
from app.routers.http.forms import set_cookie

COOKIE = "loket_tickets"
LASTS = timedelta(hours=1)
MAX_TICKETS = 60  # about 2,500 characters of the 4,096 that browsers keep in a cookie
_PURPOSE = "pages.tickets"


@dataclass(frozen=True)
class HeldTicket:
    """A ticket that this browser may open, and as whom: the owner, or a named driver with a letter of his own."""

    id: UUID
    role: str = "owner"


@dataclass(frozen=True)
class Session:
    """What the cookie says."""

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
    return Session(tuple(HeldTicket(_long(short), role) for short, role in claims["tickets"]))


def keep_session(response: Response, house: House, session: Session) -> None:
    """Put the session into the answer's cookie; its hour begins again."""
    claims = {"tickets": [[_short(ticket.id), ticket.role] for ticket in session.tickets]}
    token = house.signer.issue(_PURPOSE, claims, ttl=LASTS, now=house.clock.now())
    set_cookie(house, response, COOKIE, token, max_age=LASTS)


def _short(ticket_id: UUID) -> str:
    return urlsafe_b64encode(ticket_id.bytes).rstrip(b"=").decode()


def _long(text: str) -> UUID:
    return UUID(bytes=urlsafe_b64decode(text + "=="))
