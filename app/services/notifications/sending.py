"""A message from the wish to send it to the carrier's hands.

`send` writes the message and its check code in the caller's transaction and enqueues the delivery; the job
claims the message, calls the channel between two transactions, and records what became of it. A message may
be handed over twice (a process died in between), never lost: it carries the same id each time, by which a
provider tells a repetition.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

import orjson
from prometheus_client import Counter
from sqlalchemy import select
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.core.problems import Problem
from app.core.texts import Lang, Text
from app.services.notifications.channels.base import Channel, Channels, Outcome, OutgoingMessage, Result
from app.services.notifications.models import Medium, Message, MessageState
from app.services.notifications.wording import Value, from_json, to_json, write
from app.services.transparency import check_codes

MESSAGES = Counter("loket_messages_total", "Attempts to send a message, by channel and result.", ["channel", "result"])

LEASE = timedelta(minutes=2)
"""How long one attempt may take before another worker may take the message up."""
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440))
"""The pause after each failed attempt; after the last the message has failed."""
RETRIES_AT_ONCE = 500
FORGOTTEN_WHEN_DONE = frozenset({"one_time_code"})
"""Templates whose values and address are erased as soon as the message has left, or never will."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person and the way to them. `address` is an E.164 number, an e-mail address, or name and address
    in lines for the post; it is stored sealed with the person's data key `key_id`."""

    key_id: UUID
    medium: Medium
    address: str = field(repr=False)
    lang: Lang = "id"


async def send(
    tx: Tx,
    *,
    to: Recipient,
    template: str,
    params: Mapping[str, Value],
    unit: str,
    about: Text,
    case_id: UUID | None = None,
    document: str | None = None,
    check_code: str | None = None,
    tell: str | None = None,
    valid_until: datetime | None = None,
) -> UUID:
    """Have one message sent, if this transaction commits; returns its id.

    `params` fill the template (both languages give `Text`), `link` must lead to this server. `about` is
    what the public check of the message's code will say and names no person; a paper that carries a code
    already passes it as `check_code`. `document` is the SHA-256 of the stored PDF, needed for the post.
    `tell` is a job that is enqueued with (message id, state) once the message is delivered, returned or
    failed. After `valid_until` it is not sent.

    Raises ValueError where template, values or document do not fit: our own mistake, found before anything
    is sent.
    """
    if to.medium is Medium.POST and document is None:
        raise ValueError("a letter needs the document to print")
    code = check_code or await check_codes.issue(tx, "message", unit, about)
    write(template, to.lang, params, public_url=tx.house.settings.public_url, check_code=code)
    values = {"address": to.address, "params": orjson.dumps(to_json(params)).decode()}
    sealed = await vault.seal(tx, to.key_id, values)
    message = Message(
        case_id=case_id,
        unit=unit,
        medium=to.medium,
        template=template,
        lang=to.lang,
        key_id=to.key_id,
        address_enc=sealed["address"],
        params_enc=sealed["params"],
        document=document,
        check_code=code,
        tell=tell,
        state=MessageState.QUEUED,
        next_attempt_at=tx.now + LEASE,  # for the sweep, should the job that is enqueued here be lost
        valid_until=valid_until,
        created_at=tx.now,
    )
    tx.session.add(message)
    await tx.session.flush()
    await tx.enqueue("notifications.deliver", str(message.id))
    return message.id


async def deliver(house: House, message_id: str) -> None:
    """The job: one attempt. Does nothing for a message that has left, has ended or is in another worker's
    hands."""
    claimed = await _claim(house, UUID(message_id))
    if claimed is None:
        return
    channel, message = claimed
    try:
        outcome = await channel.deliver(house, message)
    except Problem as problem:  # an upstream that is down or busy
        outcome = Outcome(Result.LATER, error=problem.type.code)
    MESSAGES.labels(channel.name, outcome.result.value).inc()
    await _record(house, message.id, outcome)


async def retry_due(house: House) -> None:
    """The scheduled sweep: puts messages whose pause is over back into the queue."""
    async with house.db.begin(SYSTEM) as tx:
        due = (
            select(col(Message.id))
            .where(col(Message.state) == MessageState.QUEUED, col(Message.next_attempt_at) <= tx.now)
            .order_by(col(Message.next_attempt_at))
            .limit(RETRIES_AT_ONCE)
        )
        for message_id in (await tx.session.execute(due)).scalars().all():
            await tx.enqueue("notifications.deliver", str(message_id))


async def end(tx: Tx, message: Message, state: MessageState, error: str | None = None) -> None:
    """Close a locked message as failed or returned, forget what must be forgotten, and tell who waits for
    it."""
    message.state, message.ended_at, message.next_attempt_at = state, tx.now, None
    message.last_error = error or message.last_error
    _forget(message)
    await tell(tx, message)


async def tell(tx: Tx, message: Message) -> None:
    """Enqueue the job that waits for news of this message."""
    if message.tell is not None:
        await tx.enqueue(message.tell, str(message.id), message.state)


async def _claim(house: House, message_id: UUID) -> tuple[Channel, OutgoingMessage] | None:
    async with house.db.begin(SYSTEM) as tx:
        message = await tx.lock(Message, message_id)
        if message is None or message.state != MessageState.QUEUED or _held(message, tx.now):
            return None
        channel = house[Channels].find(Medium(message.medium))
        if channel is None:
            await end(tx, message, MessageState.FAILED, "no-channel")
            return None
        if message.valid_until is not None and message.valid_until <= tx.now:
            await end(tx, message, MessageState.FAILED, "too-late")
            return None
        outgoing = await _opened(tx, message)
        if outgoing is None:
            await end(tx, message, MessageState.FAILED, "person-erased")
            return None
        message.attempts += 1
        message.channel = channel.name
        message.next_attempt_at = tx.now + LEASE
        return channel, outgoing


def _held(message: Message, now: datetime) -> bool:
    """Whether an attempt is under way or its pause not over. Before the first attempt nobody holds the
    message."""
    return message.attempts > 0 and message.next_attempt_at is not None and message.next_attempt_at > now


async def _opened(tx: Tx, message: Message) -> OutgoingMessage | None:
    sealed = {"address": message.address_enc, "params": message.params_enc}
    plain = await vault.open_(tx.session, tx.house.keys, message.key_id, sealed)
    if plain["address"] is None or plain["params"] is None:
        return None
    lang: Lang = "en" if message.lang == "en" else "id"
    wording = write(
        message.template,
        lang,
        from_json(orjson.loads(plain["params"])),
        public_url=tx.house.settings.public_url,
        check_code=message.check_code,
    )
    return OutgoingMessage(
        id=message.id,
        medium=Medium(message.medium),
        template=message.template,
        lang=lang,
        key_id=message.key_id,
        unit=message.unit,
        check_code=message.check_code,
        document=message.document,
        address=plain["address"],
        subject=wording.subject,
        text=wording.text,
    )


async def _record(house: House, message_id: UUID, outcome: Outcome) -> None:
    async with house.db.begin(SYSTEM) as tx:
        message = await tx.lock(Message, message_id)
        if message is None or message.state != MessageState.QUEUED:
            return  # news of its delivery was faster than the carrier's answer to us
        message.provider_ref = outcome.provider_ref or message.provider_ref
        message.last_error = outcome.error
        match outcome.result:
            case Result.SENT | Result.DELIVERED:
                message.state, message.sent_at, message.next_attempt_at = MessageState.SENT, tx.now, None
                _forget(message)
                if outcome.result is Result.DELIVERED:
                    message.state = MessageState.DELIVERED
                    message.delivered_at, message.delivery_proof = outcome.proven_at or tx.now, outcome.proof
                    await tell(tx, message)
            case Result.REFUSED:
                await end(tx, message, MessageState.FAILED)
            case Result.LATER if message.attempts > len(PAUSES):
                await end(tx, message, MessageState.FAILED)
            case Result.LATER:
                message.next_attempt_at = tx.now + PAUSES[message.attempts - 1]
            case _:
                assert_never(outcome.result)


def _forget(message: Message) -> None:
    if message.template in FORGOTTEN_WHEN_DONE:
        message.params_enc = message.address_enc = None
