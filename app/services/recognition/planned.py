"""Several recognisers as one: the plan of the camera or its Polda says who reads, who steps in, and who has a vote."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import Counter

from app.core.problems import BUSY, UPSTREAM_UNAVAILABLE, Problem
from app.services.recognition.configuration import Plan, RecogniserFile, Vote
from app.services.recognition.failures import failure_of
from app.services.recognition.problems import PICTURE_NOT_READABLE, RECOGNISER_BUSY, RECOGNISER_REFUSED
from app.services.recognition.reading import NO_HINTS, Hints, Reading, Recogniser
from app.services.recognition.voting import counted

_LEAST_VOTES = 2
"""Fewer answers are no vote: the next step is asked, or the picture is read again later."""

_STEPS_IN = (UPSTREAM_UNAVAILABLE, BUSY, RECOGNISER_BUSY, RECOGNISER_REFUSED, PICTURE_NOT_READABLE)
READINGS = Counter("loket_readings", "Pictures given to a recogniser, by what became of them.", ("backend", "outcome"))
FAILURES = Counter(
    "loket_recogniser_failures", "Times that a recogniser could not read, by why.", ("backend", "failure")
)
TOLD_AGAIN_S = 60.0
"""A recogniser that goes on failing in the same way says so in the log once in this time, with how often it was."""
log = logging.getLogger(__name__)


class PlannedRecogniser:
    """See `Recogniser`. `readers` are all recognisers of this installation by name, `plans` says which of them reads what."""

    def __init__(self, readers: Mapping[str, Recogniser], plans: RecogniserFile) -> None:
        self.readers = readers
        self.decodes_elsewhere = all(reader.decodes_elsewhere for reader in readers.values())
        self.plans = plans
        self._told: dict[tuple[str, str], _Told] = {}

    @property
    def servers(self) -> dict[str, str]:
        """The recognisers of the file that are reached by an address, by name."""
        return {name: entry.url for name, entry in self.plans.recognisers.items() if entry.url}

    def plan_for(self, hints: Hints) -> Plan:
        """The camera's own plan, else that of its Polda, else the default."""
        plans = self.plans
        return plans.cameras.get(hints.camera or "") or plans.poldas.get(hints.polda or "") or plans.default

    def shadow_for(self, hints: Hints) -> str | None:
        """Who reads this camera's captures as well, only to be compared."""
        return self.plan_for(hints).shadow

    async def warm_up(self) -> None:
        """Warm up each; one that fails leaves the others alone and says so when it is first asked."""
        await asyncio.gather(*(reader.warm_up() for reader in self.readers.values()), return_exceptions=True)

    async def read(self, image: bytes, hints: Hints = NO_HINTS) -> Reading:
        """See `Recogniser.read`. The steps are tried in order until one answers. When none does, the problem that passes by
        itself is raised rather than one that says the picture is bad: it is read again later."""
        refusals: list[Problem] = []
        for step in self.plan_for(hints).read:
            try:
                return await (
                    self._vote(step, image, hints) if isinstance(step, Vote) else self.ask(step, image, hints)
                )
            except Problem as problem:
                if problem.type not in _STEPS_IN:
                    raise
                refusals.append(problem)
        raise _worth_telling(refusals)

    async def aclose(self) -> None:
        """Close each."""
        for reader in self.readers.values():
            await reader.aclose()

    async def ask(self, name: str, image: bytes, hints: Hints = NO_HINTS) -> Reading:
        """Have this one read, whatever the plans say; that it fails is counted and told. See `Recogniser.read`."""
        try:
            reading = await self.readers[name].read(image, hints)
        except Problem as problem:
            READINGS.labels(name, problem.type.code).inc()
            failure = failure_of(problem)
            if failure is not None:
                FAILURES.labels(name, failure).inc()
                problem.params = {**problem.params, "cause": f"{name}: {failure}"}
                self._tell(name, failure)
            raise
        READINGS.labels(name, "read" if reading.results else "nothing").inc()
        return reading

    def _tell(self, name: str, failure: str) -> None:
        """One line for the first of a row of failures, and then one a minute: a reader that is down fails at every picture."""
        now = time.monotonic()
        told = self._told.setdefault((name, failure), _Told())
        told.times += 1
        if told.at is None or now - told.at >= TOLD_AGAIN_S:
            log.warning(
                "a recogniser did not read", extra={"recogniser": name, "failure": failure, "times": told.times}
            )
            told.at, told.times = now, 0

    async def _vote(self, step: Vote, image: bytes, hints: Hints) -> Reading:
        started = time.perf_counter()
        asked = (self.ask(name, image, hints) for name in step.vote)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refusals = [answer for answer in answers if isinstance(answer, Problem)]
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Problem):
                raise answer
        readings = [answer for answer in answers if isinstance(answer, Reading)]
        if len(readings) < _LEAST_VOTES:
            raise _worth_telling(refusals)
        return counted(readings, elapsed_ms=round((time.perf_counter() - started) * 1000))


@dataclass(slots=True)
class _Told:
    """When a failure was last in the log, and how often it was since."""

    at: float | None = None
    times: int = 0


def _worth_telling(refusals: list[Problem]) -> Problem:
    for types in ((UPSTREAM_UNAVAILABLE, BUSY, RECOGNISER_BUSY), (RECOGNISER_REFUSED,)):
        for refusal in refusals:
            if refusal.type in types:
                return refusal
    return refusals[0]
