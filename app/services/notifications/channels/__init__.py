"""Channels: ways to carry a message, behind one protocol, chosen by the settings."""

from app.core.config import Settings
from app.services.notifications.channels.base import Channel, Channels, Outcome, OutgoingMessage, Result
from app.services.notifications.channels.gateway import GatewayChannel
from app.services.notifications.channels.mail import MailChannel
from app.services.notifications.channels.outbox import OutboxChannel
from app.services.notifications.channels.paper import PaperChannel
from app.services.notifications.models import Medium

__all__ = [
    "Channel",
    "Channels",
    "GatewayChannel",
    "MailChannel",
    "OutboxChannel",
    "Outcome",
    "OutgoingMessage",
    "PaperChannel",
    "Result",
    "build_channels",
]


def build_channels(settings: Settings) -> Channels:
    """The channel for each medium. Without a server for it a medium goes to the local outbox, in production
    nowhere."""
    outbox = None if settings.production else OutboxChannel()
    mail = MailChannel(settings.smtp_url, settings.smtp_sender) if settings.smtp_url else outbox
    phone: Channel | None = outbox
    if settings.message_gateway_url:
        phone = GatewayChannel(settings.message_gateway_url, settings.message_gateway_secret)
    chosen: dict[Medium, Channel | None] = {
        Medium.WHATSAPP: phone,
        Medium.SMS: phone,
        Medium.EMAIL: mail,
        Medium.POST: PaperChannel(also_shown_in=outbox),
    }
    return Channels({medium: channel for medium, channel in chosen.items() if channel is not None})
