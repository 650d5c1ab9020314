"""Drawn lines as the general reader sees them, kept on disk: reading them is most of the work of training."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.sandbox.plate_lines import drawn_line
from app.services.recognition.networks import LineReader, latin

TRYING, TRAINING = 1, 2
"""Worlds of drawn lines that share no line (tests draw from world 0)."""

PART = 500
_AT_ONCE = 20

Read = tuple[NDArray[np.float16], str]
"""Logarithms of the beliefs in Latin characters (places, columns), and what stands on the line."""


class ReadLines:
    """Lines of a world in parts of `PART`, each read once and then taken from `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: LineReader | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def part(self, world: int, number: int) -> list[Read]:
        """Lines `number * PART` and on."""
        kept = self._folder / f"{world}-{number:04}.npz"
        if not kept.exists():
            self._write(kept, list(self._read(world, number)))
        with np.load(kept) as stored:
            ends = np.cumsum(stored["places"])[:-1]
            return list(zip(np.split(stored["logarithms"], ends), stored["texts"].tolist(), strict=True))

    def _read(self, world: int, number: int) -> Iterator[Read]:
        cv2.setNumThreads(1)
        self._reader = self._reader or LineReader(threads=1)
        columns = latin(self._reader.alphabet)
        for start in range(number * PART, (number + 1) * PART, _AT_ONCE):
            lines = [drawn_line(start + place, world=world) for place in range(_AT_ONCE)]
            beliefs = dict(self._reader.probabilities([line.strip for line in lines]))
            for place, line in enumerate(lines):
                yield np.log(np.maximum(beliefs[place][:, columns], 1e-30)).astype(np.float16), line.text

    @staticmethod
    def _write(kept: Path, read: list[Read]) -> None:
        unfinished = kept.with_suffix(".new.npz")
        np.savez(
            unfinished,
            logarithms=np.concatenate([logarithms for logarithms, _ in read]),
            places=np.array([len(logarithms) for logarithms, _ in read]),
            texts=np.array([text for _, text in read]),
        )
        unfinished.replace(kept)
