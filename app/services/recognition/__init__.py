"""Recognition: reads plates from pictures, through one small protocol with several backends."""

from app.services.recognition.choice import UnknownRecogniser, choose_recogniser
from app.services.recognition.problems import DEADLINE_PASSED, PICTURE_NOT_READABLE, RECOGNISER_BUSY, RECOGNISER_REFUSED
from app.services.recognition.reading import Alternative, Box, PlateReading, Reading, Recogniser

__all__ = [
    "DEADLINE_PASSED",
    "PICTURE_NOT_READABLE",
    "RECOGNISER_BUSY",
    "RECOGNISER_REFUSED",
    "Alternative",
    "Box",
    "PlateReading",
    "Reading",
    "Recogniser",
    "UnknownRecogniser",
    "choose_recogniser",
]
