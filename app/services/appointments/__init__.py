"""Appointments: slots of units, who holds them, the queue at the counter, and its public order.

Works on cases and knows nothing of applications: who books one tells the case's id, and is told by jobs whose names
stand here (`SLOT_OFFERED`, `NOTHING_DRAWN`, `SLOT_MISFITS`, `ATTENDED`, `MISSED`, `QUEUE_NEAR`).
"""

from app.services.appointments.agenda import takers
from app.services.appointments.board import Board, Line, board_of, line_of
from app.services.appointments.bookings import BookingView, booking_of, confirm, hold, move, release, settle
from app.services.appointments.checkin import SENT_WITHIN, Outcome, Scan, ScanResult, check_in_token, take_scans
from app.services.appointments.days import Day, nearest, slots
from app.services.appointments.grid import DayState, Slot, Window
from app.services.appointments.kinds import Appointment, KindOf, no_appointments
from app.services.appointments.pace import Pace, Waited, waiting_times
from app.services.appointments.queue import (
    ATTENDED,
    MISSED,
    QUEUE_NEAR,
    EntryView,
    Step,
    call_next,
    help_person,
    take_step,
    take_ticket,
)
from app.services.appointments.queue_order import HELPED_NAMES, JUMP_NAMES, Helped, Jump, Reason
from app.services.appointments.retention import forget_numbers, units_with_numbers
from app.services.appointments.slot_draw import AskView, ask, ask_of, asks_for, withdraw_ask
from app.services.appointments.slot_draw_proof import (
    SlotDrawLine,
    SlotDrawVerdict,
    list_slot_draws,
    slot_draw_document,
    verify_slot_draw,
)
from app.services.appointments.waiting import (
    NOTHING_DRAWN,
    SLOT_OFFERED,
    WaitView,
    stop_waiting,
    wait,
    wait_of,
)
from app.services.appointments.windows import (
    SLOT_MISFITS,
    Closure,
    Conflict,
    close_day,
    closures_of,
    conflict_of,
    conflicts_of,
    misfits_of,
    reopen_day,
    set_windows,
    version_of,
    windows_of,
)

__all__ = [
    "ATTENDED",
    "HELPED_NAMES",
    "JUMP_NAMES",
    "MISSED",
    "NOTHING_DRAWN",
    "QUEUE_NEAR",
    "SENT_WITHIN",
    "SLOT_MISFITS",
    "SLOT_OFFERED",
    "Appointment",
    "AskView",
    "Board",
    "BookingView",
    "Closure",
    "Conflict",
    "Day",
    "DayState",
    "EntryView",
    "Helped",
    "Jump",
    "KindOf",
    "Line",
    "Outcome",
    "Pace",
    "Reason",
    "Scan",
    "ScanResult",
    "Slot",
    "SlotDrawLine",
    "SlotDrawVerdict",
    "Step",
    "WaitView",
    "Waited",
    "Window",
    "ask",
    "ask_of",
    "asks_for",
    "board_of",
    "booking_of",
    "call_next",
    "check_in_token",
    "close_day",
    "closures_of",
    "confirm",
    "conflict_of",
    "conflicts_of",
    "forget_numbers",
    "help_person",
    "hold",
    "line_of",
    "list_slot_draws",
    "misfits_of",
    "move",
    "nearest",
    "no_appointments",
    "release",
    "reopen_day",
    "set_windows",
    "settle",
    "slot_draw_document",
    "slots",
    "stop_waiting",
    "take_scans",
    "take_step",
    "take_ticket",
    "takers",
    "units_with_numbers",
    "verify_slot_draw",
    "version_of",
    "wait",
    "wait_of",
    "waiting_times",
    "windows_of",
    "withdraw_ask",
]
