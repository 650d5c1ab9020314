"""E-mail by SMTP (RFC 5321). A server that takes an e-mail proves nothing about its reader: `sent`, never
`delivered`."""

import asyncio
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.core.contacts import parse_email
from app.core.house import House
from app.services.notifications.channels.base import Outcome, OutgoingMessage, Result

TIMEOUT_S = 15.0
MAX_CONNECTIONS = 4
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class MailChannel:
    """Sends through one mail server: ``smtp://user:password@host:587`` (STARTTLS) or ``smtps://...:465``.

    Away from this machine nothing is sent without TLS: a message names a person and a plate.
    """

    name = "smtp"

    def __init__(self, url: str, sender: str, *, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("LOKET_SMTP_URL must look like smtp://user:password@host:port")
        self._host = parts.hostname
        self._port = parts.port or (465 if parts.scheme == "smtps" else 587)
        self._implicit_tls = parts.scheme == "smtps"
        self._start_tls = not self._implicit_tls and self._host not in _LOOPBACK
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)

    async def deliver(self, house: House, message: OutgoingMessage) -> Outcome:
        address = parse_email(message.address)
        if address is None:
            return Outcome(Result.REFUSED, error="address-invalid")
        mail = self._written(house, message, address)
        try:
            async with self._slots, asyncio.timeout(self._timeout_s):
                await aiosmtplib.send(
                    mail,
                    sender=self._sender,
                    recipients=[address],
                    hostname=self._host,
                    port=self._port,
                    username=self._username,
                    password=self._password,
                    use_tls=self._implicit_tls,
                    start_tls=self._start_tls,
                    timeout=self._timeout_s,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0].code)
        except aiosmtplib.SMTPAuthenticationError as error:
            # Our password, not the reader's address: an operator mends it, and the mail goes then.
            return Outcome(Result.LATER, error=f"smtp-sign-in-{error.code}")
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error.code)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            return Outcome(Result.LATER, error=f"smtp-{type(error).__name__}"[:60])
        return Outcome(Result.SENT, provider_ref=mail["Message-ID"])

    def _written(self, house: House, message: OutgoingMessage, address: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._sender
        mail["To"] = address
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(house.clock.now())
        mail["Message-ID"] = f"<{message.id}@{self._sender.rpartition('@')[2]}>"
        mail["Content-Language"] = message.lang
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notes back
        mail.set_content(message.text)
        return mail


def _refused(code: int) -> Outcome:
    """A 5yz answer is for good, a 4yz for now (RFC 5321 4.2.1)."""
    return Outcome(Result.REFUSED if 500 <= code < 600 else Result.LATER, error=f"smtp-{code}")
