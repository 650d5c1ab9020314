"""The electronic traffic ticket (ETLE): from a camera's capture to a closed case.

Reads top to bottom as the story goes: `intake` and `reading` (capture to case), `review` (the officer), `letters`
(dispatch and proof of delivery), `answers` and `attachments`, `tickets` and `money`, `blocks`. `lifecycle` holds the guards, effects
and deadlines that `data/lifecycles/etle.yaml` names; `desk` is what citizens' doors call, `back_office` the staff's.
"""

from app.services.etle import at_counter, attachments
from app.services.etle.answers import ACTIONS, LetterAnswer, answer_as_driver, answer_letter
from app.services.etle.back_office import (
    LATE,
    correct_address,
    decide,
    enter_verdict,
    find_vehicle_for,
    open_for_review,
    tasks_for,
    undrawn_for,
)
from app.services.etle.blocks import blocks_of_case, late_lifts, list_proposed, sign
from app.services.etle.desk import (
    bill_for,
    bill_in,
    evidence_for,
    letter_pdf,
    look_up,
    note_opened,
    proof_for,
    receipt_for,
    receipt_pdf,
    ticket_for,
    ticket_pdf,
    tickets_held,
    tickets_of,
    timeline_for,
    view_in,
)
from app.services.etle.evidence import open_link
from app.services.etle.intake import accept_capture
from app.services.etle.lifecycle import DEADLINES, EFFECTS, GUARDS
from app.services.etle.money import ask_bill_again
from app.services.etle.pushes import keep_push, replay_refused
from app.services.etle.queries import Found, LetterReference, StnkNumbers
from app.services.etle.refunds import (
    RefundPage,
    account_of,
    compare_names,
    decide_account,
    give_account,
    is_payee,
    refunds_for,
)
from app.services.etle.review import Decision
from app.services.etle.turns import LineRoom, NotRead, check_room, not_read
from app.services.etle.views import (
    AnswerKind,
    BillView,
    BlockView,
    EvidenceView,
    ReviewView,
    TicketView,
)

__all__ = [
    "ACTIONS",
    "DEADLINES",
    "EFFECTS",
    "GUARDS",
    "LATE",
    "AnswerKind",
    "BillView",
    "BlockView",
    "Decision",
    "EvidenceView",
    "Found",
    "LetterAnswer",
    "LetterReference",
    "LineRoom",
    "NotRead",
    "RefundPage",
    "ReviewView",
    "StnkNumbers",
    "TicketView",
    "accept_capture",
    "account_of",
    "answer_as_driver",
    "answer_letter",
    "ask_bill_again",
    "at_counter",
    "attachments",
    "bill_for",
    "bill_in",
    "blocks_of_case",
    "check_room",
    "compare_names",
    "correct_address",
    "decide",
    "decide_account",
    "enter_verdict",
    "evidence_for",
    "find_vehicle_for",
    "give_account",
    "is_payee",
    "keep_push",
    "late_lifts",
    "letter_pdf",
    "list_proposed",
    "look_up",
    "not_read",
    "note_opened",
    "open_for_review",
    "open_link",
    "proof_for",
    "receipt_for",
    "receipt_pdf",
    "refunds_for",
    "replay_refused",
    "sign",
    "tasks_for",
    "ticket_for",
    "ticket_pdf",
    "tickets_held",
    "tickets_of",
    "timeline_for",
    "undrawn_for",
    "view_in",
]
