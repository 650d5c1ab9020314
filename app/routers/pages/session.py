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

from app.core.actor import Actor, ActorKind
from app.core.crypto import BadToken
from app.core.house import House
from app.routers.http.forms import set_cookie

COOKIE = "loket_tickets"
LASTS = timedelta(hours=1)
MAX_TICKETS = 60  # 3,600 characters of the 4,096 that browsers keep in a cookie; one vehicle had 61 cases
ROLES = ("owner", "driver", "former_owner")
_PURPOSE = "pages.tickets"
_BYTES_EACH = 33


@dataclass(frozen=True)
class HeldTicket:
    """A ticket that this browser may open, and as which person of the case: by STNK, or by that person's letter."""

    id: UUID
    party_id: UUID
    role: str

    def actor(self) -> Actor:
        """Whom the engine sees: the same as the look-up's access token speaks for."""
        return Actor(ActorKind.CITIZEN, str(self.party_id), roles=frozenset({self.role}), case_id=self.id)


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
    packed = urlsafe_b64decode(claims["tickets"])
    return Session(tuple(_unpack(packed[at : at + _BYTES_EACH]) for at in range(0, len(packed), _BYTES_EACH)))


def keep_session(response: Response, house: House, session: Session) -> None:
    """Put the session into the answer's cookie; its hour begins again."""
    packed = urlsafe_b64encode(b"".join(_pack(ticket) for ticket in session.tickets)).decode()
    token = house.signer.issue(_PURPOSE, {"tickets": packed}, ttl=LASTS, now=house.clock.now())
    set_cookie(house, response, COOKIE, token, max_age=LASTS)


def _pack(ticket: HeldTicket) -> bytes:
    return ticket.id.bytes + ticket.party_id.bytes + bytes([ROLES.index(ticket.role)])


def _unpack(packed: bytes) -> HeldTicket:
    return HeldTicket(UUID(bytes=packed[:16]), UUID(bytes=packed[16:32]), ROLES[packed[32]])
