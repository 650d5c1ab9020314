"""Telephone numbers and e-mail addresses as people type them, in one canonical form each. Pure.

A phone is a contact, never an identity: numbers are recycled and shared in families.
"""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

MAX_PHONE_TEXT = 40
MAX_EMAIL = 254  # RFC 5321 4.5.3.1.3
_MOBILE = re.compile(r"^\+628[1-9][0-9]{7,10}$", re.ASCII)
_EMAIL = re.compile(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$", re.ASCII)


def parse_mobile(text: str) -> str | None:
    """An Indonesian mobile number (``08..``, ``628..``, ``+62 8..``) as E.164 ``+628...``; None for anything else.

    Landlines and foreign numbers are refused: a one-time code could not reach them.
    """
    typed = text.strip()
    if len(typed) > MAX_PHONE_TEXT or not typed.isascii():
        return None
    typed = f"+{typed}" if typed.startswith("62") else typed
    try:
        number = phonenumbers.parse(typed, "ID")
    except NumberParseException:
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    kind = phonenumbers.number_type(number)
    # The library knows the operators' ranges of its day; the pattern also takes ranges that were opened since.
    landline = kind in {PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE}
    return e164 if _MOBILE.match(e164) and number.extension is None and not landline else None


def parse_email(text: str) -> str | None:
    """An e-mail address in lower case; None if it is none. That it arrives is proved by a code, not by a pattern."""
    typed = text.strip()
    return typed.lower() if len(typed) <= MAX_EMAIL and _EMAIL.match(typed) and ".." not in typed else None


def mask_phone(e164: str) -> str:
    """For telling somebody where a code went: the country code and the last three digits."""
    return f"{e164[:3]}{'*' * max(0, len(e164) - 6)}{e164[-3:]}"


def mask_email(email: str) -> str:
    """The first letter and the domain."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}***@{domain}"
