"""What goes in and out of the staff's door to offers: which service a unit gives, from when, and why it does not today."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.texts import Lang, Text
from app.routers.schemas.tickets import no_controls
from app.services import catalogue
from app.services.catalogue import OfferView, Service

NoticeText = Annotated[str, Field(min_length=5, max_length=500), AfterValidator(no_controls)]
ServiceCode = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_-]{1,40}$", examples=["sim-renewal"])]
FIRST_DAY, LAST_DAY = date(2020, 1, 1), date(2100, 1, 1)
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]


class Notice(BaseModel):
    """What people are told, in both languages."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    id: NoticeText = Field(examples=["Server dirawat sampai 5 Maret."])
    en: NoticeText = Field(examples=["The server is being serviced until 5 March."])


class SuspensionIn(BaseModel):
    """A suspension: no new applications until the end of `until` (null: until it is lifted)."""

    model_config = ConfigDict(extra="forbid")

    until: Day | None = None
    notice: Notice


class OfferIn(BaseModel):
    """How a service shall stand at a unit from now on; what is null is taken back."""

    model_config = ConfigDict(extra="forbid")

    unit: Annotated[str, Field(pattern=r"^[A-Z0-9-]{2,60}$", examples=["PMJ-POLRESTRO-JAKARTA-PUSAT"])]
    service: ServiceCode
    from_: Day | None = Field(default=None, validation_alias="from", description="The first day; null: not offered.")
    target: Day | None = Field(default=None, description="The day by which it shall be offered.")
    suspended: SuspensionIn | None = None

    def to_change(self) -> catalogue.OfferChange:
        """What the room is asked to do."""
        wanted = self.suspended
        suspended = (
            None if wanted is None else catalogue.Suspension(Text(wanted.notice.id, wanted.notice.en), wanted.until)
        )
        return catalogue.OfferChange(from_date=self.from_, target_on=self.target, suspended=suspended)


class StaffOffer(BaseModel):
    """One service at a unit, as its staff see it; both languages of the notice."""

    service: str
    title: str
    state: str
    from_: date | None = Field(serialization_alias="from")
    target: date | None
    suspended_until: date | None
    notice: Notice | None
    own: bool = Field(description="The unit has said so itself; false: the default.")
    changed_at: datetime | None

    @classmethod
    def of(cls, service: Service, view: OfferView, lang: Lang) -> Self:
        """From the room's view."""
        notice = view.notice
        return cls(
            service=view.service,
            title=service.title.say(lang),
            state=view.state,
            from_=view.from_date,
            target=view.target_on,
            suspended_until=view.suspended_until,
            notice=None if notice is None else Notice.model_construct(id=notice.id, en=notice.en),
            own=view.own,
            changed_at=view.changed_at,
        )


class StaffOffers(BaseModel):
    """Every service that a unit can offer."""

    unit: str
    offers: list[StaffOffer]
