"""Forms that only our own pages can send: SameSite=Lax cookies, the browser's word on the origin, and a form token.

The token is signed and bound to a random cookie of this browser, so it cannot be fetched by somebody else and planted
(login CSRF included). Sources: OWASP CSRF cheat sheet (signed double submit), Fetch Metadata (W3C).
"""

import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import Request, Response

from app.core.crypto import BadToken
from app.core.house import House
from app.services.identity.problems import CROSS_SITE, FORM_STALE

BROWSER_COOKIE = "loket_browser"
TOKEN_FIELD = "_token"  # noqa: S105 the name of a form field
GOOD_FOR = timedelta(hours=2)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def form_token(house: House, browser: str) -> str:
    """A token for the hidden field of a form shown to this browser (`browser_of`)."""
    return house.signer.issue("form", {"browser": browser}, ttl=GOOD_FOR, now=house.clock.now())


def browser_of(request: Request) -> str:
    """The random id of this browser: from its cookie, or a fresh one for `set_browser`. Stable within a request."""
    known = request.cookies.get(BROWSER_COOKIE, "")
    if 20 <= len(known) <= 64 and known.isascii():
        return known
    if not hasattr(request.state, "loket_browser"):
        request.state.loket_browser = secrets.token_urlsafe(24)
    return str(request.state.loket_browser)


def set_browser(house: House, response: Response, browser: str) -> None:
    """Keep the browser's id in its cookie; needed on every page that shows a form."""
    set_cookie(house, response, BROWSER_COOKIE, browser)


def set_cookie(house: House, response: Response, name: str, value: str, *, max_age: timedelta | None = None) -> None:
    """A cookie that scripts cannot read and other sites cannot use; Secure whenever we are reached by https."""
    response.set_cookie(
        name,
        value,
        max_age=None if max_age is None else int(max_age.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=house.settings.public_url.startswith("https://"),
    )


def check_form(house: House, request: Request, token: str) -> None:
    """Let an unsafe request of a page through. Raises CROSS_SITE, or FORM_STALE for a missing, foreign or old token."""
    check_same_site(house, request)
    try:
        claims = house.signer.verify("form", token[:2000], house.clock.now())
    except (BadToken, ValueError) as error:
        raise FORM_STALE() from error
    if not secrets.compare_digest(str(claims.get("browser", "")), request.cookies.get(BROWSER_COOKIE, "")):
        raise FORM_STALE()


def check_same_site(house: House, request: Request) -> None:
    """Refuse an unsafe request that the browser says comes from another site. Raises CROSS_SITE.

    A caller that sends neither header is no current browser, and has no cookies that another site could borrow.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        raise CROSS_SITE()
    if origin is not None and origin not in _own_origins(house, request):
        raise CROSS_SITE()


def local_path(text: str | None, default: str = "/") -> str:
    """A path on this server to go on to; `default` for anything that could lead elsewhere."""
    if not text or len(text) > 4000 or not text.startswith("/") or text.startswith(("//", "/\\")):
        return default
    parts = urlsplit(text)
    safe = not parts.scheme and not parts.netloc and text.isascii() and text.isprintable() and "\\" not in text
    return text if safe else default


def _own_origins(house: House, request: Request) -> frozenset[str]:
    public = urlsplit(house.settings.public_url)
    return frozenset({f"{public.scheme}://{public.netloc}", f"{request.url.scheme}://{request.url.netloc}"})
