"""How long, how many, by which channel: the ETLE policy of a Polda, as data with a version.

None of the day counts was found in the text of a law: they are police statements that disagree with each other, so
they are policy per Polda and date (`data/reference/etle_policies.yaml` holds each with its source), and every case
keeps the version it was stamped with. Days are calendar days in the zone of the place, hours and minutes are elapsed
time, unless a field says otherwise.

A field added later needs a default here, namely what policies written before it meant: stored versions are never
edited and must stay readable.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter

Days = Annotated[int, Field(ge=0, le=3660)]
Hours = Annotated[int, Field(ge=0, le=8760)]
Minutes = Annotated[int, Field(ge=0, le=10_080)]
Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(min_length=1, max_length=300)]

_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Channel(StrEnum):
    """A medium that can carry the confirmation letter to the owner."""

    POST = "post"
    WHATSAPP = "whatsapp"
    SMS = "sms"
    EMAIL = "email"


class DeliveryProof(StrEnum):
    """What shows that a letter has arrived; the owner's time runs from that instant and from nothing else."""

    CARRIER_RECEIPT = "carrier_receipt"  # the postal carrier reports the hand-over at the address
    PROVIDER_RECEIPT = "provider_receipt"  # the message provider reports delivery to the device
    OPENED = "opened"  # somebody opened the case with the letter's reference


class ExemptionOutcome(StrEnum):
    """What happens to a capture that a rule catches."""

    EXEMPT = "exempt"  # annulled by the system, with the rule named in the event
    OFFICER = "officer"  # never decided by a machine: an officer chooses, with the rule in sight


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """One channel that this Polda uses, and what proves delivery on it. The order of the rules is the order of trial."""

    __pydantic_config__ = _STRICT

    channel: Channel
    proofs: Annotated[tuple[DeliveryProof, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class ExemptionRule:
    """A kind of vehicle that may do what the violation forbids (UU 22/2009 art. 134-135).

    A rule catches a capture when its violation is listed and either the canonical plate matches one of `plates`
    (regular expressions, whole match) or the registry's vehicle kind is one of `vehicle_kinds` (upper case).
    An empty `violations` means all.
    """

    __pydantic_config__ = _STRICT

    code: Annotated[str, Field(pattern=r"^[a-z0-9-]{3,40}$")]
    outcome: ExemptionOutcome
    law: Words
    plates: tuple[str, ...] = ()
    vehicle_kinds: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Local opening hours on some days of the week; days as ISO 8601 counts them, Monday is 1."""

    __pydantic_config__ = _STRICT

    weekdays: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(min_length=1, max_length=7)]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Posko:
    """The counter (posko Gakkum) for those who come in person; it stands on the letter."""

    __pydantic_config__ = _STRICT

    name: Words
    address: Words
    hours: tuple[OpeningHours, ...]


@dataclass(frozen=True, slots=True)
class EtlePolicy:
    """Every number and choice of the ticket's life that a Polda may set for itself.

    [S..] are the pages listed in `data/reference/README.md`. Where a docstring says *proposal*, no source was found
    and the value is this project's own.
    """

    __pydantic_config__ = _STRICT

    # From the camera to the letter
    same_violation_minutes: Minutes
    """The same vehicle, place and violation within this window is one violation, not two. Proposal."""
    capture_oldest_days: Days
    """Captures older than this on arrival are refused: no letter could be in time any more. Proposal."""
    clock_tolerance_minutes: Minutes
    """How far a camera's clock may run ahead of ours before its capture is refused. Proposal."""
    accept_confidence: Share
    """Plate readings below this go to an officer as doubtful and are never matched by the machine alone. Proposal."""
    second_eyes_below: Share
    """Below this reading confidence a second officer must agree before a letter leaves. Proposal."""
    review_days: Days
    """An officer should verify within this time of the violation: about 3 days [S13]."""
    review_idle_minutes: Minutes
    """A review that its officer opened and left goes back to the pool after this long. Proposal."""
    dispatch_days: Days
    """The letter should leave within this time of the violation: 3 days [S20][S25]; a later one is somebody's work."""
    dispatch_per_day: Annotated[int, Field(ge=1, le=1_000_000)]
    """Letters that this Polda can send on one local day; Metro Jaya about 800 for want of postage [S21]."""
    expire_unsent_days: Days
    """A verified violation whose letter has not left by then expires: the owner was never told in time. Proposal."""

    # The letter's way
    channels: Annotated[tuple[ChannelRule, ...], Field(min_length=1)]
    """Channels in the order of trial. Metro Jaya also messages [S13][S16]; Jateng sends paper alone [S43]."""
    delivery_proof_days: Days
    """A letter without proof of delivery after this long is *undelivered*, never *unanswered*. Proposal; the post
    takes about 3 days [S13], one letter took 7 [S43]."""
    expire_undelivered_days: Days
    """An undelivered case for which no channel works expires this long after the violation. Proposal."""
    posko: Posko
    """The counter on the letter [S13][S16]."""

    # The owner's answer
    answer_days_from_violation: Days
    """The owner answers within this time of the violation: 8 days [S12][S32]. The later of this and the next counts."""
    answer_min_days_from_delivery: Days
    """But never less than this from *proven* delivery: 5 days [S19][S25]; a bare H+8 once left a man one day [S43]."""
    driver_answer_days: Days
    """A named driver accepts or refuses within this time of the delivery of his own letter. Proposal, as the owner."""
    unanswered_is_admitted: bool
    """Whether an officer may issue the ticket when nobody answered; 'not answering is admitting' [S18]."""
    admit_after_days: Days
    """How long after the answer was due he must wait for that. Proposal."""
    objection_days: Days
    """An objection is decided within this time. Proposal: the first reply to a complaint is due in 14 days (UU 25/2009)."""

    # The ticket and the money
    pay_days_from_code: Days
    """Payment is due this long after the payment code: 7 days [S19][S25]. The later of this and the next counts."""
    pay_days_from_violation: Days
    """... and this long after the violation: H+15 [S32]."""
    va_grace_days: Days
    """How long after the due date the virtual account still takes money: a late payment lifts the block. Proposal."""
    deposit_bank: Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,20}$")]
    """The bank whose virtual account stands on the ticket: BRI (BRIVA) [S19][S20]."""
    session_weekday: Annotated[int, Field(ge=1, le=7)]
    """Day of the court session, ISO 8601: Friday (5) by local custom."""
    session_lead_days: Days
    """The session is at least this long after the ticket. Proposal; the file must be there 3 days before [S1]."""
    court_file_days: Days
    """The case file reaches the court this long before the session: 3 days (PERMA 12/2016) [S1]; no session is nearer."""
    refund_claim_days: Days
    """What was paid too much can be claimed for this long after the verdict: one year (UU 22/2009 art. 268) [S1][S2]."""
    refund_reminder_days: tuple[Days, ...]
    """When the owner is reminded of it, in days after the verdict: 30, 180, 330."""

    # The block beside it
    block_request_time: time
    """Local time of the morning from which the night's block requests are listed for the investigator [S32]."""
    unblock_target_seconds: Annotated[int, Field(ge=1, le=86_400)]
    """From payment to the lifted block: under one minute [S35]; `loket doctor` names what takes longer."""

    # Who is let through, and what is kept
    exemptions: tuple[ExemptionRule, ...]
    """Priority vehicles and vehicles that no machine may decide about (UU 22/2009 art. 134-135) [S3][S4][S15]."""
    keep_rejected_days: Days
    """Rejected and exempt captures and their pictures are deleted after this long. Proposal."""
    keep_closed_days: Days
    """Closed tickets are kept this long, with their people and pictures; the books stay. Proposal: 5 years."""
    keep_access_log_days: Days
    """Who looked at whom is kept this long. Proposal: 5 years."""
    same_place_metres: Annotated[int, Field(ge=0, le=5000)] = 0
    """Cameras so near to each other watch one place, whatever they call it: the lanes of a junction. Proposal; 0 (as before
    there was this value) means that only the name counts."""
    clone_kmh: Annotated[int, Field(ge=0, le=2000)] = 0
    """A plate that would have travelled faster than this between two cameras, in a straight line, is on two vehicles.
    Proposal: no road vehicle keeps this up; 0 means that nobody looks."""
    clone_hours: Hours = 24
    """Sightings of one plate are compared so far back and forth. Proposal."""
    section_tolerance_kmh: Annotated[int, Field(ge=0, le=50)] = 5
    """What is taken off a measured average speed before it is held against the limit. Proposal."""
    second_look_rate: Share = 1.0
    """From this share of annulled cases on, all open cases of the same camera, place or officer are reviewed again.
    Proposal; 1 (as before there was this value) means never."""
    second_look_least: Annotated[int, Field(ge=1, le=100_000)] = 20
    """... of at least so many cases that were verified within the next value's days. Proposal."""
    second_look_days: Days = 90
    """The days that are counted back. Proposal."""
    payment_grace_minutes: Minutes = 10
    """A payment is honoured this long after its bill has ended, if the bank's inquiry was answered before. Proposal."""
    fee_pay_hours: Hours = 168
    """How long a bill over fees can be paid. A SIMPONI code was seen to live 7 days."""
    remit_days: Days = 3
    """State money that was received this long ago and has no NTPN yet raises an alarm. Proposal."""
    keep_draft_days: Days = 30
    """What a draft that was never handed in held is forgotten so long after it was closed. Proposal."""
    keep_photo_days: Days = 30
    """Photos and signatures of an application, and papers that were replaced, after its end. Proposal."""
    keep_paper_days: Days = 365
    """Other papers of an application, after its end; none before its service no longer lets it be used again. Proposal."""
    keep_skck_days: Days = 365
    """Answers about family and crimes, after the certificate that they led to has ended, or after a refusal. Proposal."""
    keep_application_days: Days = 1825
    """Who an ended application was for, with what is left of it; afterwards it is nobody's. Proposal: 5 years."""
    keep_queue_days: Days = 30
    """Whom a number of the queue was for, and why they were helped. Proposal."""
    keep_consent_days: Days = 1825
    """A signed form of consent, and for whom it was, after the end of its case. Proposal: as long as who it was for."""
    keep_unused_consent_days: Days = 30
    """... and of a form that was never used, after its own end. Proposal."""
    keep_statement_days: Days = 3653
    """A bank's statement file, and the bank's words about a payer, after the end of the year in which it came: proofs of
    bookings are kept ten years (UU 8/1997 art. 11, written for companies; for offices their own schedule of archives)."""
    handed_back_minutes: Annotated[int, Field(ge=30, le=1_440)] = 240
    """How long the place of an application that was handed back before paying stays held, in minutes of `awake_from` to
    `awake_until`: nobody loses it asleep. Proposal."""
    awake_from: time = time(7)
    """The local hours in which people can be expected to read what they are told. Proposal."""
    awake_until: time = time(21)
    """The end of these hours; not after them is anything counted. Proposal."""
    keep_no_case_hours: Hours = 24
    """What a camera took of somebody who is accused of nothing, after it was read. Proposal."""
    keep_unread_hours: Hours = 72
    """What the machine gave up reading, after it gave up; until then a person may have it read again. Proposal."""
    keep_rejected_hours: Hours = 72
    """Pictures and film of a case that an officer found to be no violation, or exempt, after that. Proposal: long enough for the
    supervisor to look at what was rejected."""
    keep_annulled_evidence_days: Days = 90
    """Pictures of a case that was annulled or expired unsent, after its end. Proposal."""
    keep_paid_evidence_days: Days = 365
    """Pictures of a case that was settled, refunded or forfeited, after its end. Proposal: as long as money can be claimed."""
    keep_objected_evidence_days: Days = 1095
    """Pictures of a case to which somebody objected, however it ended, and of false plates. Proposal."""
    keep_film_days: Days = 90
    """A case's film, after its end, where its pictures are kept longer. Proposal."""
    notes: tuple[str, ...] = field(default=())
    """What an operator should know about where these values come from."""


_ADAPTER: TypeAdapter[EtlePolicy] = TypeAdapter(EtlePolicy)


def etle_policy(values: object) -> EtlePolicy:
    """A policy from plain values; raises `pydantic.ValidationError`, which names each wrong or missing value."""
    return _ADAPTER.validate_python(values)


def policy_text(policy: EtlePolicy) -> str:
    """The canonical JSON text of a policy, as it is stored."""
    return _ADAPTER.dump_json(policy).decode()


_DROPPED = ("several_articles", "confirmation_site")
"""Values of policies that were stored before nothing read them: every ticket has one article, and its letter leads to the
one address at which this house answers (`LOKET_PUBLIC_URL`)."""


# A pure function of immutable text, so remembering costs no freshness; a stored version never changes.
@lru_cache(maxsize=256)
def policy_from_text(text: str) -> EtlePolicy:
    """The policy that a stored version holds."""
    values = json.loads(text)
    return _ADAPTER.validate_python(
        {name: value for name, value in values.items() if name not in _DROPPED}, strict=False
    )


def exemption_for(policy: EtlePolicy, *, plate: str, vehicle_kind: str | None, violation: str) -> ExemptionRule | None:
    """The first rule that catches this vehicle (canonical plate, registry kind) for this violation, or None."""
    for rule in policy.exemptions:
        concerns = not rule.violations or violation in rule.violations
        by_plate = any(re.fullmatch(pattern, plate) for pattern in rule.plates)
        if concerns and (by_plate or (vehicle_kind or "").upper() in rule.vehicle_kinds):
            return rule
    return None
