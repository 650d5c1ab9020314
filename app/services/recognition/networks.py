"""The three networks of the embedded recogniser.

Two are PP-OCRv6 small, whose weights (Apache-2.0) lie in rapidocr's wheel; only the weights are taken from there, for importing
rapidocr itself would load a pipeline that we do not use. The third is ours, trained on drawn plates (docs/plate-reader.md).
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app.services.recognition.lines import LINE_HEIGHT, Picture

Floats = NDArray[np.float32]

PLATE_FONT = Path(__file__).parent / "weights" / "plate_font.onnx"

_LATIN_END = 0x250
"""The first code point after Latin's."""

_BATCH = 4
_NARROWEST = 160


class WeightsMissing(RuntimeError):
    """The extra `[anpr]` is not installed, or in a version without the weights."""


class TextDetector:
    """Marks the pixels that lie inside text (differentiable binarisation, arXiv 1911.08947)."""

    def __init__(self, *, threads: int) -> None:
        self._session = _session("det_small", threads)
        self._input: str = self._session.get_inputs()[0].name

    def score_map(self, picture: Picture) -> Floats:
        """Belief per pixel, 0 to 1; both sides of `picture` are multiples of 32."""
        scaled = picture.astype(np.float32) / 127.5 - 1
        scores = self._session.run(None, {self._input: scaled.transpose(2, 0, 1)[None]})[0]
        return np.asarray(scores[0, 0], dtype=np.float32)


class LineReader:
    """Reads level strips of text: probabilities of each character along the strip (CTC)."""

    def __init__(self, *, threads: int) -> None:
        self._session = _session("rec_small", threads)
        self._input: str = self._session.get_inputs()[0].name
        columns = self.probabilities([np.zeros((LINE_HEIGHT, _NARROWEST, 3), np.uint8)])[0].shape[1]
        self.alphabet = self._alphabet(columns)

    def probabilities(self, strips: Sequence[Picture]) -> list[Floats]:
        """For each strip an array (time, alphabet); strips of like width share a run."""
        read: dict[int, Floats] = {}
        by_width = sorted(range(len(strips)), key=lambda i: strips[i].shape[1])
        for start in range(0, len(by_width), _BATCH):
            part = by_width[start : start + _BATCH]
            width = max(_NARROWEST, *(strips[i].shape[1] for i in part))
            batch = np.zeros((len(part), 3, LINE_HEIGHT, width), dtype=np.float32)
            for row, i in enumerate(part):
                batch[row, :, :, : strips[i].shape[1]] = strips[i].transpose(2, 0, 1) / np.float32(127.5) - 1
            answers = np.asarray(self._session.run(None, {self._input: batch})[0], dtype=np.float32)
            read.update(zip(part, answers, strict=True))
        return [read[i] for i in range(len(strips))]

    def _alphabet(self, columns: int) -> list[str]:
        characters = self._session.get_modelmeta().custom_metadata_map["character"].split("\n")
        while characters and not characters[-1]:
            characters.pop()
        return ["", *characters, *" " * (columns - 1 - len(characters))]


class PlateFont:
    """What the line reader's beliefs mean on a plate, whose letters it never learned: beliefs in `symbols`, the CTC gap first."""

    def __init__(self, alphabet: Sequence[str], *, threads: int) -> None:
        self._session = _open(PLATE_FONT, threads)
        known = self._session.get_modelmeta().custom_metadata_map
        self.symbols: str = known["symbols"]
        self._columns = latin(alphabet)
        if [alphabet[column] for column in self._columns] != json.loads(known["characters"]):
            raise WeightsMissing(
                f"{PLATE_FONT.name} was trained with another version of rapidocr's weights; train it again"
            )

    def beliefs(self, probabilities: Floats) -> Floats:
        """For one line's (time, alphabet) an array (time, symbols)."""
        seen = np.ascontiguousarray(probabilities[None, :, self._columns], dtype=np.float32)
        return np.asarray(self._session.run(None, {"beliefs": seen})[0][0], dtype=np.float32)


def latin(alphabet: Sequence[str]) -> list[int]:
    """Columns of the gap and of all Latin characters, digits and signs."""
    return [0, *(i for i, sign in enumerate(alphabet) if i and len(sign) == 1 and ord(sign) < _LATIN_END)]


def _session(part: str, threads: int) -> onnxruntime.InferenceSession:
    package = find_spec("rapidocr")
    if package is None or package.origin is None:
        raise WeightsMissing("the embedded recogniser needs the extra: pip install 'loket[anpr]'")
    found = sorted(Path(package.origin).parent.glob(f"models/*{part}.onnx"))
    if not found:
        raise WeightsMissing(f"rapidocr holds no weights named *{part}.onnx; install the locked version")
    return _open(found[0], threads)


@cache
def _share_arena() -> None:
    """One arena for all networks of this process: they run one after the other, and each would keep the most that it ever took."""
    kind, use = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
    memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, use)
    onnxruntime.create_and_register_allocator(memory, onnxruntime.OrtArenaCfg(0, -1, -1, -1))


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    _share_arena()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Every picture has another size; a plan of memory kept for each would add up (801 MB at most, 642 without).
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.use_env_allocators", "1")
    # Between two layers its threads would spin and take the processor from those who serve requests.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
