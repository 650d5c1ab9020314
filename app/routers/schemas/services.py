"""What goes in and out of the doors of the service catalogue."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, Field

from app.core.db import JsonValue
from app.core.texts import Lang, Text
from app.routers.schemas.tickets import Money
from app.services import catalogue
from app.services.catalogue import (
    Beforehand,
    Component,
    DocumentRule,
    Need,
    Needed,
    OfferView,
    Price,
    PriceCase,
    PriceLine,
    Service,
    ThirdPartyCost,
)
from app.services.catalogue import Field as FormField
from app.services.reference import Unit


class PriceRange(BaseModel):
    """From the lowest to the highest PNBP price; both are 0 for what costs nothing."""

    from_: Money = Field(serialization_alias="from")
    to: Money
    words: str = Field(examples=["Rp75.000 sampai Rp80.000"])
    more: bool = Field(description="Others are paid as well, or a line of the bill is computed for the very case.")

    @classmethod
    def of(cls, price: Price, lang: Lang) -> Self:
        """The range in the caller's language."""
        return cls(
            from_=Money(amount=price.lowest),
            to=Money(amount=price.highest),
            words=catalogue.money_words(price.lowest, price.highest).say(lang),
            more=bool(price.may_add or price.others or price.other_lines),
        )


class ServiceItem(BaseModel):
    """A service in the list."""

    code: str = Field(examples=["sim-renewal"])
    title: str
    family: str = Field(examples=["sim"])
    summary: str
    price: PriceRange
    must_come: bool = Field(description="The person or the vehicle may have to come; the service says where and why.")
    working_hours: int = Field(description="The service level; the clock stops while something is asked of you.")
    delivery: list[str] = Field(examples=[["digital", "pickup", "post"]])

    @classmethod
    def of(cls, service: Service, price: Price, lang: Lang) -> Self:
        """From the room's service."""
        return cls(
            code=service.code,
            title=service.title.say(lang),
            family=service.family,
            summary=service.summary.say(lang),
            price=PriceRange.of(price, lang),
            must_come=bool(service.presence),
            working_hours=service.service_level_hours,
            delivery=list(service.delivery),
        )


class ServiceList(BaseModel):
    """Every service, by family."""

    items: list[ServiceItem]


class LawOut(BaseModel):
    """A legal basis."""

    rule: str = Field(examples=["Perpol 5/2021"])
    says: str


class RuleOut(BaseModel):
    """Who may apply: the sentence that is shown when it is not met."""

    name: str = Field(examples=["licence-known"])
    otherwise: str = Field(
        description="refuse: no application without it; warn: a person looks; check: an officer looks before anybody pays.",
        examples=["refuse"],
    )
    says: str
    law: str | None


class DocumentOut(BaseModel):
    """A paper or picture to hand in."""

    name: str = Field(examples=["photo"])
    title: str
    hint: str | None
    kind: str = Field(description="photo, signature or scan.", examples=["photo"])
    rule: str | None = Field(description="The photo rule by which it is checked at once.", examples=["sim"])
    media_types: list[str] = Field(examples=[["image/jpeg", "image/png"]])
    max_kb: int
    required: bool | None = Field(description="null: it depends on what you answer (`required_when`).")
    required_when: str | None = Field(description="A CEL expression over the facts of the case.")
    reuse_days: int = Field(description="So long one that you gave before may serve again; 0 is never.")
    per_vehicle: bool = Field(description="Belongs to one vehicle alone: a copy for another vehicle wants another one.")

    @classmethod
    def of(cls, document: DocumentRule, lang: Lang) -> Self:
        """From the room's rule."""
        fixed = document.required.constant
        return cls(
            name=document.name,
            title=document.title.say(lang),
            hint=_said(document.hint, lang),
            kind=document.kind,
            rule=document.rule,
            media_types=list(document.media_types),
            max_kb=document.max_kb,
            required=document.required.source == "true" if fixed else None,
            required_when=None if fixed else document.required.source,
            reuse_days=document.reuse_days,
            per_vehicle=document.per_vehicle,
        )


class FeeOut(BaseModel):
    """One fee (PNBP), by the code of the reference data."""

    code: str = Field(examples=["SIM_A_RENEW"])
    says: str
    amount: Money

    @classmethod
    def of(cls, line: PriceLine, lang: Lang) -> Self:
        """From the room's line."""
        return cls(code=line.code, says=line.says.say(lang), amount=Money(amount=line.amount))


class PriceExample(BaseModel):
    """One way in which the fees come out, with its sum."""

    fees: list[FeeOut]
    total: Money

    @classmethod
    def of(cls, case: PriceCase, lang: Lang) -> Self:
        """From the room's case."""
        return cls(fees=[FeeOut.of(line, lang) for line in case.lines], total=Money(amount=case.total))


class OtherCost(BaseModel):
    """What is paid to others, not to the police."""

    code: str = Field(examples=["EPPSI"])
    says: str
    amount: Money | None = Field(description="null where they set it themselves.")

    @classmethod
    def of(cls, cost: ThirdPartyCost, lang: Lang) -> Self:
        """From the room's cost."""
        amount = None if cost.amount is None else Money(amount=cost.amount)
        return cls(code=cost.code, says=cost.says.say(lang), amount=amount)


class PriceOut(PriceRange):
    """The whole price, before anything is typed."""

    examples: list[PriceExample]
    may_add: list[FeeOut] = Field(description="Fees that depend on what a register says of the case.")
    others: list[OtherCost] = Field(description="Costs paid to third parties; not on the bill.")
    with_others: PriceRange | None = Field(
        description="The range with the known costs of others added; null without any."
    )
    other_lines: list[str] = Field(description="What stands on the same bill and is not police money.")
    exemptions: list[str] = Field(description="Grounds for Rp 0 (PP 76/2020 art. 7).", examples=[["poor", "student"]])

    @classmethod
    def whole(cls, service: Service, price: Price, lang: Lang) -> Self:
        """The price of a service in the caller's language."""
        return cls(
            **PriceRange.of(price, lang).model_dump(),
            examples=[PriceExample.of(case, lang) for case in price.cases],
            may_add=[FeeOut.of(line, lang) for line in price.may_add],
            others=[OtherCost.of(cost, lang) for cost in price.others],
            with_others=_with_others(price, lang),
            other_lines=[each.say(lang) for each in price.other_lines],
            exemptions=list(service.exemptions),
        )


class PresenceOut(BaseModel):
    """Where somebody must come, and why."""

    name: str = Field(examples=["fingerprints"])
    why: str
    always: bool = Field(description="false: it depends on the case (`when`).")
    when: str | None = Field(description="A CEL expression over the facts of the case.")


class AppointmentOut(BaseModel):
    """The appointment that goes with it."""

    kind: str = Field(examples=["skck_fingerprints"])
    minutes: int
    always: bool
    retest_days: list[int] = Field(description="Waits before a test is taken again.", examples=[[7, 14, 30]])


class IssuesOut(BaseModel):
    """What is issued, and how long it holds: one of the three lengths, or (all null) by rule or without end."""

    document: str = Field(examples=["sim"])
    title: str
    valid_years: int | None
    valid_months: int | None
    valid_days: int | None
    no_end: bool
    paper: bool


class OfferOut(BaseModel):
    """How the service stands at the unit that was asked for."""

    unit: str = Field(examples=["PMJ-POLRESTRO-JAKARTA-PUSAT"])
    state: str = Field(description="offered, suspended, planned or not_offered.", examples=["offered"])
    from_: date | None = Field(serialization_alias="from", description="The first day.")
    target: date | None = Field(description="The day by which it shall be offered.")
    suspended_until: date | None = Field(description="Its last day; null while no end is known.")
    notice: str | None = Field(description="Why it is suspended.")

    @classmethod
    def of(cls, view: OfferView, lang: Lang) -> Self:
        """From the room's view."""
        return cls(
            unit=view.unit,
            state=view.state,
            from_=view.from_date,
            target=view.target_on,
            suspended_until=view.suspended_until,
            notice=_said(view.notice, lang),
        )


class ServiceOut(BaseModel):
    """A service whole: what to know, bring and pay before beginning."""

    code: str = Field(examples=["sim-renewal"])
    version: int
    digest: str = Field(description="SHA-256 of the service file; an application stays on the file that it began with.")
    title: str
    family: str
    summary: str
    law: list[LawOut]
    levels: list[str] = Field(description="Units that take it.", examples=[["POLRES"]])
    unit_is_chosen: bool = Field(description="The gateway chooses the unit's level from your answers.")
    eligibility: list[RuleOut]
    asks: list[str] = Field(
        description="Registers that are asked, so that you need not type it.", examples=[["population"]]
    )
    form: dict[str, Any] = Field(description="JSON Schema 2020-12; `x-sections` is its order.")
    documents: list[DocumentOut]
    price: PriceOut
    steps: list[str]
    working_hours: int
    presence: list[PresenceOut]
    appointment: AppointmentOut | None
    issues: IssuesOut | None
    delivery: list[str]
    correction_days: int = Field(description="So long you have to mend what was returned.")
    draft_days: int = Field(description="So long a draft is kept.")
    offer: OfferOut | None = Field(description="With `?unit=`: how it stands there.")

    @classmethod
    def of(cls, service: Service, price: Price, offer: OfferView | None, lang: Lang) -> Self:
        """From the room's service, in the caller's language."""
        return cls(
            code=service.code,
            version=service.version,
            digest=service.digest,
            title=service.title.say(lang),
            family=service.family,
            summary=service.summary.say(lang),
            law=[LawOut(rule=each.rule, says=each.says.say(lang)) for each in service.law],
            levels=list(service.levels),
            unit_is_chosen=service.choose is not None,
            eligibility=[
                RuleOut(name=each.name, otherwise=each.otherwise, says=each.says.say(lang), law=each.law)
                for each in service.eligibility
            ],
            asks=list(service.asks),
            form=catalogue.form_schema(service, lang),
            documents=[DocumentOut.of(each, lang) for each in service.documents],
            price=PriceOut.whole(service, price, lang),
            steps=[each.say(lang) for each in service.steps],
            working_hours=service.service_level_hours,
            presence=_presence(service, lang),
            appointment=_appointment(service),
            issues=_issues(service, lang),
            delivery=list(service.delivery),
            correction_days=service.correction_days,
            draft_days=service.draft_days,
            offer=None if offer is None else OfferOut.of(offer, lang),
        )


class ChoiceOut(BaseModel):
    """One answer that may be given beforehand."""

    value: str | int | float | bool = Field(examples=["work_abroad"])
    title: str


class QuestionOut(BaseModel):
    """A question that decides what is needed, and the answer that was taken for it."""

    name: str = Field(examples=["purpose"])
    title: str
    choices: list[ChoiceOut]
    answer: str | int | float | bool | None = Field(description="null while it is open.")


class NeededOut(BaseModel):
    """A paper, or a visit, for somebody with these answers."""

    name: str = Field(examples=["passport"])
    title: str
    need: Need = Field(
        description="needed, not_needed, optional, depends (on `depends_on`), or if_asked: only where the check wants it."
    )
    depends_on: list[str] = Field(description="Questions whose answer is open.", examples=[["purpose"]])

    @classmethod
    def of(cls, name: str, title: Text, needed: Needed, lang: Lang) -> Self:
        """From the room's finding."""
        return cls(name=name, title=title.say(lang), need=needed.need, depends_on=[each.name for each in needed.open])


class NeedsOut(BaseModel):
    """What somebody with these answers has to bring and to pay, and whether they must come."""

    code: str
    questions: list[QuestionOut]
    documents: list[NeededOut]
    presence: list[NeededOut]
    price: PriceRange
    level: str | None = Field(
        description="Of the unit that takes it, once the answers lead to one.", examples=["POLDA"]
    )

    @classmethod
    def of(cls, service: Service, told: Beforehand, price: Price, lang: Lang) -> Self:
        """From the room's service, in the caller's language."""
        return cls(
            code=service.code,
            questions=[_question(each, told.answers, lang) for each in catalogue.asked_beforehand(service)],
            documents=[NeededOut.of(each.name, each.title, needed, lang) for each, needed in told.documents],
            presence=[NeededOut.of(each.name, each.why, needed, lang) for each, needed in told.presence],
            price=PriceRange.of(price, lang),
            level=told.level,
        )


class ComponentOut(BaseModel):
    """One component of the service standard."""

    letter: str = Field(examples=["a"])
    name: str
    says: list[str]

    @classmethod
    def of(cls, component: Component, lang: Lang) -> Self:
        """From the room's component."""
        says = [each.say(lang) for each in component.says]
        return cls(letter=component.letter, name=component.name.say(lang), says=says)


class StandardOut(BaseModel):
    """The service standard with its 14 components (UU 25/2009 art. 21), and the promise to keep it (art. 22)."""

    code: str
    title: str
    components: list[ComponentOut]
    promise: str


class OfferingUnit(BaseModel):
    """A unit where the service has begun."""

    code: str = Field(examples=["PMJ-POLRESTRO-JAKARTA-PUSAT"])
    name: str
    level: str
    polda: str | None
    province: str
    seat: str
    zone: str
    offer: OfferOut

    @classmethod
    def of(cls, unit: Unit, view: OfferView, lang: Lang) -> Self:
        """From the room's unit and offer."""
        return cls(
            code=unit.code,
            name=unit.name,
            level=unit.level,
            polda=unit.polda_code,
            province=unit.province,
            seat=unit.seat,
            zone=unit.zone,
            offer=OfferOut.of(view, lang),
        )


class OfferingUnits(BaseModel):
    """Some units, by code."""

    items: list[OfferingUnit]
    next: str | None = Field(description="Cursor of the following page; null on the last.")


_YES_OR_NO = ((True, Text("Ya", "Yes")), (False, Text("Tidak", "No")))


def _question(each: FormField, answers: Mapping[str, JsonValue], lang: Lang) -> QuestionOut:
    choices: Sequence[tuple[JsonValue, Text]] = [(value, each.label(value)) for value in each.choices]
    if each.kind == "boolean":
        choices = _YES_OR_NO
    return QuestionOut.model_validate(
        {
            "name": each.name,
            "title": each.title.say(lang),
            "choices": [{"value": value, "title": title.say(lang)} for value, title in choices],
            "answer": answers.get(each.name),
        }
    )


def _said(text: Text | None, lang: Lang) -> str | None:
    return None if text is None else text.say(lang)


def _with_others(price: Price, lang: Lang) -> PriceRange | None:
    if not price.others:
        return None
    low, high = price.lowest + price.known_others, price.highest + price.known_others
    words = catalogue.money_words(low, high).say(lang)
    return PriceRange(from_=Money(amount=low), to=Money(amount=high), words=words, more=price.others_open)


def _presence(service: Service, lang: Lang) -> list[PresenceOut]:
    return [
        PresenceOut(
            name=each.name,
            why=each.why.say(lang),
            always=each.when.source == "true",
            when=None if each.when.constant else each.when.source,
        )
        for each in service.presence
    ]


def _appointment(service: Service) -> AppointmentOut | None:
    each = service.appointment
    if each is None:
        return None
    always = each.when.source == "true"
    return AppointmentOut(kind=each.kind, minutes=each.minutes, always=always, retest_days=list(each.retest_days))


def _issues(service: Service, lang: Lang) -> IssuesOut | None:
    issues = service.issues
    if issues is None:
        return None
    valid = issues.valid
    return IssuesOut(
        document=issues.document,
        title=issues.title.say(lang),
        valid_years=(valid.years or None) if valid else None,
        valid_months=(valid.months or None) if valid else None,
        valid_days=(valid.days or None) if valid else None,
        no_end=valid is None,
        paper=issues.paper,
    )
