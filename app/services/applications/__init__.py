"""Applications for STNK, SIM and SKCK: draft, documents, pre-check, price, review, issue.

What a service asks for stands in its file (`app/data/catalogue`); how every application lives stands in
`app/data/lifecycles/application.yaml`.
"""

from app.services.applications.applicants import applicant_by_nik, applicant_of
from app.services.applications.assisting import Claim
from app.services.applications.drafts import (
    Applicant,
    Checked,
    begin,
    change,
    check,
    copy,
    discard,
    fill_in,
    must_own,
    reopen,
    starting_form,
)
from app.services.applications.facts import OpenTickets
from app.services.applications.family import Member, agreed, ask_member, family_member
from app.services.applications.issuing import issued_pdf
from app.services.applications.lifecycle import DEADLINES, EFFECTS, GUARDS, LIFECYCLE
from app.services.applications.messages import MessageView, StoredFile, count_unread, store_file
from app.services.applications.messages import list_for as list_messages
from app.services.applications.messages import open_file as open_message_file
from app.services.applications.messages import write as write_message
from app.services.applications.money import give_account, refunds_of
from app.services.applications.papers import bytes_of, open_paper, reusable, reuse, take
from app.services.applications.papers import checked as checked_paper
from app.services.applications.papers import keep as keep_paper
from app.services.applications.precheck import PreCheck, PriceLine
from app.services.applications.proofs import ReceiptLine, proof_for, receipt_for, receipts_of
from app.services.applications.reasons import REASONS, REFUSALS
from app.services.applications.review import (
    Decision,
    Mark,
    MarkView,
    PaperView,
    ReviewView,
    check_desk,
    decide,
    open_for_review,
    withdraw_mark,
)
from app.services.applications.slots import (
    CHOOSES_IN,
    NO_APPOINTMENT,
    ask_for_day,
    choose_slot,
    drop_slot,
    stop_waiting,
    wait_for_slot,
    withdraw_ask,
)
from app.services.applications.submission import Submission, submit
from app.services.applications.views import (
    ApplicationLine,
    ApplicationView,
    DocumentView,
    application_for,
    list_own,
    status_of,
    view_in,
)
from app.services.appointments import BookingView, check_in_token

__all__ = [
    "CHOOSES_IN",
    "DEADLINES",
    "EFFECTS",
    "GUARDS",
    "LIFECYCLE",
    "NO_APPOINTMENT",
    "REASONS",
    "REFUSALS",
    "Applicant",
    "ApplicationLine",
    "ApplicationView",
    "BookingView",
    "Checked",
    "Claim",
    "Decision",
    "DocumentView",
    "Mark",
    "MarkView",
    "Member",
    "MessageView",
    "OpenTickets",
    "PaperView",
    "PreCheck",
    "PriceLine",
    "ReceiptLine",
    "ReviewView",
    "StoredFile",
    "Submission",
    "agreed",
    "applicant_by_nik",
    "applicant_of",
    "application_for",
    "ask_for_day",
    "ask_member",
    "begin",
    "bytes_of",
    "change",
    "check",
    "check_desk",
    "check_in_token",
    "checked_paper",
    "choose_slot",
    "copy",
    "count_unread",
    "decide",
    "discard",
    "drop_slot",
    "family_member",
    "fill_in",
    "give_account",
    "issued_pdf",
    "keep_paper",
    "list_messages",
    "list_own",
    "must_own",
    "open_for_review",
    "open_message_file",
    "open_paper",
    "proof_for",
    "receipt_for",
    "receipts_of",
    "refunds_of",
    "reopen",
    "reusable",
    "reuse",
    "starting_form",
    "status_of",
    "stop_waiting",
    "store_file",
    "submit",
    "take",
    "view_in",
    "wait_for_slot",
    "withdraw_ask",
    "withdraw_mark",
    "write_message",
]
