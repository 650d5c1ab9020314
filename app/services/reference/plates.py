"""The number on an Indonesian plate (NRKB): its grammar, its spellings, and what a machine may have misread.

Grammar and colours: Perpol 7/2021; three series letters since April 2011. Region codes and the first series
letter of each Samsat area are data (`data/reference/plate_regions.csv`). Nothing here touches the database.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources

LONGEST_SPELLING = 32
"""Characters of a spelling that are looked at; no plate with all its separators comes near."""

MOST_CANDIDATES = 12
"""Corrections that are worth showing to an officer; a text with more is not a plate."""

_SEPARATORS = re.compile(r"[\s.\-•·_]+")
_REGION_DIGITS_SERIES = re.compile(r"([A-Z]{1,2})([1-9][0-9]{0,3})([A-Z]{0,3})")
_STATE = re.compile(r"RI([1-9][0-9]{0,2})")
_DIPLOMATIC = re.compile(r"(C[DCH]) ?([1-9][0-9]{1,2}) ([0-9]{1,3})")
_DIPLOMATIC_UNSPACED = re.compile(r"(C[DCH]) ?([1-9][0-9]{2,5})")
_AROUND_HYPHEN = re.compile(r"\s*-\s*")
_FORCE = re.compile(r"([0-9]{1,6})-([0-9]{2}|[IVX]{1,4})")

# What stands on the plate where a machine printed a letter, and the reverse. Sources: public post-processors
# for the first pairs, this house's own look at misread plates for the slashed O and the open 4.
DIGITS_FOR_LETTER = {
    "O": "0", "D": "0", "Q": "0", "U": "0", "I": "1", "L": "1", "J": "1", "T": "17", "Z": "2", "A": "4",
    "S": "5", "G": "6", "Y": "7", "B": "8", "P": "9",
}  # fmt: skip
LETTERS_FOR_DIGIT = {"0": "OD", "1": "I", "2": "Z", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B"}
LOOKALIKE_DIGITS = frozenset(frozenset(pair) for pair in ("83", "86", "89", "36", "39", "69", "17", "08", "56", "27"))

LOOKALIKE_LETTERS = ("OQD", "VYU", "MNH", "EF", "PR", "CG", "KX")
"""Letters that a machine takes for one another on the plates' own font."""

_USUAL_COST = 1.0
_UNUSUAL_COST = 2.0
_USUAL = frozenset(zip("OIZSGB0124568", "012568OIZASGB", strict=True))


class PlateKind(StrEnum):
    """Whose vehicle it is, as the plate says: an owner's, a head of a state body's, a mission's, or police
    and TNI's."""

    CIVIL = "civil"
    STATE = "state"
    DIPLOMATIC = "diplomatic"
    FORCE = "force"


class PlateColour(StrEnum):
    """A paint of ground or letters; `unknown` where it could not be told."""

    WHITE = "white"
    BLACK = "black"
    YELLOW = "yellow"
    RED = "red"
    GREEN = "green"
    BLUE = "blue"
    UNKNOWN = "unknown"


class PlateUse(StrEnum):
    """What a vehicle is registered for, as the colours of its plate say (Perpol 7/2021 art. 45; white with blue letters is the
    missions' plate of Perkap 5/2012; white with red ones is the trial plate)."""

    PRIVATE = "private"
    PUBLIC = "public"
    GOVERNMENT = "government"
    FREE_TRADE = "free_trade"
    DIPLOMATIC = "diplomatic"
    TRIAL = "trial"
    UNKNOWN = "unknown"


_USES = {
    (PlateColour.WHITE, PlateColour.BLACK): PlateUse.PRIVATE,
    (PlateColour.BLACK, PlateColour.WHITE): PlateUse.PRIVATE,
    (PlateColour.YELLOW, PlateColour.BLACK): PlateUse.PUBLIC,
    (PlateColour.RED, PlateColour.WHITE): PlateUse.GOVERNMENT,
    (PlateColour.GREEN, PlateColour.BLACK): PlateUse.FREE_TRADE,
    (PlateColour.WHITE, PlateColour.BLUE): PlateUse.DIPLOMATIC,
    (PlateColour.WHITE, PlateColour.RED): PlateUse.TRIAL,
}


def use_of_colours(ground: PlateColour, letters: PlateColour) -> PlateUse:
    """What the colours of a plate say about its vehicle. White and black are private alike until the last old plate is changed;
    missions have black on white too, which only the number (`CD`, `CC`, `CH`) tells."""
    return _USES.get((ground, letters), PlateUse.UNKNOWN)


@dataclass(frozen=True)
class Plate:
    """One plate number. Civil: region, number, series (`B`, `1234`, `XYZ`). State: `RI`, number. Diplomatic:
    `CD`, the mission's country number, the running number. Police and TNI: the number, and the force's unit
    as series."""

    kind: PlateKind
    region: str
    number: str
    series: str

    @property
    def canonical(self) -> str:
        """The form that is stored and compared: `B1234XYZ`. Where two readings would be possible without a
        mark (`CD 12 35`, `1234-00`) it keeps a hyphen."""
        if self.kind is PlateKind.DIPLOMATIC:
            return f"{self.region}{self.number}-{self.series}"
        if self.kind is PlateKind.FORCE:
            return f"{self.number}-{self.series}"
        return f"{self.region}{self.number}{self.series}"

    @property
    def shown(self) -> str:
        """The form that people read: `B 1234 XYZ`."""
        if self.kind is PlateKind.FORCE:
            return f"{self.number}-{self.series}"
        return " ".join(part for part in (self.region, self.number, self.series) if part)

    @property
    def is_service_series(self) -> bool:
        """Whether the series is one kept for police, TNI and state bodies (`ZZ*`, until about 2023 `RF*`);
        such a plate looks civil, and its registry entry may be closed to us."""
        return self.kind is PlateKind.CIVIL and self.series[:2] in ("ZZ", "RF")

    @property
    def has_doubtful_letter(self) -> bool:
        """Whether the series holds I or O: both occur, yet a machine that prints them has often seen 1 or
        0."""
        return "I" in self.series or "O" in self.series

    def __str__(self) -> str:
        return self.canonical


def use_of_number(text: str) -> PlateUse | None:
    """What the number alone says, whatever its colours: a mission's, or a head of a state body's. None for all others."""
    plate = parse_plate(text)
    kinds = {PlateKind.DIPLOMATIC: PlateUse.DIPLOMATIC, PlateKind.STATE: PlateUse.GOVERNMENT}
    return kinds.get(plate.kind) if plate else None


@dataclass(frozen=True)
class Change:
    """One character that a correction replaced; `position` counts from 0 in the canonical form."""

    position: int
    read: str
    taken: str


@dataclass(frozen=True)
class Candidate:
    """A plate that a machine's text may stand for. `cost` is 0 for the text as it is and grows with each
    correction; `changed` says which characters were replaced."""

    plate: Plate
    cost: float
    changed: tuple[Change, ...]


def parse_plate(text: str) -> Plate | None:
    """The plate that a person wrote, in any usual spelling (`b1234abc`, `B-1234-ABC`, `B 1234 ABC`), or None
    when the text is no Indonesian plate. Nothing is corrected: a wrong letter is the writer's to mend.
    `CD1235` is refused because it may be 12 35 or 123 5."""
    if len(text) > LONGEST_SPELLING:
        return None
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    if not plain.isascii():
        plain = plain.replace("•", ".").replace("·", ".")
    if not plain.isascii():
        return None
    if "-" in plain and (force := _FORCE.fullmatch(_AROUND_HYPHEN.sub("-", plain))):
        return Plate(PlateKind.FORCE, "", force[1], force[2])
    if plain[:1] == "C":
        return _diplomatic(_SEPARATORS.sub(" ", plain))
    tight = _SEPARATORS.sub("", plain)
    if state := _STATE.fullmatch(tight):
        return Plate(PlateKind.STATE, "RI", state[1], "")
    civil = _REGION_DIGITS_SERIES.fullmatch(tight)
    if civil is None or civil[1] not in region_codes():
        return None
    return Plate(PlateKind.CIVIL, civil[1], civil[2], civil[3])


def diplomatic_splits(text: str) -> tuple[Plate, ...]:
    """The plates that a mission's number without its second gap may be: `CD1235` is 12 35 or 123 5."""
    parts = _DIPLOMATIC_UNSPACED.fullmatch(text)
    if parts is None:
        return ()
    splits = ((parts[2][:n], parts[2][n:]) for n in (2, 3) if 1 <= len(parts[2]) - n <= 3)
    return tuple(Plate(PlateKind.DIPLOMATIC, parts[1], country, number) for country, number in splits)


def candidates(text: str) -> tuple[Candidate, ...]:
    """What a machine's text may stand for, cheapest first, at most `MOST_CANDIDATES`.

    Only what the grammar forces is corrected: a letter where a digit must stand, and the reverse. A text that
    is a plate as it is has itself as its only candidate, so a digit is never changed into another digit
    here."""
    exact = parse_plate(text)
    if exact is not None:
        return (Candidate(exact, 0.0, ()),)
    if len(text) > LONGEST_SPELLING:
        return ()
    tight = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text).upper())
    if not tight.isascii() or not tight.isalnum():
        return ()
    found: dict[str, Candidate] = {}
    for candidate in _forced_readings(tight):
        known = found.get(candidate.plate.canonical)
        if known is None or candidate.cost < known.cost:
            found[candidate.plate.canonical] = candidate
    ranked = sorted(found.values(), key=lambda c: (c.cost, c.plate.canonical))
    return tuple(ranked[:MOST_CANDIDATES])


def digits_are_doubtful(read: str, accepted: str) -> bool:
    """Whether two canonical plates of the same length part only in digits, each pair of them easily confused
    (2811 for 2911 sent a letter to the wrong man). Such a pair is never settled without an officer."""
    if len(read) != len(accepted) or read == accepted:
        return False
    pairs = [(a, b) for a, b in zip(read, accepted, strict=True) if a != b]
    return all(frozenset(pair) in LOOKALIKE_DIGITS for pair in pairs)


def lookalikes(character: str) -> tuple[str, ...]:
    """What a machine may have seen where it printed this letter or digit: others of its kind alone, for what the grammar forces is
    no doubt."""
    if character.isdigit():
        pairs = sorted(sorted(pair - {character})[0] for pair in LOOKALIKE_DIGITS if character in pair)
        return tuple(pairs)
    return tuple(other for group in LOOKALIKE_LETTERS if character in group for other in group if other != character)


def number_range_kind(plate: Plate) -> str | None:
    """The kind of vehicle that the number range tells nationally (Perpol 7/2021): `car`, `motorcycle`, `bus`,
    `goods` or `special`. A warning for a reading and never a rule: Jakarta and others depart from it."""
    if plate.kind is not PlateKind.CIVIL:
        return None
    number = int(plate.number)
    for below, kind in ((2000, "car"), (7000, "motorcycle"), (8000, "bus"), (9000, "goods")):
        if number < below:
            return kind
    return "special"


@lru_cache(maxsize=1)
def region_codes() -> frozenset[str]:
    """All region codes that a civil plate can begin with, the historic DS among them: the grammar of this version.

    Where a code lies is reference data (`plate_region`); a code of its own would be a new grammar, which recognisers are
    measured with, so it comes with a release, and `loket reference` refuses one that is not here.
    """
    file = resources.files("app") / "data" / "reference" / "plate_regions.csv"
    return frozenset(row["code"] for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def _diplomatic(spaced: str) -> Plate | None:
    if parts := _DIPLOMATIC.fullmatch(spaced):
        return Plate(PlateKind.DIPLOMATIC, parts[1], parts[2], parts[3])
    splits = diplomatic_splits(spaced)
    return splits[0] if len(splits) == 1 else None


def _forced_readings(tight: str) -> Iterator[Candidate]:
    for region_length in (1, 2):
        for series_length in range(4):
            number_length = len(tight) - region_length - series_length
            if 1 <= number_length <= 4:
                yield from _readings_of_split(tight, region_length, number_length)


def _readings_of_split(tight: str, region_length: int, number_length: int) -> Iterator[Candidate]:
    series_at = region_length + number_length
    readings = [("", 0.0)]
    for position, character in enumerate(tight):
        digit_slot = region_length <= position < series_at
        readings = [
            (taken + option, cost + extra)
            for taken, cost in readings
            for option, extra in _options(character, digit_slot=digit_slot)
        ]
    for taken, cost in readings:
        region, number, series = taken[:region_length], taken[region_length:series_at], taken[series_at:]
        if region in region_codes() and number[0] != "0":
            changed = tuple(Change(i, a, b) for i, (a, b) in enumerate(zip(tight, taken, strict=True)) if a != b)
            yield Candidate(Plate(PlateKind.CIVIL, region, number, series), cost, changed)


def _options(character: str, *, digit_slot: bool) -> list[tuple[str, float]]:
    if character.isdigit() == digit_slot:
        return [(character, 0.0)]
    table = DIGITS_FOR_LETTER if digit_slot else LETTERS_FOR_DIGIT
    return [
        (option, _USUAL_COST if (character, option) in _USUAL else _UNUSUAL_COST) for option in table.get(character, "")
    ]
