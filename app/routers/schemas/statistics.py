"""Open figures."""

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from app.services.catalogue import Rollout
from app.services.statistics import DayCount


class DayOut(BaseModel):
    """How often something happened on a day. `subject` is the violation's or service's code."""

    day: date
    lifecycle: str
    subject: str
    action: str
    events: int

    @classmethod
    def of(cls, count: DayCount) -> Self:
        """The count as JSON."""
        return cls(
            day=count.day, lifecycle=count.lifecycle, subject=count.subject, action=count.action, events=count.events
        )


class RolloutOut(BaseModel):
    """At how many of the units that can offer a service people apply online today, against a target with a date."""

    service: str
    title: str
    units: int
    offered: int
    suspended: int
    target_on: date | None

    @classmethod
    def of(cls, rollout: Rollout, title: str) -> Self:
        """The count as JSON."""
        return cls(
            service=rollout.service,
            title=title,
            units=rollout.units,
            offered=rollout.offered,
            suspended=rollout.suspended,
            target_on=rollout.target_on,
        )


class Statistics(BaseModel):
    """Open figures of some days (WIB). `days` holds every count, `totals` those that people ask for first."""

    first: date
    last: date
    unit: str | None
    totals: dict[str, int]
    days: list[DayOut]
    polres_in_february_2021: int = Field(description="At how many Polres people could apply online when it began.")
    rollout: list[RolloutOut]
