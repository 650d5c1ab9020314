"""Which appointment a service wants: told by the room that knows services, through a part of the house."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Appointment:
    """What a service books: a kind of capacity, and how long one person takes."""

    kind: str
    minutes: int


class KindOf(Protocol):
    """`house[KindOf](service_code)`: the appointment that a service wants, or None where it wants none."""

    def __call__(self, service_code: str) -> Appointment | None: ...


def no_appointments(service_code: str) -> Appointment | None:  # noqa: ARG001 the shape of `KindOf`
    """No service wants an appointment; for a house without a catalogue."""
    return None
