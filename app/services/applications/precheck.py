"""The automatic pre-check: whatever a machine can refuse is refused before anybody is asked for money.

Pure over the facts, apart from the amounts, which are looked up in the reference data of the day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.db import JsonValue
from app.core.problems import UPSTREAM_UNAVAILABLE, FieldError, Problem
from app.core.texts import Text
from app.services import billing, catalogue, reference
from app.services.applications.store import Reader
from app.services.billing import LineOf
from app.services.billing.accounts import FEES_DUE, JASA_RAHARJA, bapenda
from app.services.catalogue import Facts, Outcome, Service, Verdict
from app.services.reference import parse_plate

NO_PRICE: Mapping[str, JsonValue] = {"name": "price", "outcome": str(Outcome.UNKNOWN)}
"""What is kept of a pre-check that could not say what the application costs."""
NOT_GIVEN = Text("Serahkan {title}.", "Hand in: {title}.")
VEHICLE_TAX = Text("Pajak kendaraan bermotor (PKB dan opsen)", "Vehicle tax (PKB and opsen)")
INSURANCE = Text("SWDKLLJ (Jasa Raharja)", "Compulsory accident contribution (SWDKLLJ, Jasa Raharja)")


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One thing that the application costs. `billed` is False for what is waived or paid to somebody else."""

    code: str
    title: Text
    amount: int
    account: str | None
    billed: bool

    def as_json(self) -> dict[str, JsonValue]:
        """For keeping with the application; names nobody."""
        return {
            "code": self.code,
            "title_id": self.title.id,
            "title_en": self.title.en,
            "amount": self.amount,
            "account": self.account,
            "billed": self.billed,
        }

    @classmethod
    def of_json(cls, kept: Mapping[str, JsonValue]) -> "PriceLine":
        """The line that `as_json` made."""
        title = Text(str(kept["title_id"]), str(kept["title_en"]))
        account = kept["account"]
        return cls(
            code=str(kept["code"]),
            title=title,
            amount=int(str(kept["amount"])),
            account=None if account is None else str(account),
            billed=kept["billed"] is True,
        )


@dataclass(frozen=True, slots=True)
class PreCheck:
    """What the machine found: faults of form and papers, the conditions' verdicts, and what it will cost."""

    faults: tuple[FieldError, ...]
    verdicts: tuple[Verdict, ...]
    price: tuple[PriceLine, ...]
    price_known: bool
    level: str | None
    needs_slot: bool

    @property
    def complete(self) -> bool:
        return not self.faults

    @property
    def refused(self) -> tuple[Verdict, ...]:
        return tuple(each for each in self.verdicts if each.outcome is Outcome.REFUSED)

    @property
    def unknown(self) -> tuple[Verdict, ...]:
        return tuple(each for each in self.verdicts if each.outcome is Outcome.UNKNOWN)

    @property
    def to_check(self) -> tuple[Verdict, ...]:
        return tuple(each for each in self.verdicts if each.outcome is Outcome.TO_CHECK)

    @property
    def amount(self) -> int:
        """Rupiah on the bill."""
        return sum(line.amount for line in self.price if line.billed)

    @property
    def waits(self) -> bool:
        """Whether all that keeps the machine from passing it is a register that is down, or a condition that an officer is to
        look at first."""
        return self.complete and not self.refused and (bool(self.unknown or self.to_check) or not self.price_known)

    @property
    def passed(self) -> bool:
        return self.complete and not self.refused and not self.waits


async def pre_check(
    source: Reader, service: Service, facts: Facts, *, papers: Sequence[str], exemption: str | None
) -> PreCheck:
    """Look at everything that a machine can look at. `papers` are the names of the documents that were accepted.

    A price that a silent register decides is not known: the case then waits for it before anything is asked for. Nor is one that
    a missing answer decides.
    """
    missing = [each for each in catalogue.wanted_documents(service, facts) if each.name not in papers]
    faults = [
        *catalogue.form_faults(service, facts.form, complete=True),
        *(FieldError(f"/documents/{each.name}", _wanted(each.title)) for each in missing),
    ]
    waits = catalogue.price_waits(service, facts)
    price = None if waits else await price_of(source, service, facts, exemption=exemption)
    return PreCheck(
        faults=tuple(faults),
        verdicts=catalogue.verdicts(service, facts),
        price=price or (),
        price_known=price is not None,
        level=catalogue.level_for(service, facts) if service.choose is not None else None,
        needs_slot=catalogue.appointment_for(service, facts) is not None,
    )


async def price_of(
    source: Reader, service: Service, facts: Facts, *, exemption: str | None
) -> tuple[PriceLine, ...] | None:
    """Every line with its amount of the day; None while a register that must say one is down.

    An exemption (PP 76/2020 art. 7) waives the PNBP lines alone.
    """
    if facts.down & set(service.other_lines):
        return None
    try:
        codes = catalogue.fee_codes(service, facts)
    except Problem as problem:
        if problem.type is not UPSTREAM_UNAVAILABLE:
            raise
        return None
    words = {each.code: each.says for each in service.fees}
    lines = []
    for code in codes:
        fee = await reference.fee(source, code, facts.today)
        amount = int(fee.amount or 0)
        lines.append(PriceLine(code, words[code], amount, FEES_DUE, amount > 0 and exemption is None))
    return (*lines, *await _lines_of_registers(source, service, facts))


def bill_lines(price: Sequence[PriceLine]) -> tuple[LineOf, ...]:
    """The lines of the bill: what is paid through us, each to the account of whose money it is."""
    return tuple(
        billing.LineOf(line.code, line.title, line.account, line.amount)
        for line in price
        if line.billed and line.account is not None and line.amount > 0
    )


async def _lines_of_registers(source: Reader, service: Service, facts: Facts) -> list[PriceLine]:
    lines = []
    if "tax" in service.other_lines and facts.tax is not None:
        amount = int(str(facts.tax["amount"]))
        lines.append(PriceLine("PKB", VEHICLE_TAX, amount, bapenda(await _province(source, facts)), amount > 0))
    if "insurance" in service.other_lines and facts.insurance is not None:
        amount = int(str(facts.insurance["amount"]))  # penalties are in it
        lines.append(PriceLine("SWDKLLJ", INSURANCE, amount, JASA_RAHARJA, amount > 0))
    return lines


async def _province(source: Reader, facts: Facts) -> str:
    """Whose tax it is: the province where the vehicle is registered, wherever its owner goes to the counter.

    Some letters are shared by provinces (B: DKI Jakarta, Jawa Barat, Banten); there the unit's own stands in, until the
    tax register says whose it is.
    """
    plate = parse_plate(str((facts.vehicle or {}).get("plate") or ""))
    region = await reference.plate_region(source, plate, facts.today) if plate is not None else None
    one = region is not None and region.province and ";" not in region.province
    return region.province if region is not None and one else str((facts.unit or {})["province"])


def _wanted(title: Text) -> Text:
    return Text(NOT_GIVEN.id.format(title=title.id), NOT_GIVEN.en.format(title=title.en))
