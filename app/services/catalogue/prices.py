"""What a service costs, before anybody types anything: from the lowest to the highest, case by case, others' costs apart.

The cases are found by trying out every choice that the fees' conditions read (class, kind of vehicle, citizenship). The
amounts come from the reference data of the day; a fee of Rp 0 is a price like any other and is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.db import JsonValue
from app.core.money import Rupiah
from app.core.texts import Text
from app.services import reference
from app.services.catalogue.conditions import CannotTell, Path, context_of
from app.services.catalogue.facts import SHAPES, TODAY, functions_of
from app.services.catalogue.loading import Catalogue
from app.services.catalogue.service import FeeRule, Service
from app.services.catalogue.worlds import choices_of, combinations, form_shape, world_of

Reader = AsyncConnection | AsyncSession
MOST_CASES = 60
OTHER_LINES: Mapping[str, Text] = {
    "tax": Text(
        "Pajak kendaraan (PKB, opsen, BBNKB bila ganti nama): untuk provinsi, besarnya menurut Bapenda",
        "Vehicle tax (PKB, opsen, BBNKB when the name changes): for the province, as Bapenda computes it",
    ),
    "insurance": Text(
        "SWDKLLJ: sumbangan wajib untuk Jasa Raharja, besarnya menurut Jasa Raharja",
        "SWDKLLJ: the compulsory contribution to Jasa Raharja, as Jasa Raharja computes it",
    ),
}
"""Lines of the same bill that are not police money (services.md section 1); their amounts are known once asked."""


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One fee: its code, what it is for, whole rupiah."""

    code: str
    says: Text
    amount: Rupiah


@dataclass(frozen=True, slots=True)
class PriceCase:
    """One way in which the fees can come out, and their sum."""

    lines: tuple[PriceLine, ...]
    total: Rupiah


@dataclass(frozen=True, slots=True)
class ThirdPartyCost:
    """What is paid to others; `amount` is None where they set it themselves."""

    code: str
    says: Text
    amount: Rupiah | None


@dataclass(frozen=True, slots=True)
class Price:
    """The PNBP price from `lowest` to `highest`, its cases, and what comes on top.

    `may_add` are fees that depend on what only a register knows; they are not in the sums. `others` are costs paid to third
    parties, `other_lines` what else stands on the bill.
    """

    lowest: Rupiah
    highest: Rupiah
    cases: tuple[PriceCase, ...]
    may_add: tuple[PriceLine, ...]
    others: tuple[ThirdPartyCost, ...]
    other_lines: tuple[Text, ...]

    @property
    def free(self) -> bool:
        """Whether the state takes nothing for it, whatever the case."""
        return self.highest == 0 and not self.may_add

    @property
    def known_others(self) -> Rupiah:
        """The sum of the third parties' costs whose amount is known."""
        return Rupiah(sum(each.amount or 0 for each in self.others))

    @property
    def others_open(self) -> bool:
        """Whether a third party sets its price itself, so that the whole is known from below alone."""
        return any(each.amount is None for each in self.others)


class PriceList:
    """The prices of every service, worked out once a day and revision of the reference data. A part of the House."""

    def __init__(self) -> None:
        self._known: tuple[tuple[str, int, date], Mapping[str, Price]] | None = None

    async def of_all(self, reader: Reader, catalogue: Catalogue, on: date) -> Mapping[str, Price]:
        """The price of each service on a day, by code."""
        mark = (catalogue.digest, await reference.revision_number(reader), on)
        if self._known is None or self._known[0] != mark:
            fees = await reference.list_fees(reader, on)
            self._known = (mark, {each.code: price_of(each, fees) for each in catalogue.all()})
        return self._known[1]


def price_of(
    service: Service, fees: Mapping[str, reference.Fee], answers: Mapping[str, JsonValue] | None = None
) -> Price:
    """The price with these amounts, for somebody with these answers. A code that is no longer in force leaves its line out."""
    certain, open_ = _fee_cases(service, tuple(sorted((answers or {}).items(), key=lambda pair: pair[0])))
    cases = tuple(_case(service, chosen, fees) for chosen in certain)
    totals = [each.total for each in cases] or [Rupiah(0)]
    return Price(
        lowest=min(totals),
        highest=max(totals),
        cases=cases,
        may_add=tuple(line for place in open_ if (line := _line(service.fees[place], fees)) is not None),
        others=tuple(_third_party(service, fees)),
        other_lines=tuple(OTHER_LINES[each] for each in service.other_lines),
    )


@lru_cache(maxsize=1024)
def _fee_cases(
    service: Service, answers: tuple[tuple[str, JsonValue], ...]
) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """The sets of fees (by their place in the file) that some choice leads to, and the fees that no choice decides."""
    form = form_shape(tuple(service.fields))
    open_ = tuple(place for place, fee in enumerate(service.fees) if not _decided_by_choice(fee, service))
    decided = [place for place in range(len(service.fees)) if place not in open_]
    paths: list[Path] = list(dict.fromkeys(path for place in decided for path in service.fees[place].when.paths))
    cases: dict[tuple[int, ...], None] = {}
    given_paths: dict[Path, tuple[JsonValue, ...]] = {("form", name): (value,) for name, value in answers}
    choices = {path: given_paths.get(path, values) for path, values in choices_of(paths, form).items()}
    for given in combinations(choices):
        context = context_of(world_of(paths, form, given), functions_of(TODAY))
        try:
            chosen = tuple(place for place in decided if service.fees[place].when.holds(context))
        except CannotTell:
            continue
        cases[chosen] = None
        if len(cases) == MOST_CASES:
            break
    return tuple(cases), open_


def _decided_by_choice(fee: FeeRule, service: Service) -> bool:
    """Whether the condition reads choices alone, or records only to see whether they are there."""
    counted = choices_of(fee.when.paths, form_shape(tuple(service.fields)))
    return all(
        path in counted or (len(path) == 1 and isinstance(SHAPES.get(path[0]), Mapping)) for path in fee.when.paths
    )


def _case(service: Service, chosen: tuple[int, ...], fees: Mapping[str, reference.Fee]) -> PriceCase:
    by_code = {service.fees[place].code: _line(service.fees[place], fees) for place in reversed(chosen)}
    lines = tuple(line for line in reversed(by_code.values()) if line is not None)
    return PriceCase(lines, Rupiah(sum(line.amount for line in lines)))


def _line(fee: FeeRule, fees: Mapping[str, reference.Fee]) -> PriceLine | None:
    found = fees.get(fee.code)
    return None if found is None or found.amount is None else PriceLine(fee.code, fee.says, found.amount)


def _third_party(service: Service, fees: Mapping[str, reference.Fee]) -> list[ThirdPartyCost]:
    costs = []
    for each in service.third_party:
        found = fees.get(each.code)
        words = each.says or Text(found.variant if found else each.code, found.variant if found else each.code)
        costs.append(ThirdPartyCost(each.code, words, found.amount if found else None))
    return costs
