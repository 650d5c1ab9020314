"""Why a recogniser did not read, in a word: for the log, the metrics, and who operates it. Never what its server wrote, which may
quote a plate or our key."""

from app.core.problems import BUSY, Problem
from app.core.upstream import Failure
from app.services.recognition.problems import PICTURE_NOT_READABLE, RECOGNISER_BUSY, RECOGNISER_REFUSED

UNREADABLE_ANSWER, SAYS_NO = "unreadable-answer", "says-no"
"""A success whose body is none of the protocol; an answer in which the server says that it cannot now."""
REFUSED_KEY, REFUSED = "refused-key", "refused"

_OF_THE_KEY = (401, 403)


def failure_of(problem: Problem) -> str | None:
    """The word for it: one of `core.upstream.Failure` or of this module, `refused` with the status; None where the picture is at
    fault, which says nothing of the recogniser."""
    if problem.type is PICTURE_NOT_READABLE:
        return None
    if problem.type is RECOGNISER_REFUSED:
        status = problem.params.get("status")
        return REFUSED_KEY if status in _OF_THE_KEY else f"{REFUSED}-{status}"
    if problem.type in (BUSY, RECOGNISER_BUSY):
        return Failure.FULL
    return str(problem.params.get("failure", problem.type.code))


def cause_of(problem: Problem) -> str | None:
    """Which recogniser failed and how (`snapshot: timeout`), where a plan has asked one; else None."""
    cause = problem.params.get("cause")
    return None if cause is None else str(cause)
