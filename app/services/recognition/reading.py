"""What a recogniser answers, whichever one it is."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels of the picture as people see it (turned as its EXIF says)."""

    x_min: int
    y_min: int
    x_max: int
    y_max: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another plate that the same characters may stand for, in canonical form."""

    plate: str
    confidence: float


@dataclass(frozen=True, slots=True)
class PlateReading:
    """One plate in the picture. `plate` is canonical (`B1234XYZ`); a plate that is not Indonesian comes as
    the backend wrote it, in upper case without spaces. `confidence` is 0 to 1. `region` is the country code
    that the backend names (`id`), empty when it names none. `raw` is what was printed before the grammar had
    its say."""

    plate: str
    confidence: float
    box: Box
    region: str
    alternatives: tuple[Alternative, ...]
    raw: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All plates found in one picture, the best first; none is an answer too."""

    results: tuple[PlateReading, ...]
    backend: str
    elapsed_ms: int


class Recogniser(Protocol):
    """Reads plates. Every backend passes `tests/services/recognition/test_conformance.py`."""

    decodes_elsewhere: bool
    """Whether somebody else opens the picture: then nobody here has to prove first that it can be opened."""

    async def warm_up(self) -> None:
        """Load what is heavy, so that the first citizen does not wait for it. Problems are not raised
        here."""

    async def read(self, image: bytes) -> Reading:
        """The plates in a JPEG, PNG or WebP file. Raises RECOGNISER_BUSY or UPSTREAM_UNAVAILABLE (503 with
        Retry-After) when it cannot read now, PICTURE_NOT_READABLE (422) when no picture can be made of the
        bytes, RECOGNISER_REFUSED (502) when a backend refuses us."""

    async def aclose(self) -> None:
        """Give back threads and connections."""
