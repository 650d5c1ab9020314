"""Cases: one engine for every lifecycle. The only room that changes a case's state, and it writes one event each time.

Lifecycles are data (`app/data/lifecycles`); the guards, effects and deadlines that they name are functions of the
rooms above, merged in `app.wiring`.
"""

from app.services.cases.deadlines import due_times, recompute_deadlines
from app.services.cases.draw import draw_officer, drawn_from
from app.services.cases.engine import allowed_actions, get_locked, move, open_case, signal, tell_supervisor
from app.services.cases.events import actions_of, actors_of
from app.services.cases.loading import LifecycleError, load_lifecycles, merge_rules
from app.services.cases.models import Case, CaseEvent
from app.services.cases.problems import CASE_NOT_FOUND
from app.services.cases.rules import DueTime, Lifecycle, Lifecycles, Move, Rule
from app.services.cases.sweeping import Swept, sweep
from app.services.cases.tasks import Lasts, TaskView, awaited, close_task, list_tasks, open_task, tasks_of
from app.services.cases.timeline import TimelineEntry, saw, timeline

__all__ = [
    "CASE_NOT_FOUND",
    "Case",
    "CaseEvent",
    "DueTime",
    "Lasts",
    "Lifecycle",
    "LifecycleError",
    "Lifecycles",
    "Move",
    "Rule",
    "Swept",
    "TaskView",
    "TimelineEntry",
    "actions_of",
    "actors_of",
    "allowed_actions",
    "awaited",
    "close_task",
    "draw_officer",
    "drawn_from",
    "due_times",
    "get_locked",
    "list_tasks",
    "load_lifecycles",
    "merge_rules",
    "move",
    "open_case",
    "open_task",
    "recompute_deadlines",
    "saw",
    "signal",
    "sweep",
    "tasks_of",
    "tell_supervisor",
    "timeline",
]
