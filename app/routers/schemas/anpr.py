"""What cameras send and are answered."""

from dataclasses import asdict
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.services.cameras import CaptureState, CaptureView, EvidenceFileView
from app.services.recognition import (
    Alternative,
    Box,
    PlateLook,
    PlateReading,
    ReadCharacter,
    Reading,
    Validity,
    read_characters,
)
from app.services.reference import PlateColour, PlateUse


class BoxItem(BaseModel):
    """An upright rectangle in pixels of the picture as people see it (turned as its EXIF says)."""

    x_min: int
    y_min: int
    x_max: int
    y_max: int

    @classmethod
    def of(cls, box: Box) -> Self:
        """From the room's box."""
        return cls(x_min=box.x_min, y_min=box.y_min, x_max=box.x_max, y_max=box.y_max)


class AlternativeItem(BaseModel):
    """Another plate that the same characters may stand for."""

    plate: str = Field(examples=["B1234XVZ"])
    confidence: float = Field(ge=0, le=1)

    @classmethod
    def of(cls, alternative: Alternative) -> Self:
        """From the room's alternative."""
        return cls(plate=alternative.plate, confidence=alternative.confidence)


CHARACTERS = "The letters and digits of the plate, each with its own confidence; empty where the recogniser has none."


class CharacterItem(BaseModel):
    """One letter or digit of the plate. `others` may stand there as well, likeliest first; they are named where it is `doubtful`."""

    character: str = Field(examples=["Q"])
    confidence: float = Field(ge=0, le=1)
    doubtful: bool = Field(description="A person should look at this place again.")
    others: list[str] = Field(examples=[["O"]])

    @classmethod
    def of(cls, read: ReadCharacter) -> Self:
        """From the room's character."""
        return cls(
            character=read.character, confidence=read.confidence, doubtful=read.doubtful, others=list(read.others)
        )


class LookItem(BaseModel):
    """The colours of the plate and what they say about the vehicle (Perpol 7/2021 art. 45)."""

    ground: PlateColour
    letters: PlateColour
    use: PlateUse = Field(description="`unknown` where the picture does not show it.")
    confidence: float = Field(ge=0, le=1, description="Of the colours.")
    electric: bool = Field(description="The blue strip at the lower edge was seen; that it was not says nothing.")

    @classmethod
    def of(cls, look: PlateLook | None) -> Self | None:
        """From the room's look."""
        return None if look is None else cls(**asdict(look))


class ValidityItem(BaseModel):
    """The last month in which the plate is valid, as its second line says."""

    month: str = Field(examples=["2028-03"])
    confidence: float = Field(ge=0, le=1)

    @classmethod
    def of(cls, validity: Validity | None) -> Self | None:
        """From the room's validity."""
        return None if validity is None else cls(month=str(validity), confidence=validity.confidence)


LOOK = "null where the recogniser says nothing of colours."
VALIDITY = "null where it cannot be read."


class PlateItem(BaseModel):
    """One plate in the picture."""

    plate: str = Field(description="Upper case, no spaces.", examples=["B1234XYZ"])
    confidence: float = Field(ge=0, le=1)
    box: BoxItem
    region: str = Field(description="Country code that the backend names; empty when it names none.", examples=["id"])
    alternatives: list[AlternativeItem] = Field(description="Likeliest first.")
    characters: list[CharacterItem] = Field(description=CHARACTERS)
    look: LookItem | None = Field(description=LOOK)
    validity: ValidityItem | None = Field(description=VALIDITY)

    @classmethod
    def of(cls, plate: PlateReading) -> Self:
        """From the room's reading of a plate."""
        read = read_characters(plate.plate, plate.characters, [other.plate for other in plate.alternatives])
        return cls(
            plate=plate.plate,
            confidence=plate.confidence,
            box=BoxItem.of(plate.box),
            region=plate.region,
            alternatives=[AlternativeItem.of(alternative) for alternative in plate.alternatives],
            characters=[CharacterItem.of(each) for each in read],
            look=LookItem.of(plate.look),
            validity=ValidityItem.of(plate.validity),
        )


class RecognitionAnswer(BaseModel):
    """The plates in one picture, the best first; an empty list when there is none."""

    results: list[PlateItem]
    backend: str = Field(examples=["embedded"])
    elapsed_ms: int

    @classmethod
    def of(cls, reading: Reading) -> Self:
        """From the room's reading."""
        results = [PlateItem.of(plate) for plate in reading.results]
        return cls(results=results, backend=reading.backend, elapsed_ms=reading.elapsed_ms)


class CaptureAccepted(BaseModel):
    """The capture is kept, and read next. The same message again is answered with the same id."""

    id: UUID
    state: CaptureState

    @classmethod
    def of(cls, capture: CaptureView) -> Self:
        """From the room's capture."""
        return cls(id=capture.id, state=capture.state)


class CaptureImage(BaseModel):
    """One picture, or the film, as it was stored, byte for byte."""

    sha256: str
    media_type: str
    width: int
    height: int

    @classmethod
    def of(cls, file: EvidenceFileView) -> Self:
        """From the room's file."""
        return cls(sha256=file.sha256, media_type=file.media_type, width=file.width, height=file.height)


class CaptureItem(BaseModel):
    """A capture as its own camera may see it: what was kept and how far it is. What becomes of the case is not
    told here."""

    id: UUID
    state: CaptureState
    capture_id: str | None
    captured_at: datetime
    received_at: datetime
    violation: str
    location: str
    images: list[CaptureImage]
    video: CaptureImage | None = None

    @classmethod
    def of(cls, capture: CaptureView) -> Self:
        """From the room's capture."""
        return cls(
            id=capture.id,
            state=capture.state,
            capture_id=capture.capture_id,
            captured_at=capture.captured_at,
            received_at=capture.received_at,
            violation=capture.violation_code,
            location=capture.location,
            images=[CaptureImage.of(file) for file in capture.files],
            video=None if capture.video is None else CaptureImage.of(capture.video),
        )
