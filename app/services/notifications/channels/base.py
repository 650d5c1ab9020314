"""What a channel is: something that takes a finished message and says what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from app.core.house import House
from app.core.texts import Lang
from app.services.notifications.models import Medium


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A finished message. Address and words are a person's data: never logged, hence not in its repr.

    `id` is the same at every attempt, so that a provider can tell a repetition. `address` is an E.164
    number, an e-mail address, or for the post the name and address in lines. `document` is the SHA-256 of
    the stored paper.
    """

    id: UUID
    medium: Medium
    template: str
    lang: Lang
    key_id: UUID
    unit: str
    check_code: str
    document: str | None
    address: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


class Result(StrEnum):
    """What became of an attempt."""

    SENT = "sent"  # the carrier has taken it
    DELIVERED = "delivered"  # and its arrival is proven already
    REFUSED = "refused"  # it will never go this way: a wrong address
    LATER = "later"  # not now: try again


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one attempt. `error` is a short code for operators and holds no person's data."""

    result: Result
    provider_ref: str | None = None
    error: str | None = None
    proven_at: datetime | None = None
    proof: str | None = None


class Channel(Protocol):
    """A way to carry messages. Called between transactions, perhaps twice for the same message."""

    name: str

    async def deliver(self, house: House, message: OutgoingMessage) -> Outcome:
        """Hand the message over and say what became of it. What cannot be reached is LATER and not an
        exception; a `Problem` from an upstream counts as LATER too."""
        ...


class Channels:
    """The channel for each medium, chosen by the settings; registered in the house by this type."""

    def __init__(self, by_medium: Mapping[Medium, Channel]) -> None:
        self._by_medium = dict(by_medium)

    def find(self, medium: Medium) -> Channel | None:
        """The channel that carries this medium; None where this installation has none."""
        return self._by_medium.get(medium)

    async def aclose(self) -> None:
        """Close the connections of the channels that keep some."""
        for channel in set(self._by_medium.values()):
            close = getattr(channel, "aclose", None)
            if close is not None:
                await close()
