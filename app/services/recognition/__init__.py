"""Recognition: reads plates from pictures, through one small protocol with several backends; which of them, a plan says."""

from app.services.recognition.choice import choose_recogniser
from app.services.recognition.configuration import RecogniserConfig, RecogniserFault
from app.services.recognition.doubts import ReadCharacter, read_characters
from app.services.recognition.failures import cause_of
from app.services.recognition.hints import hints_for
from app.services.recognition.known_cameras import KnownCamera, KnownCameras
from app.services.recognition.places import can_find_places, find_places
from app.services.recognition.planned import PlannedRecogniser
from app.services.recognition.problems import DEADLINE_PASSED, PICTURE_NOT_READABLE, RECOGNISER_BUSY, RECOGNISER_REFUSED
from app.services.recognition.reading import (
    NO_HINTS,
    Alternative,
    Box,
    Hints,
    PlateLook,
    PlateReading,
    Reading,
    Recogniser,
    Validity,
    VehicleTraits,
    Vote,
)

__all__ = [
    "DEADLINE_PASSED",
    "NO_HINTS",
    "PICTURE_NOT_READABLE",
    "RECOGNISER_BUSY",
    "RECOGNISER_REFUSED",
    "Alternative",
    "Box",
    "Hints",
    "KnownCamera",
    "KnownCameras",
    "PlannedRecogniser",
    "PlateLook",
    "PlateReading",
    "ReadCharacter",
    "Reading",
    "Recogniser",
    "RecogniserConfig",
    "RecogniserFault",
    "Validity",
    "VehicleTraits",
    "Vote",
    "can_find_places",
    "cause_of",
    "choose_recogniser",
    "find_places",
    "hints_for",
    "read_characters",
]
