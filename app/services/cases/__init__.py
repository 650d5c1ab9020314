"""Cases: one engine for every lifecycle. The only room that changes a case's state, and it writes one event each time.

Lifecycles are data (`app/data/lifecycles`); the guards, effects and deadlines that they name are functions of the
rooms above, merged in `app.wiring`.
"""

from app.services.cases.deadlines import due_times, recompute_deadlines
from app.services.cases.draw import Candidate, announce_draw, draw_announced, drawn_from
from app.services.cases.draw_proof import DrawLine, DrawVerdict, draw_document, list_draws, verify_draw
from app.services.cases.engine import (
    MEND,
    allowed_actions,
    get_locked,
    hand_to,
    move,
    note,
    open_case,
    signal,
    tell_supervisor,
)
from app.services.cases.events import actions_of, actors_of
from app.services.cases.loading import LifecycleError, load_lifecycles, merge_rules
from app.services.cases.models import Case, CaseEvent
from app.services.cases.paper_consents import (
    FormView,
    consent_was_given,
    forget_forms,
    print_form,
    units_with_forms,
    use_consent,
)
from app.services.cases.problems import CASE_NOT_FOUND
from app.services.cases.rules import DueTime, Lifecycle, Lifecycles, Move, Rule
from app.services.cases.strays import Stray, find_strays
from app.services.cases.sweeping import Swept, sweep
from app.services.cases.tasks import (
    Lasts,
    TaskView,
    Undrawn,
    awaited,
    close_task,
    finish_task,
    list_tasks,
    list_undrawn,
    open_task,
    tasks_of,
)
from app.services.cases.timeline import TimelineEntry, forget_looks, lifecycle_of, saw, timeline

__all__ = [
    "CASE_NOT_FOUND",
    "MEND",
    "Candidate",
    "Case",
    "CaseEvent",
    "DrawLine",
    "DrawVerdict",
    "DueTime",
    "FormView",
    "Lasts",
    "Lifecycle",
    "LifecycleError",
    "Lifecycles",
    "Move",
    "Rule",
    "Stray",
    "Swept",
    "TaskView",
    "TimelineEntry",
    "Undrawn",
    "actions_of",
    "actors_of",
    "allowed_actions",
    "announce_draw",
    "awaited",
    "close_task",
    "consent_was_given",
    "draw_announced",
    "draw_document",
    "drawn_from",
    "due_times",
    "find_strays",
    "finish_task",
    "forget_forms",
    "forget_looks",
    "get_locked",
    "hand_to",
    "lifecycle_of",
    "list_draws",
    "list_tasks",
    "list_undrawn",
    "load_lifecycles",
    "merge_rules",
    "move",
    "note",
    "open_case",
    "open_task",
    "print_form",
    "recompute_deadlines",
    "saw",
    "signal",
    "sweep",
    "tasks_of",
    "tell_supervisor",
    "timeline",
    "units_with_forms",
    "use_consent",
    "verify_draw",
]
