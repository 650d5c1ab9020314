"""The one normal form: what a camera told of one vehicle, whichever vendor's words it used."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from app.core.texts import Text

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the first picture."""


@dataclass(frozen=True, slots=True)
class Push:
    """A message as it came. `zone` is where the camera stands: most send local time without saying so. `confidence_of` is what
    its confidence is out of where that is the device's own affair."""

    body: bytes = field(repr=False)
    content_type: str
    zone: tzinfo
    confidence_of: int | None = None


@dataclass(frozen=True, slots=True)
class SeenVehicle:
    """What the camera says of the vehicle, in the vendor's words; empty where it says nothing."""

    kind: str = ""
    make: str = ""
    model: str = ""
    colour: str = ""
    view: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle passed one camera. `event` is the same for every repetition of the message. Times are aware; `plate` is
    upper case letters and digits, None when unread; confidences are 0 to 1; speed is km/h. `pictures`: the whole scene
    first. `late`: sent again after an outage, so that its delay says nothing of the camera's clock."""

    event: str
    captured_at: datetime
    plate: str | None
    confidence: float | None = None
    characters: tuple[float, ...] = ()
    alternatives: tuple[tuple[str, float | None], ...] = ()
    box: Box | None = None
    region: str = ""
    vehicle: SeenVehicle = SeenVehicle()
    camera: str = ""
    direction: str = ""
    lane: str | None = None
    speed_kmh: float | None = None
    late: bool = False
    pictures: tuple[bytes, ...] = field(default=(), repr=False)


class NotAPassage(Exception):
    """A heartbeat, or an event that is about no vehicle: answered with 200 and counted under `kind`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class BadPush(Exception):
    """The message does not follow the vendor's form; the engineer at the camera reads why."""

    def __init__(self, id: str, en: str) -> None:
        super().__init__(en)
        self.why = Text(id, en)
