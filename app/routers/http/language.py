"""In which language a person is answered: what they chose, else what their browser asks for, else Indonesian."""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.types import Scope

from app.core.texts import LANGS, Lang, choose_lang

LANGUAGE_COOKIE = "loket_lang"
MAX_FIELDS = 50


def language_of(scope: Scope) -> Lang:
    """The language of this request: `?lang=`, then the cookie that an earlier choice left, then `Accept-Language`."""
    cookie = wanted = b""
    for name, value in scope["headers"]:
        if name == b"cookie":
            cookie = value
        elif name == b"accept-language":
            wanted = value
    return chosen_language(scope) or _language(_cookie(cookie)) or choose_lang(wanted.decode("latin-1"))


def chosen_language(scope: Scope) -> Lang | None:
    """The language that this very request asks for by `?lang=`, if any; pages keep it in the cookie."""
    if not scope["query_string"]:
        return None
    try:
        values = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=MAX_FIELDS)
    except ValueError:  # more fields than any door has; that is for the door to refuse, not for the language
        return None
    return _language(values.get("lang", [""])[-1])


def _language(value: str) -> Lang | None:
    return next((lang for lang in LANGS if lang == value), None) if value else None


def _cookie(header: bytes) -> str:
    if LANGUAGE_COOKIE.encode() not in header:
        return ""
    try:
        morsel = SimpleCookie(header.decode("latin-1")).get(LANGUAGE_COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
