"""Applying for somebody of one's own family card: a child goes by a parent or guardian, an adult agrees with a code of their own.

The card alone proves kinship, not consent (UU 27/2022 art. 20 and 22): what registers know of an adult, and the papers that
they gave earlier, are opened to nobody else without their word. The code goes to the contact that the population register has
of that person, names who asks and for which service, and is good once. Of age is who must hold a KTP: 17 (UU 24/2013 art. 63).

For a child act its parents, or who was made its guardian (UU 1/1974 art. 47 and 50; UU 27/2022 art. 25), and nobody else of the card: the
population register names them (UU 23/2006 art. 58). Where it names nobody, the counter looks at the papers.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core import vault
from app.core.db import Tx
from app.core.house import House
from app.core.texts import Text
from app.services.applications.applicants import applicant_of
from app.services.applications.assisting import Claim
from app.services.applications.drafts import Applicant, family_step
from app.services.applications.models import Behalf
from app.services.applications.problems import FAMILY_UNREACHABLE, NOT_FAMILY, NOT_GUARDIAN, NOT_OF_AGE
from app.services.catalogue import Service
from app.services.identity import consents
from app.services.identity.codes import CodePurpose
from app.services.identity.consents import Asked
from app.services.identity.contacts import Contact
from app.services.registries import KTP_FROM_YEARS, PopulationRegistry, years_between

WHAT = Text("{name} ingin mengajukan {service} atas nama Anda", "{name} wants to apply for {service} in your name")
_ZONE = ZoneInfo("Asia/Jakarta")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the citizen's family card, as applicant; `asked_by` is who applies, `send_to` the member's own contact."""

    applicant: Applicant
    asked_by: str = field(repr=False)
    send_to: Contact | None = field(repr=False)

    @property
    def must_consent(self) -> bool:
        """Whether this is an adult, other than who applies."""
        return self.applicant.behalf is Behalf.ADULT


async def family_member(house: House, account: UUID, claim: Claim) -> Member:
    """Whom the citizen applies for; messages and papers stay with who applies.

    Asks the population register: never inside a transaction. Raises IDENTITY_NEEDED, NOT_FAMILY, NOT_OF_AGE, and NOT_GUARDIAN
    for a child of whom this account is no registered parent or guardian.
    """
    own = await applicant_of(house, account)
    register = house[PopulationRegistry]
    found = await register.check(claim.nik, claim.born_on, claim.kk_no)
    self_on_card = await register.check(own.nik, date.fromisoformat(own.born_on), claim.kk_no)
    if found is None or self_on_card is None:
        raise NOT_FAMILY()
    today = house.clock.now().astimezone(_ZONE).date()
    behalf = Behalf.ADULT if years_between(found.born_on, today) >= KTP_FROM_YEARS else Behalf.CHILD
    if found.nik == own.nik:
        return Member(own, own.name, None)
    if years_between(self_on_card.born_on, today) < KTP_FROM_YEARS:
        raise NOT_OF_AGE()
    if behalf is Behalf.CHILD and own.nik not in found.guardians:
        raise NOT_GUARDIAN()
    applicant = Applicant(account, found.nik, found.name, found.born_on.isoformat(), own.contact, behalf)
    return Member(applicant, own.name, consents.contact_on_record(found.phone, found.email))


async def ask_member(tx: Tx, member: Member, service: Service) -> Asked | None:
    """Send an adult a code for this account and this service; None for who needs none. Raises FAMILY_UNREACHABLE."""
    if not member.must_consent:
        return None
    if member.send_to is None:
        raise FAMILY_UNREACHABLE()
    return await consents.ask_consent(
        tx,
        about=_account(member),
        step=family_step(service),
        of=await vault.key_for_person(tx, member.applicant.nik),
        send_to=member.send_to,
        what=WHAT.fill(name=member.asked_by, service=service.title),
        purpose=CodePurpose.FAMILY,
    )


async def agreed(tx: Tx, member: Member, service: Service, code: str | None) -> Applicant | None:
    """The applicant to begin with, if the member need not agree or the code holds; None where it does not: let the
    transaction commit, for the try to count."""
    if not member.must_consent or not code:
        return member.applicant  # without a code `drafts.begin` refuses an adult
    of = await vault.key_for_person(tx, member.applicant.nik)
    consent = await consents.use_consent(
        tx, about=_account(member), step=family_step(service), of=of, code=code, purpose=CodePurpose.FAMILY
    )
    return None if consent is None else replace(member.applicant, consent=consent)


def _account(member: Member) -> UUID:
    assert member.applicant.person_id is not None
    return member.applicant.person_id
