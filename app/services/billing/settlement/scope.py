"""Whose differences somebody may see: staff of a Polda those of its bills, staff of Mabes all, a bank its own files."""

from dataclasses import replace

from app.core.actor import Actor, ActorKind
from app.services import reference
from app.services.billing.ledger import Reader

NATIONAL = "MABES"


def may_see(actor: Actor, unit: str | None) -> bool:
    """Whether staff may see what belongs to `unit` (None: to no Polda). A national actor has no unit (`seated`)."""
    return actor.kind is ActorKind.SYSTEM or actor.unit is None or actor.unit == unit


async def seated(source: Reader, actor: Actor) -> Actor:
    """Somebody as reconciliation sees them: staff of Mabes, such as Korlantas, without a unit, as every Polda's money is
    theirs; all others as they are."""
    found = await reference.find_unit(source, actor.unit) if actor.unit else None
    return replace(actor, unit=None) if found is not None and found.level == NATIONAL else actor
