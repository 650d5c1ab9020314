"""What a recogniser is asked and what it answers, whichever one it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.services.reference import PlateColour, PlateUse


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a picture before it is read. A recogniser uses what it can and may use nothing.

    `camera` is the camera's client id, `polda` the code of the Polda to which its unit belongs: by these two the plan is chosen (docs/recognisers.md). `regions`
    are country codes of plates to expect, likeliest first."""

    camera: str | None = None
    polda: str | None = None
    captured_at: datetime | None = None
    regions: tuple[str, ...] = ("id",)


NO_HINTS = Hints()


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels of the picture as people see it (turned as its EXIF says)."""

    x_min: int
    y_min: int
    x_max: int
    y_max: int

    def overlaps(self, other: "Box") -> bool:
        """Whether the two share a pixel."""
        across = self.x_min < other.x_max and other.x_min < self.x_max
        return across and self.y_min < other.y_max and other.y_min < self.y_max

    def share_with(self, other: "Box") -> float:
        """How much of what the two cover together both cover, 0 to 1."""
        across = min(self.x_max, other.x_max) - max(self.x_min, other.x_min)
        down = min(self.y_max, other.y_max) - max(self.y_min, other.y_min)
        if across <= 0 or down <= 0:
            return 0.0
        both = across * down
        return both / (self._area + other._area - both)

    @property
    def _area(self) -> int:
        return (self.x_max - self.x_min) * (self.y_max - self.y_min)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another plate that the same characters may stand for, in canonical form."""

    plate: str
    confidence: float


@dataclass(frozen=True, slots=True)
class VehicleTraits:
    """What was seen of the vehicle around the plate, in the backend's own words; None where it says nothing.
    `orientation` is the side that the camera saw (front, rear)."""

    kind: str | None = None
    make: str | None = None
    model: str | None = None
    colour: str | None = None
    orientation: str | None = None


@dataclass(frozen=True, slots=True)
class PlateLook:
    """The colours of a plate and what they say about its vehicle; `unknown` where the picture does not show it. `confidence` (0 to 1) is
    that of the colours. `electric`: the blue strip at the lower edge was seen; that it was not says nothing."""

    ground: PlateColour = PlateColour.UNKNOWN
    letters: PlateColour = PlateColour.UNKNOWN
    use: PlateUse = PlateUse.UNKNOWN
    confidence: float = 0.0
    electric: bool = False


@dataclass(frozen=True, slots=True)
class Validity:
    """The last month in which the plate is valid, as its second line says (`MM.YY`), and how sure the reading is (0 to 1)."""

    month: int
    year: int
    confidence: float

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True, slots=True)
class PlateReading:
    """One plate in the picture. `plate` is canonical (`B1234XYZ`); a plate that is not Indonesian comes as
    the backend wrote it, in upper case without spaces. `confidence` is 0 to 1. `region` is the country code
    that the backend names (`id`), empty when it names none. `raw` is what was printed before the grammar had
    its say. `characters` holds a confidence for each character of `plate`; empty where the backend has none."""

    plate: str
    confidence: float
    box: Box
    region: str
    alternatives: tuple[Alternative, ...]
    raw: str
    characters: tuple[float, ...] = ()
    vehicle: VehicleTraits | None = None
    look: PlateLook | None = None
    """The plate's own colours; None where the backend says nothing of them."""
    validity: Validity | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """What one of several readers said: its best plate, None when it saw none."""

    backend: str
    plate: str | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Reading:
    """All plates found in one picture, the best first; none is an answer too. `votes` holds what each reader
    said where several were asked."""

    results: tuple[PlateReading, ...]
    backend: str
    elapsed_ms: int
    votes: tuple[Vote, ...] = ()


class Recogniser(Protocol):
    """Reads plates. Every backend passes `tests/services/recognition/test_conformance.py`."""

    decodes_elsewhere: bool
    """Whether somebody else opens the picture: then nobody here has to prove first that it is whole and no bomb."""

    async def warm_up(self) -> None:
        """Load what is heavy, so that the first citizen does not wait for it. Problems are not raised
        here."""

    async def read(self, image: bytes, hints: Hints = NO_HINTS) -> Reading:
        """The plates in a JPEG, PNG or WebP file. Raises RECOGNISER_BUSY, BUSY or UPSTREAM_UNAVAILABLE (503 with
        Retry-After) when it cannot read now, PICTURE_NOT_READABLE (422) when no picture can be made of the
        bytes, RECOGNISER_REFUSED (502) when a backend refuses us."""

    async def aclose(self) -> None:
        """Give back threads and connections; a second time does nothing."""
