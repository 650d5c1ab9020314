"""What every answer tells the browser: load nothing from elsewhere, run no inline script, sit in nobody's frame.

Pages hold tickets and, at the counter, people's records, so the policy is the strict one (CSP level 3): scripts and
styles come from our own files alone. `security_headers` decides, `add_security_headers` only puts it on the answer.
"""

from collections.abc import Iterable
from functools import lru_cache

Headers = list[tuple[bytes, bytes]]

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'none'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; object-src 'none'"
)
# Data is never a document: if a browser is talked into showing it, nothing in it runs. PDF viewers need their own
# scripts and are left with the framing rule alone.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
PDF_POLICY = "frame-ancestors 'none'"
HSTS_SECONDS = 2 * 365 * 24 * 3600
NOT_KEPT = (b"cache-control", b"no-store")
"""For what no door has said otherwise of: most answers are about somebody, and a forgotten header must not keep them."""
_ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    # Browsers send `Origin: null` with forms under no-referrer, which would break our own origin check.
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


@lru_cache(maxsize=256)
def security_headers(content_type: str, *, https: bool, redirects: bool = False) -> tuple[tuple[bytes, bytes], ...]:
    """The headers for an answer of this media type. Sources: OWASP secure headers project, CSP level 3, RFC 6797.

    A form that leads to a sign-in at another issuer redirects; browsers apply `form-action` to that as well, so
    answers that redirect carry the page policy too and sign-in is a link, never a form.
    """
    if content_type.startswith("application/pdf"):
        policy = PDF_POLICY
    elif content_type.startswith("text/html") or redirects:
        policy = PAGE_POLICY
    else:
        policy = DATA_POLICY
    headers = [*_ALWAYS, (b"content-security-policy", policy.encode())]
    if https:
        headers.append((b"strict-transport-security", f"max-age={HSTS_SECONDS}; includeSubDomains".encode()))
    return tuple(headers)


def add_security_headers(headers: Iterable[tuple[bytes, bytes]], *, https: bool) -> Headers:
    """An answer's headers with `security_headers` added; what a door has set itself stays."""
    dressed = list(headers)
    kind = next((value for name, value in dressed if name == b"content-type"), b"")
    return [*dressed, *_missing(frozenset(name for name, _ in dressed), kind, https=https)]


@lru_cache(maxsize=1024)
def _missing(present: frozenset[bytes], kind: bytes, *, https: bool) -> tuple[tuple[bytes, bytes], ...]:
    wanted = security_headers(kind.decode("latin-1").lower(), https=https, redirects=b"location" in present)
    return tuple(each for each in (*wanted, NOT_KEPT) if each[0] not in present)
