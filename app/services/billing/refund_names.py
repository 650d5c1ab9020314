"""Is the holder of an account the person whom the money is owed to? Names are compared as banks write them.

Banks cut names at 20 to 30 letters, write them in capitals, abbreviate (``MUH.``, ``A. RAHMAN``), turn the order round,
and leave titles out or put them in. What is the same for a careful clerk is the same here (`SAME`), what such a clerk
would ask about is `NEAR`, and everything else is `OTHER`. Pure: no database, no clock.
"""

import re
import unicodedata
from enum import IntEnum
from itertools import permutations

LONGEST = 140
_MOST_WORDS = 8
_CUT_FROM = 18
"""Banks cut names from about this length on: the last word may then be a beginning."""

_HONORIFICS = (
    "h", "hj", "haji", "hajjah", "kh", "ustad", "ustadz", "dr", "drs", "dra", "drg", "ir", "prof", "r", "rr", "ra", "rd",
    "raden", "rm", "bapak", "bpk", "ibu", "sdr", "sdri", "tn", "ny", "nn", "an", "qq", "alm", "pdt", "pt", "cv", "ud", "tbk",
)  # fmt: skip
_DEGREES = (
    "sh", "se", "st", "ssi", "spd", "sag", "skom", "sip", "sos", "ssos", "skm", "sked", "skep", "sik", "sstp", "samd", "amd",
    "mm", "mh", "mhum", "mkn", "msi", "msc", "mt", "mpd", "mkom", "mba", "mkes", "phd", "lc", "ma", "ba", "bsc", "ners", "spog",
    "spa", "spb",
)  # fmt: skip
TITLES = frozenset({*_HONORIFICS, *_DEGREES})
_SHORT = {
    "muhammad": ("muhamad", "mohammad", "mohamad", "muhammed", "mohammed", "moh", "moch", "mochamad", "mochammad",
                 "muh", "mhd", "md", "m"),
    "abdul": ("abd", "abdl"),
    "siti": ("st",),
    "ahmad": ("achmad", "akhmad", "ahmed", "ach", "ahm"),
    "nur": ("noor", "nor"),
    "dewi": ("dw",),
}  # fmt: skip
_LONG = {short: name for name, others in _SHORT.items() for short in others if len(short) > 1}


class Likeness(IntEnum):
    """How alike two names are, the least first."""

    OTHER = 0
    NEAR = 1
    SAME = 2


def likeness(one: str, other: str) -> Likeness:
    """How alike two written names are; the order of the two does not matter. An empty name is like nothing."""
    first, second = words_of(one), words_of(other)
    if not first or not second:
        return Likeness.OTHER
    if first == second or sorted(first) == sorted(second) or "".join(first) == "".join(second):
        return Likeness.SAME
    short, long = sorted((first, second), key=lambda words: (len(words), words))
    fits = _fit(short, long)
    if fits is Likeness.SAME and len(short) == len(long):
        return Likeness.SAME
    if _was_cut(one, first, second) or _was_cut(other, second, first):
        return Likeness.SAME
    return Likeness.NEAR if fits is not Likeness.OTHER or _typo(first, second) else Likeness.OTHER


def words_of(name: str) -> tuple[str, ...]:
    """A name's own words: no case, accents, points or titles. Where nothing but titles stands, they are the name."""
    plain = unicodedata.normalize("NFKD", name[:LONGEST]).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"\b([a-z])\.(?=[a-z]\b)", r"\1", plain)  # S.H. and S.E. are one word each
    plain = re.sub(r"['`]", "", plain)
    words = re.findall(r"[a-z0-9]+", plain)[:_MOST_WORDS]
    own = [word for place, word in enumerate(words) if not _is_title(word, place, words)]
    return tuple(_LONG.get(word, word) for word in own or words)


def _is_title(word: str, place: int, words: list[str]) -> bool:
    # `St` before a name is Siti, after it a degree; `H` and `R` before it are titles, after it a name's beginning.
    if word in _HONORIFICS and word not in _DEGREES:
        return place < len(words) - 1 or len(word) > 1
    return word in _DEGREES and place > 0


def _fit(short: tuple[str, ...], long: tuple[str, ...]) -> Likeness:
    """Whether each word of the shorter name is a word of the longer, whole (SAME) or by its beginning (NEAR)."""
    best = Likeness.OTHER
    if len(short) > len(long):
        return best
    for chosen in permutations(long, len(short)) if len(short) <= 4 else [long[: len(short)], tuple(sorted(long))]:
        pairs = list(zip(short, chosen, strict=False))
        if not all(_begins(one, other) for one, other in pairs):
            continue
        equal = sum(len(one) > 2 and one == other for one, other in pairs)
        if equal == 0:
            continue  # initials alone are nobody's name
        # An initial passes for its name beside two whole words; beside one, there are too many of that name.
        whole = all(one == other or (equal > 1 and 1 in (len(one), len(other))) for one, other in pairs)
        best = max(best, Likeness.SAME if whole else Likeness.NEAR)
    return best


def _begins(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _was_cut(written: str, cut: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Whether the first name is the second, cut off where the bank's field ended."""
    if len(written.strip()) < _CUT_FROM or len(cut) > len(whole):
        return False
    *full, last = cut
    if tuple(full) != whole[: len(full)] or not whole[len(full)].startswith(last):
        return False
    return len(cut) == len(whole) or last != whole[len(full)]


def _typo(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """One or two letters that differ in a name of some length."""
    one, other = " ".join(sorted(first)), " ".join(sorted(second))
    allowed = 1 if min(len(one), len(other)) < 10 else 2
    return min(len(one), len(other)) >= 5 and _distance(one, other, allowed) <= allowed


def _distance(one: str, other: str, most: int) -> int:
    """Levenshtein's distance, or more than `most` where it is larger."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        before, row = row, [place]
        for at, another in enumerate(other, 1):
            row.append(min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (letter != another)))
    return row[-1]
