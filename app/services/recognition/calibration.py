"""From belief to probability: how often a reading, or a character of it, with that belief is right.

A network's belief is no probability: of characters believed at 0.65 ninety-nine in a hundred are right. Platt's map (J. Platt,
1999), a straight line between the logarithms of the odds, mends it with two numbers. Both were fitted five times on four fifths of the plates
and tried on the fifth; here stands the mean of the five fits, and docs/plate-reader.md what they were worth on plates that they had not seen.
"""

import math
from dataclasses import dataclass

_NEARLY = 1e-4
"""Nothing read is surer, or less sure, than one in ten thousand: that much no set of pictures shows."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """log odds of being right = `intercept` + `slope` * log odds of the belief."""

    intercept: float
    slope: float

    def __call__(self, belief: float) -> float:
        """The probability, 0 to 1; more belief is never less."""
        kept = min(1 - _NEARLY, max(_NEARLY, belief))
        odds = self.intercept + self.slope * math.log(kept / (1 - kept))
        return min(1 - _NEARLY, max(_NEARLY, 1 / (1 + math.exp(-odds))))


OF_PLATES = Calibration(intercept=2.19, slope=1.85)
OF_CHARACTERS = Calibration(intercept=2.81, slope=2.15)
