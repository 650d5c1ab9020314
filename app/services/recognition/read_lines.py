"""Lines that were read as plates: how good each is, and what several of one place say together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.services.recognition.decoding import Decoding, Hypothesis
from app.services.recognition.lines import Line
from app.services.recognition.reading import Box

_PLATE_ASPECTS = (2.2, 12.0)

_VOTES_FROM = 3.0
"""Lines whose rank is so far below the best of their place have no vote; another one of as much less counts e times less at 2."""

_VOTE_FALLS = 2.0
_SAME_PLACE = 0.5
"""Share of two boxes together that both cover, from which on they are one place."""

_MOST_JUDGED = 6
"""Lines, the best first, for which votes are counted: a picture is asked for three plates at most."""

_MOST_INVENTED = 1


@dataclass(frozen=True)
class ReadLine:
    """A line, perhaps a plate (one with hypotheses). `fit` says how well a plate explains it (0 is perfectly), `share` how much
    of the belief its best plate has, `clarity` how sure the reader was of what it saw, plate or not (0 is
    perfectly)."""

    line: Line
    decoding: Decoding

    @property
    def plate(self) -> str:
        return self.decoding.hypotheses[0].plate

    @property
    def fit(self) -> float:
        return self.decoding.hypotheses[0].score - self.decoding.free_score

    @property
    def share(self) -> float:
        return self.share_of(0)

    def share_of(self, rank: int) -> float:
        best = self.decoding.hypotheses[0].score
        weights = [math.exp(hypothesis.score - best) for hypothesis in self.decoding.hypotheses]
        return weights[rank] / sum(weights)

    def characters(self) -> tuple[float, ...]:
        """For each character of the plate the belief of all hypotheses that have it there."""
        likely = [(each.plate, self.share_of(rank)) for rank, each in enumerate(self.decoding.hypotheses)]
        return tuple(
            sum(share for other, share in likely if other[place : place + 1] == character)
            for place, character in enumerate(self.plate)
        )

    @property
    def clarity(self) -> float:
        return self.decoding.free_score

    @property
    def rank(self) -> float:
        """Evidence that this line is the plate: explained well, long, big in the picture, of a plate's
        shape."""
        shaped = _PLATE_ASPECTS[0] < self.line.aspect < _PLATE_ASPECTS[1]
        size = math.log(max(self.line.height, 1.0))
        return self.fit + 0.0875 * self.clarity + 0.9 * len(self.plate) + size - (0.0 if shaped else 3.0)

    @property
    def is_sure(self) -> bool:
        return self.fit > -1.5 and self.share > 0.8 and self.clarity > -1.5 and len(self.plate) >= 6

    @property
    def is_invented(self) -> bool:
        """Whether the grammar wrote characters that the reader did not print at all: from a bare wall it makes a plate, too."""
        printed = sum(sign.isalnum() for sign in self.decoding.free_text)
        return sum(sign.isalnum() for sign in self.plate) > printed + _MOST_INVENTED

    @property
    def belief(self) -> float:
        """How much is believed in the whole plate, 0 to 1: no probability yet."""
        return self.share * self.scale

    @property
    def scale(self) -> float:
        """How much is believed in this being a plate that reads like that, whichever of the hypotheses it is."""
        fit = math.exp(max(-20.0, min(0.0, self.fit + 0.5)) * 0.25)
        return fit * math.exp(max(-20.0, self.clarity) * 0.12)


def agreed(found: Sequence[ReadLine], boxes: Sequence[Box]) -> list[ReadLine]:
    """The best lines of `found` (best first, each with its box), each with the hypotheses of all lines of its place.

    A plate is mostly read several times: as a whole, in other pieces, at other sizes of the picture. Where the readings part, what most of
    the belief is in counts, and what was seen once only stays as an alternative."""
    return [_with_votes(found, boxes, place) for place in range(min(len(found), _MOST_JUDGED))]


def _with_votes(found: Sequence[ReadLine], boxes: Sequence[Box], place: int) -> ReadLine:
    own = found[place]
    beliefs: dict[str, float] = {}
    for each, box in zip(found[place:], boxes[place:], strict=True):
        behind = own.rank - each.rank
        if behind > _VOTES_FROM:
            break
        if each is own or boxes[place].share_with(box) >= _SAME_PLACE:
            weight = math.exp(-behind / _VOTE_FALLS)
            for rank, hypothesis in enumerate(each.decoding.hypotheses):
                beliefs[hypothesis.plate] = beliefs.get(hypothesis.plate, 0.0) + weight * each.share_of(rank)
    most, best = max(beliefs.values()), own.decoding.hypotheses[0].score
    scored = (Hypothesis(plate, best + math.log(belief / most)) for plate, belief in beliefs.items() if belief > 0)
    hypotheses = tuple(sorted(scored, key=lambda hypothesis: (-hypothesis.score, hypothesis.plate)))
    decoding = own.decoding
    return ReadLine(own.line, Decoding(hypotheses, decoding.free_score, decoding.free_text, decoding.free_confidence))
