"""Trains the plate reader on drawn lines alone: `make train-reader`, on any processor, in some twenty minutes.

Stopped and started again it goes on: lines that were read lie in the folder, and so does the network after each round. Progress is
in `log.csv` beside them. In the end `plate_font.onnx` is written, which the product reads.
"""

import argparse
import csv
import hashlib
import json
import os
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from app.services.recognition.networks import LineReader, latin
from scripts.reader.lines import PART, TRAINING, TRYING, Read, ReadLines
from scripts.reader.network import SYMBOLS, PlateFont, uncorrelated

SEED = 1
_FIRST_WEIGHTS = 67_280_421_310_721
"""torch's own default seed."""

LINES, ROUNDS = 20_000, 6
WEIGHTS = Path("app/services/recognition/weights/plate_font.onnx")

_BATCH = 64
_HIGHEST_RATE, _WARM_UP, _DECAY = 1e-3, 50, 0.02
_MEASURED = 4_000
"""Lines from which the features are measured."""

_COLUMNS = ("round", "lines", "seconds", "loss", "untrained_loss", "plates_right", "character_errors")

Known = tuple[Tensor, str]
"""Features of a line, and what stands on it."""


class Training:
    """The network and how many rounds it has seen."""

    def __init__(self, folder: Path, font: PlateFont) -> None:
        self._checkpoint = folder / "checkpoint.pt"
        self.font = font
        self.optimiser = torch.optim.AdamW(font.parameters(), weight_decay=_DECAY)
        self.rounds = 0
        if self._checkpoint.exists():
            saved = torch.load(self._checkpoint, weights_only=True)
            self.font.load_state_dict(saved["font"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.rounds = saved["rounds"]

    def round(self, known: list[Known], rounds: int) -> float:
        """Every line once, in an order that the round decides; the mean loss."""
        torch.manual_seed(SEED * 1000 + self.rounds)
        order = torch.randperm(len(known)).tolist()
        batches = len(known) // _BATCH
        losses = []
        self.font.train()
        for number in range(batches):
            done = self.rounds * batches + number
            share = min(1.0, (done + 1) / _WARM_UP) * max(0.0, 1 - done / (batches * rounds))
            for group in self.optimiser.param_groups:
                group["lr"] = _HIGHEST_RATE * share
            chosen = [known[place] for place in order[number * _BATCH : (number + 1) * _BATCH]]
            loss = _loss(self.font, chosen)[0]
            self.optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.font.parameters(), 5.0)
            self.optimiser.step()
            losses.append(float(loss.detach()))
        self.rounds += 1
        self._save()
        return float(np.mean(losses))

    def _save(self) -> None:
        kept = {"font": self.font.state_dict(), "optimiser": self.optimiser.state_dict(), "rounds": self.rounds}
        torch.save(kept, self._checkpoint.with_suffix(".new"))
        self._checkpoint.with_suffix(".new").replace(self._checkpoint)


def _loss(font: PlateFont, known: list[Known]) -> tuple[Tensor, Tensor, Tensor]:
    """The loss, the logarithms of beliefs, and the lengths of the lines."""
    lengths = torch.tensor([len(features) for features, _ in known])
    together = nn.utils.rnn.pad_sequence([features.float() for features, _ in known], batch_first=True)
    inside = (torch.arange(together.shape[1])[None] < lengths[:, None]).float()
    beliefs = font.read(together, inside)
    targets = torch.tensor([SYMBOLS.index(symbol) for _, text in known for symbol in text], dtype=torch.long)
    written = torch.tensor([len(text) for _, text in known])
    loss = nn.functional.ctc_loss(beliefs.transpose(0, 1), targets, lengths, written, zero_infinity=True)
    return loss, beliefs, lengths


@torch.no_grad()
def tried(font: PlateFont, known: list[Known]) -> tuple[float, float, float]:
    """Loss, share of whole lines right and of characters wrong, without any grammar."""
    font.eval()
    losses, right, wrong = [], 0, 0
    for start in range(0, len(known), _BATCH):
        part = known[start : start + _BATCH]
        loss, beliefs, lengths = _loss(font, part)
        losses.append(float(loss))
        for belief, length, (_, text) in zip(beliefs, lengths, part, strict=True):
            columns = belief[:length].argmax(dim=1).tolist()
            read = "".join(SYMBOLS[c] for before, c in pairwise([0, *columns]) if c and c != before)
            right += read == text
            wrong += _distance(read, text)
    return float(np.mean(losses)), right / len(known), wrong / sum(len(text) for _, text in known)


def _distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        above, row = row, [i]
        for j, b in enumerate(other, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1]


def _features(font: PlateFont, read: list[Read]) -> list[Known]:
    return [(font.features(torch.from_numpy(logs.astype(np.float32))).half(), text) for logs, text in read]


def export(font: PlateFont, characters: list[str], path: Path, facts: dict[str, object]) -> None:
    """The network as ONNX, with its columns in the file."""
    import onnx  # only here; the rest runs without it

    font.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    names = {"input_names": ["beliefs"], "output_names": ["read"]}
    axes = {name: {0: "lines", 1: "places"} for name in ("beliefs", "read")}
    example = torch.full((2, 25, len(characters)), 1 / len(characters))
    torch.onnx.export(font, (example,), str(path), dynamo=False, opset_version=17, dynamic_axes=axes, **names)
    model = onnx.load(path)
    entries = {"characters": json.dumps(characters), "symbols": SYMBOLS, "training": json.dumps(facts)}
    onnx.helper.set_model_props(model, entries)
    onnx.save(model, path)
    print(f"{path}: {path.stat().st_size} bytes, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


def train(folder: Path, *, lines: int, rounds: int, weights: Path) -> None:
    """Read the lines, go on until `rounds` rounds are seen, and write `weights`."""
    store = ReadLines(folder / "lines")
    alphabet = LineReader(threads=1).alphabet
    characters = [alphabet[column] for column in latin(alphabet)]
    parts = lines // PART
    first = [logs for number in range(min(parts, _MEASURED // PART)) for logs, _ in store.part(TRAINING, number)]
    torch.manual_seed(_FIRST_WEIGHTS)
    font = PlateFont(characters, *uncorrelated(np.concatenate(first).astype(np.float32)))
    training = Training(folder, font)
    unseen = _features(font, store.part(TRYING, 0) + store.part(TRYING, 1))
    known: list[Known] = []
    for number in range(parts):
        known += _features(font, store.part(TRAINING, number))
        if number % 10 == 9:
            print(f"{len(known)} of {lines} lines are read", flush=True)
    known = [(features, text) for features, text in known if len(text) <= len(features)]
    log = folder / "log.csv"
    if not training.rounds:
        log.write_text(",".join(_COLUMNS) + "\n", encoding="utf-8")
        _note(log, (0, 0, 0, "", *(round(figure, 4) for figure in tried(font, unseen))))
    started = time.monotonic()
    while training.rounds < rounds:
        loss = training.round(known, rounds)
        seconds = round(time.monotonic() - started)
        figures = (round(figure, 4) for figure in tried(font, unseen))
        _note(log, (training.rounds, training.rounds * len(known), seconds, round(loss, 4), *figures))
    export(font, characters, weights, {"seed": SEED, "lines": lines, "rounds": rounds})


def _note(log: Path, row: tuple[object, ...]) -> None:
    with log.open("a", encoding="utf-8", newline="") as out:
        csv.writer(out).writerow(row)
    print(dict(zip(_COLUMNS, row, strict=True)), flush=True)


def main() -> None:
    """`python -m scripts.reader.train`."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folder", type=Path, default=Path(os.environ.get("LOKET_HOME", "var")) / "reader")
    asked.add_argument("--lines", type=int, default=LINES)
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--weights", type=Path, default=WEIGHTS)
    asked.add_argument("--threads", type=int, default=2)
    given = asked.parse_args()
    torch.set_num_threads(given.threads)
    train(given.folder, lines=given.lines, rounds=given.rounds, weights=given.weights)


if __name__ == "__main__":
    main()
