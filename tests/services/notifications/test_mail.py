"""E-mail against a real mail server on loopback, one that refuses, is slow, wants a password or is dead."""

import asyncio
import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.core.house import House
from app.services.notifications import Medium
from app.services.notifications.channels import MailChannel
from app.services.notifications.models import Message, MessageState
from tests.drain import drain
from tests.services.notifications.samples import MAIL, sent, with_channel

SENDER = "etle@polda.example"


class Mailbox:
    """Keeps what comes; `answer` is what the server says to the recipient."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.taken: list[Envelope] = []
        self.hold: asyncio.Event | None = None

    async def handle_RCPT(self, _s: SMTP, _session: Session, envelope: Envelope, address: str, _o: list[str]) -> str:
        if self.answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.hold is not None:
            await self.hold.wait()
        self.taken.append(envelope)
        return "250 taken"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[Controller]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def channel_to(server: Controller, **options: Any) -> MailChannel:
    return MailChannel(f"smtp://{server.hostname}:{server.port}", SENDER, **options)


async def after_sending(house: House, channel: MailChannel, address: str = MAIL) -> Message:
    house = with_channel(house, channel)
    await sent(house, medium=Medium.EMAIL, address=address, lang="en")
    await drain(house)
    async with house.db.begin(SYSTEM) as tx:
        return (await tx.session.execute(select(Message))).scalar_one()


async def test_a_mail_arrives_whole(house: House, server: Controller, mailbox: Mailbox) -> None:
    row = await after_sending(house, channel_to(server))
    assert row.state == MessageState.SENT
    (envelope,) = mailbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [MAIL])
    assert isinstance(envelope.content, bytes)
    mail = message_from_bytes(envelope.content, policy=default)
    assert mail["Subject"] == "ETLE confirmation letter for B 1234 XYZ"
    assert mail["Message-ID"] == f"<{row.id}@polda.example>" == row.provider_ref
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] == "Mon, 02 Mar 2026 03:00:00 +0000"
    assert mail.get_content_type() == "text/plain"
    assert row.check_code in mail.get_content()
    assert not list(mail.iter_attachments())


@pytest.mark.parametrize(("answer", "state"), [("550 no such user", "failed"), ("451 try later", "queued")])
async def test_a_refusal_for_good_and_one_for_now(
    house: House, server: Controller, mailbox: Mailbox, answer: str, state: str
) -> None:
    mailbox.answer = answer
    row = await after_sending(house, channel_to(server))
    assert (row.state, row.last_error) == (state, f"smtp-{answer[:3]}")


async def test_a_slow_server_costs_a_bounded_time(house: House, server: Controller, mailbox: Mailbox) -> None:
    mailbox.hold = asyncio.Event()
    row = await after_sending(house, channel_to(server, timeout_s=0.3))
    server.loop.call_soon_threadsafe(mailbox.hold.set)
    assert row.state == MessageState.QUEUED
    assert str(row.last_error).startswith("smtp-")


async def test_a_dead_server_means_later(house: House) -> None:
    row = await after_sending(house, MailChannel(f"smtp://127.0.0.1:{free_port()}", SENDER))
    assert row.state == MessageState.QUEUED
    assert str(row.last_error).startswith("smtp-")


async def test_a_wrong_password_of_ours_is_not_the_readers_fault(house: House) -> None:
    def refuse(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    controller = Controller(
        Mailbox(), hostname="127.0.0.1", port=free_port(), authenticator=refuse, auth_require_tls=False
    )
    controller.start()
    try:
        channel = MailChannel(f"smtp://user:wrong@127.0.0.1:{controller.port}", SENDER)
        row = await after_sending(house, channel)
    finally:
        controller.stop()
    assert row.state == MessageState.QUEUED
    assert row.last_error == "smtp-sign-in-535"


@pytest.mark.parametrize("address", ["nobody", "a@b", "x@example.test\r\nBcc: y@example.test", ""])
async def test_what_is_no_address_is_refused_at_once(house: House, address: str) -> None:
    row = await after_sending(house, MailChannel("smtp://127.0.0.1:1", SENDER), address=address)
    assert (row.state, row.last_error) == (MessageState.FAILED, "address-invalid")


@pytest.mark.parametrize("url", ["http://host", "host:25", "smtp://", "mail"])
def test_a_wrong_setting_says_what_it_should_be(url: str) -> None:
    with pytest.raises(ValueError, match="LOKET_SMTP_URL must look like"):
        MailChannel(url, SENDER)


def test_away_from_this_machine_tls_is_wanted() -> None:
    assert MailChannel("smtp://mail.polda.example", SENDER)._start_tls
    assert MailChannel("smtps://mail.polda.example", SENDER)._implicit_tls
