"""What changes about appointments becomes a leaf of the public log: nobody gets a place out of turn unseen."""

from collections.abc import Iterable
from datetime import date

from app.core.db import JsonValue, Tx
from app.services import transparency
from app.services.appointments.grid import Window
from app.services.appointments.models import AppointmentBooking, AppointmentWait, SlotAsk
from app.services.cases.events import iso


async def note_booking(tx: Tx, booking: AppointmentBooking, change: str) -> None:
    """A booking was held, offered, drawn, confirmed, moved, released, expired, attended or missed. Names the case by id."""
    await _note(
        tx,
        "appointment",
        change,
        {
            "booking": str(booking.id),
            "case": str(booking.case_id),
            "unit": booking.unit,
            "appointment_kind": booking.kind,
            "starts_at": iso(booking.starts_at),
            "place": booking.place,
            "why": booking.why,
        },
    )


async def note_wait(tx: Tx, wait: AppointmentWait, change: str) -> None:
    """Somebody began to wait for a place, or stopped."""
    await _note(
        tx,
        "appointment_wait",
        change,
        {
            "wait": str(wait.id),
            "case": str(wait.case_id),
            "unit": wait.unit,
            "appointment_kind": wait.kind,
            "first_on": wait.first_on.isoformat(),
            "last_on": wait.last_on.isoformat(),
        },
    )


async def note_ask(tx: Tx, ask: SlotAsk) -> None:
    """Somebody asked for a drawn day: so that no ask is lost unseen before the pool is written."""
    about: dict[str, JsonValue] = {"ask": str(ask.id), "draw": str(ask.draw_id), "case": str(ask.case_id)}
    await _note(tx, "slot_ask", "asked", {**about, "wishes": list(ask.wishes)})


async def note_windows(tx: Tx, unit: str, kind: str, *, before: Iterable[Window], after: Iterable[Window]) -> None:
    """The hours of a unit were changed: how they were and how they are."""
    body: dict[str, JsonValue] = {
        "unit": unit,
        "appointment_kind": kind,
        "before": [_window(each) for each in before],
        "after": [_window(each) for each in after],
    }
    await _note(tx, "appointment_windows", "set", body)


async def note_closure(tx: Tx, unit: str, day: date, change: str, why: str) -> None:
    """A unit closed a day, or opened it again."""
    await _note(tx, "appointment_closure", change, {"unit": unit, "day": day.isoformat(), "why": why})


async def _note(tx: Tx, kind: str, change: str, about: dict[str, JsonValue]) -> None:
    actor: dict[str, JsonValue] = {"kind": str(tx.actor.kind), "id": tx.actor.id, "unit": tx.actor.unit}
    await transparency.append(tx, kind, {"change": change, "actor": actor, "at": iso(tx.now), **about})


def _window(window: Window) -> dict[str, JsonValue]:
    return {
        "weekday": window.weekday,
        "opens": window.opens,
        "closes": window.closes,
        "minutes": window.minutes,
        "rooms": window.rooms,
        "staff": window.staff,
        "opens_days_before": window.opens_days_before,
        "valid_from": window.valid_from.isoformat(),
        "valid_until": window.valid_until.isoformat() if window.valid_until else None,
        "drawn": window.drawn,
    }
