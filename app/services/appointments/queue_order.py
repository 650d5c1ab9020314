"""The published rule of the queue: who is called when, and why. Pure: `docs/appointments.md` says the same in words.

1. Who has a time goes at that time: who booked and came on time at their slot; who is helped (elderly, disabled, pregnant,
   with a small child, struck by a disaster; UU 25/2009 art. 29) a fixed while after they came, or at their slot if that is
   earlier; who was called and absent a fixed while after that.
2. Everybody else goes in the order of arrival, in between. Who booked and came late is one of them.
3. When nobody of these is there, who waits for a time yet to come is called early.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.texts import Text

ON_TIME_WITHIN = timedelta(minutes=15)
"""Who comes so much after their slot, or less, is still on time."""
HELPED_WITHIN = timedelta(minutes=15)
"""Who is helped goes as if they had booked for this long after they came."""
BACK_AFTER = timedelta(minutes=10)
"""Who was called and absent is called again after this."""
MOST_CALLS = 3
"""Called so often in vain, somebody has not come."""


class Helped(StrEnum):
    """Why somebody is lifted (UU 25/2009 art. 29 and its explanation)."""

    ELDERLY = "elderly"
    DISABLED = "disabled"
    PREGNANT = "pregnant"
    CHILD = "child"
    DISASTER = "disaster"


class Jump(StrEnum):
    """The only reasons for calling somebody out of order; each is an event and a leaf of the log."""

    UNWELL = "unwell"
    COMES_BACK = "comes_back"
    OUR_MISTAKE = "our_mistake"
    EMERGENCY = "emergency"


HELPED_NAMES: dict[Helped, Text] = {
    Helped.ELDERLY: Text("Lanjut usia", "Elderly"),
    Helped.DISABLED: Text("Penyandang disabilitas", "Disabled"),
    Helped.PREGNANT: Text("Ibu hamil", "Pregnant"),
    Helped.CHILD: Text("Membawa anak kecil", "With a small child"),
    Helped.DISASTER: Text("Korban bencana", "Struck by a disaster"),
}
JUMP_NAMES: dict[Jump, Text] = {
    Jump.UNWELL: Text("Tiba-tiba sakit", "Suddenly unwell"),
    Jump.COMES_BACK: Text("Kembali melengkapi berkas yang kurang", "Comes back with a paper that was missing"),
    Jump.OUR_MISTAKE: Text("Terlewat karena kesalahan kami", "Was passed over by our mistake"),
    Jump.EMERGENCY: Text("Keadaan darurat", "An emergency"),
}


class Reason(StrEnum):
    """Why somebody stands where they stand."""

    BOOKED = "booked"
    HELPED = "helped"
    BACK = "back"
    LATE = "late"
    ARRIVAL = "arrival"


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody who waits, as the rule sees them: `place` counts the numbers of the day."""

    place: int
    arrived_at: datetime
    slot_at: datetime | None = None
    helped: bool = False
    due_back_at: datetime | None = None

    @property
    def reason(self) -> Reason:
        """By what they stand where they stand."""
        if self.due_back_at is not None:
            return Reason.BACK
        on_time = self.slot_at is not None and self.arrived_at <= self.slot_at + ON_TIME_WITHIN
        if self.helped and not (on_time and self.slot_at and self.slot_at <= self.arrived_at + HELPED_WITHIN):
            return Reason.HELPED
        if on_time:
            return Reason.BOOKED
        return Reason.ARRIVAL if self.slot_at is None else Reason.LATE

    @property
    def due_at(self) -> datetime | None:
        """The time that they go at; None for who goes by arrival."""
        match self.reason:
            case Reason.BACK:
                return self.due_back_at
            case Reason.BOOKED:
                return self.slot_at
            case Reason.HELPED:
                return self.arrived_at + HELPED_WITHIN
            case Reason.LATE | Reason.ARRIVAL:
                return None


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's turn: how many go before them, and when that will be at the pace that was given."""

    standing: Standing
    before: int
    expected_at: datetime


def order(waiting: Iterable[Standing], now: datetime, *, pace: timedelta = timedelta(0)) -> list[Turn]:
    """Everybody who waits, in the order in which they are called. With the pace of the day (time from one call to the
    next), those whose time comes meanwhile stand where they will be; the first is always who is called now."""
    everybody = list(waiting)
    timed = deque(sorted((each for each in everybody if each.due_at is not None), key=_by_time))
    others = deque(sorted((each for each in everybody if each.due_at is None), key=_by_arrival))
    turns: list[Turn] = []
    at = now
    while timed or others:
        due = bool(timed) and (timed[0].due_at or at) <= at
        chosen = timed.popleft() if due or not others else others.popleft()
        turns.append(Turn(chosen, len(turns), at))
        at += pace
    return turns


def may_precede(one: Standing, other: Standing) -> Reason | None:
    """The reason for which `one` may be called before `other`, who came earlier; None where there is none.

    Either `one` has a time, or `other` has one and it has not come yet.
    """
    if one.due_at is not None:
        return one.reason
    return other.reason if other.due_at is not None else None


def number_of(place: int) -> str:
    """The number on the ticket: a letter and three digits, A001 to A999, then B001. No letter looks like a digit."""
    letter, rest = divmod(place - 1, _PER_LETTER)
    return f"{_LETTERS[letter]}{rest + 1:03d}"


_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_PER_LETTER = 999
MOST_NUMBERS = len(_LETTERS) * _PER_LETTER


def _by_time(standing: Standing) -> tuple[datetime, datetime, int]:
    return standing.due_at or standing.arrived_at, standing.arrived_at, standing.place


def _by_arrival(standing: Standing) -> tuple[datetime, int]:
    return standing.arrived_at, standing.place
