"""Several recognisers as one: the plan of the camera or its Polda says who reads, who steps in, and who has a vote."""

import asyncio
import time
from collections.abc import Mapping

from prometheus_client import Counter

from app.core.problems import BUSY, UPSTREAM_UNAVAILABLE, Problem
from app.services.recognition.configuration import Plan, RecogniserFile, Vote
from app.services.recognition.problems import PICTURE_NOT_READABLE, RECOGNISER_BUSY, RECOGNISER_REFUSED
from app.services.recognition.reading import NO_HINTS, Hints, Reading, Recogniser
from app.services.recognition.voting import counted

_LEAST_VOTES = 2
"""Fewer answers are no vote: the next step is asked, or the picture is read again later."""

_STEPS_IN = (UPSTREAM_UNAVAILABLE, BUSY, RECOGNISER_BUSY, RECOGNISER_REFUSED, PICTURE_NOT_READABLE)
READINGS = Counter("loket_readings", "Pictures given to a recogniser, by what became of them.", ("backend", "outcome"))


class PlannedRecogniser:
    """See `Recogniser`. `readers` are all recognisers of this installation by name, `plans` says which of them reads what."""

    def __init__(self, readers: Mapping[str, Recogniser], plans: RecogniserFile) -> None:
        self.readers = readers
        self.decodes_elsewhere = all(reader.decodes_elsewhere for reader in readers.values())
        self.plans = plans

    @property
    def servers(self) -> dict[str, str]:
        """The recognisers of the file that are reached by an address, by name."""
        return {name: entry.url for name, entry in self.plans.recognisers.items() if entry.url}

    def plan_for(self, hints: Hints) -> Plan:
        """The camera's own plan, else that of its Polda, else the default."""
        plans = self.plans
        return plans.cameras.get(hints.camera or "") or plans.poldas.get(hints.polda or "") or plans.default

    def shadow_for(self, hints: Hints) -> Recogniser | None:
        """Who reads this camera's captures as well, only to be compared."""
        shadow = self.plan_for(hints).shadow
        return None if shadow is None else self.readers[shadow]

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
                    self._vote(step, image, hints) if isinstance(step, Vote) else self._ask(step, image, hints)
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

    async def _ask(self, name: str, image: bytes, hints: Hints) -> Reading:
        try:
            reading = await self.readers[name].read(image, hints)
        except Problem as problem:
            READINGS.labels(name, problem.type.code).inc()
            raise
        READINGS.labels(name, "read" if reading.results else "nothing").inc()
        return reading

    async def _vote(self, step: Vote, image: bytes, hints: Hints) -> Reading:
        started = time.perf_counter()
        asked = (self._ask(name, image, hints) for name in step.vote)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refusals = [answer for answer in answers if isinstance(answer, Problem)]
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Problem):
                raise answer
        readings = [answer for answer in answers if isinstance(answer, Reading)]
        if len(readings) < _LEAST_VOTES:
            raise _worth_telling(refusals)
        return counted(readings, elapsed_ms=round((time.perf_counter() - started) * 1000))


def _worth_telling(refusals: list[Problem]) -> Problem:
    for types in ((UPSTREAM_UNAVAILABLE, BUSY, RECOGNISER_BUSY), (RECOGNISER_REFUSED,)):
        for refusal in refusals:
            if refusal.type in types:
                return refusal
    return refusals[0]
