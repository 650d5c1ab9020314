"""How somebody can be reached with a one-time code: an Indonesian mobile number or an e-mail address."""

from dataclasses import dataclass, field
from enum import StrEnum

from app.core.contacts import mask_email, mask_phone, parse_email, parse_mobile
from app.core.crypto import KeyRing
from app.services.identity.problems import CONTACT_INVALID


class ContactKind(StrEnum):
    """How a code can reach somebody."""

    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Contact:
    """A phone (E.164) or e-mail address in canonical form."""

    kind: ContactKind
    value: str = field(repr=False)

    @property
    def masked(self) -> str:
        """For saying where a code went."""
        return mask_phone(self.value) if self.kind is ContactKind.PHONE else mask_email(self.value)

    def index(self, keys: KeyRing) -> str:
        """The blind index by which an account with this contact is found."""
        return keys.blind_index(f"contact-{self.kind}", self.value)


def read_contact(text: str) -> Contact:
    """The contact that somebody typed. Raises CONTACT_INVALID."""
    email = parse_email(text) if "@" in text else None
    if email is not None:
        return Contact(ContactKind.EMAIL, email)
    phone = parse_mobile(text)
    if phone is None:
        raise CONTACT_INVALID()
    return Contact(ContactKind.PHONE, phone)
