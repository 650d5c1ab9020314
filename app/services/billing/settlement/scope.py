"""Whose differences somebody may see: staff of a Polda those of its bills, staff of Mabes all, a bank its own files."""

from app.core.actor import Actor, ActorKind
from app.services import reference
from app.services.billing.ledger import Reader

NATIONAL = "MABES"


def may_see(actor: Actor, unit: str | None) -> bool:
    """Whether staff may see what belongs to `unit` (None: to no Polda). A national actor has no unit here.

    `national` turns staff of Mabes into that before they come in.
    """
    return actor.kind is ActorKind.SYSTEM or actor.unit is None or actor.unit == unit


async def is_national(source: Reader, unit: str | None) -> bool:
    """Whether a unit is one of Mabes, such as Korlantas, whose money is every Polda's."""
    found = await reference.find_unit(source, unit) if unit else None
    return found is not None and found.level == NATIONAL
