"""Cases in a state that their lifecycle no longer declares: seen when the server starts, not when somebody opens one."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import col

from app.services.cases.events import Reader
from app.services.cases.models import Case
from app.services.cases.rules import Lifecycles


@dataclass(frozen=True, slots=True)
class Stray:
    """So many cases stand in a state, or follow a lifecycle, that is no longer there."""

    lifecycle: str
    state: str
    count: int

    @property
    def words(self) -> str:
        """What is wrong, for an operator."""
        return f"{self.count} cases of the lifecycle {self.lifecycle} stand in {self.state}, which it does not know."


async def find_strays(reader: Reader, lifecycles: Lifecycles) -> list[Stray]:
    """Every state outside of its lifecycle in which cases stand, closed ones too: they are still looked at."""
    counted = select(col(Case.lifecycle), col(Case.state), func.count()).group_by(col(Case.lifecycle), col(Case.state))
    rows = await reader.execute(counted.order_by(col(Case.lifecycle), col(Case.state)))
    known = {name: lifecycle.states for name, lifecycle in lifecycles.by_name.items()}
    return [Stray(name, state, count) for name, state, count in rows if state not in known.get(name, {})]
