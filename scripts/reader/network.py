"""What is trained: a small network that knows what the general reader's beliefs mean on an Indonesian plate.

The general reader (PP-OCRv6) gives a belief in each of 18,710 characters for each place along a line. Those in Latin characters are
what this network sees; it gives beliefs in the 36 characters of a plate and in a gap. It learns, from drawn plates alone, that a
slashed ring is an O and a plain one among the letters a Q, that the open 4 is no 6, and where frames and bolts are no letters.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float32]

SYMBOLS = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Columns of what comes out; the first is the CTC gap."""

_LEAST = 1e-30
_FLOOR = -16.0
"""Logarithms below are noise."""

_KEPT = 128
_CHANNELS = 128


class PlateFont(nn.Module):
    """Beliefs in `characters` (lines, places, columns) to beliefs in `SYMBOLS` (lines, places, 37); some 125,000 weights.

    Logarithms are brought to `_KEPT` uncorrelated features of like size first; without this it learns little. The general reader's
    own belief in each symbol goes straight through, so that an untrained network reads as the general reader does."""

    def __init__(self, characters: list[str], middle: Floats, projection: Floats) -> None:
        super().__init__()
        self.register_buffer("middle", torch.from_numpy(middle))
        self.register_buffer("projection", torch.from_numpy(projection))
        own = [0, *(characters.index(symbol) for symbol in SYMBOLS[1:])]
        self.register_buffer("own", torch.tensor(own))
        self.near = nn.Conv1d(_KEPT, _CHANNELS, 3, padding=1)
        self.far = nn.Conv1d(_CHANNELS, _CHANNELS, 5, padding=2)
        self.out = nn.Conv1d(_CHANNELS, len(SYMBOLS), 1)
        self.straight = nn.Conv1d(_KEPT, len(SYMBOLS), 1)
        self.gain = nn.Parameter(torch.ones(len(SYMBOLS), 1))
        self.drop = nn.Dropout(0.2)
        for layer in (self.out, self.straight):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, beliefs: Tensor) -> Tensor:
        """Beliefs to beliefs, for whole lines."""
        return self.read(self.features(torch.log(beliefs.clamp(min=_LEAST)))).exp()

    def features(self, logarithms: Tensor) -> Tensor:
        """What `read` wants: each symbol's own logarithm, then the uncorrelated features."""
        clamped = logarithms.clamp(min=_FLOOR)
        return torch.cat([clamped[..., self.own], (clamped - self.middle) @ self.projection], dim=-1)

    def read(self, features: Tensor, inside: Tensor | None = None) -> Tensor:
        """Logarithms of beliefs in `SYMBOLS`; `inside` (lines, places) is 1 where a line is and 0 where it is filled up."""
        across = features.transpose(1, 2)
        mask = torch.ones(1) if inside is None else inside[:, None]
        own, rest = across[:, : len(SYMBOLS)], across[:, len(SYMBOLS) :] * mask
        seen = self.drop(torch.relu(self.near(rest)) * mask)
        seen = (seen + torch.relu(self.far(seen))) * mask
        answer = own * self.gain + self.straight(rest) + self.out(self.drop(seen))
        return torch.log_softmax(answer.transpose(1, 2), dim=2)


def uncorrelated(logarithms: Floats) -> tuple[Floats, Floats]:
    """Middle and projection (principal components, scaled) of many places' logarithms (places, columns)."""
    clamped = np.maximum(logarithms, _FLOOR)
    middle = clamped.mean(axis=0)
    spread, directions = np.linalg.eigh(np.cov((clamped - middle).T))
    strongest = np.argsort(spread)[::-1][:_KEPT]
    projection = directions[:, strongest] / np.sqrt(spread[strongest] + 0.05)
    return middle.astype(np.float32), projection.astype(np.float32)
