"""The three networks of the embedded recogniser.

Two are PP-OCRv6 small, whose weights (Apache-2.0) lie in rapidocr's wheel; only the weights are taken from there, for importing
rapidocr itself would load a pipeline that we do not use. The third is ours, trained on drawn plates (docs/plate-reader.md).
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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

_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="networks")
"""Where all networks are loaded and run, whoever asks: the thread that loads the first one takes numbers next to zero as zero ever after
(`_load`), which no other code of this process should meet, and whoever runs a network should."""


class WeightsMissing(RuntimeError):
    """The extra `[anpr]` is not installed, or in a version without the weights."""


class TextDetector:
    """Marks the pixels that lie inside text (differentiable binarisation, arXiv 1911.08947)."""

    def __init__(self, *, threads: int) -> None:
        self._session = _session("det_small", threads)
        self._input: str = self._session.get_inputs()[0].name

    def score_map(self, picture: Picture) -> Floats:
        """Belief per pixel, 0 to 1; both sides of `picture` are multiples of 32."""
        # Laid out as the network takes it, once: its own copy beside ours would be there while it takes most.
        scaled = np.empty((1, 3, *picture.shape[:2]), dtype=np.float32)
        np.divide(picture.transpose(2, 0, 1), np.float32(127.5), out=scaled[0])
        scaled -= 1
        return np.asarray(_run(self._session, self._input, scaled)[0, 0], dtype=np.float32)


class LineReader:
    """Reads level strips of text: probabilities of each character along the strip (CTC)."""

    def __init__(self, *, threads: int) -> None:
        self._session = _session("rec_small", threads)
        self._input: str = self._session.get_inputs()[0].name
        columns = self._run([np.zeros((LINE_HEIGHT, _NARROWEST, 3), np.uint8)]).shape[2]
        self.alphabet = self._alphabet(columns)

    def probabilities(self, strips: Sequence[Picture]) -> Iterator[tuple[int, Floats]]:
        """For each strip its place among `strips` and an array (time, alphabet), as they are read: strips of like width share a run. Of a
        street's worth of lines all arrays together would take more than the networks."""
        by_width = sorted(range(len(strips)), key=lambda i: strips[i].shape[1])
        for start in range(0, len(by_width), _BATCH):
            part = by_width[start : start + _BATCH]
            yield from zip(part, self._run([strips[i] for i in part]), strict=True)

    def _run(self, strips: Sequence[Picture]) -> Floats:
        width = max(_NARROWEST, *(strip.shape[1] for strip in strips))
        batch = np.zeros((len(strips), 3, LINE_HEIGHT, width), dtype=np.float32)
        for row, strip in enumerate(strips):
            batch[row, :, :, : strip.shape[1]] = strip.transpose(2, 0, 1) / np.float32(127.5) - 1
        return _run(self._session, self._input, batch)

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
        return np.asarray(_run(self._session, "beliefs", seen)[0], dtype=np.float32)


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
    return _THREAD.submit(_load, path, threads).result()


def _run(session: onnxruntime.InferenceSession, name: str, batch: Floats) -> Floats:
    return np.asarray(_THREAD.submit(session.run, None, {name: batch}).result()[0], dtype=np.float32)


def _load(path: Path, threads: int) -> onnxruntime.InferenceSession:
    _share_arena()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Every picture has another size; a plan of memory kept for each would add up (801 MB at most, 642 without).
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.use_env_allocators", "1")
    # Where a layer has learned nothing it gives numbers next to zero (denormals), on which a processor is some hundred times slower: of a look
    # for lines two thirds of the time went into two layers. Taken as zero they give the same beliefs, bit for bit.
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    # Between two layers its threads would spin and take the processor from those who serve requests.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
