"""What every answer tells the browser: load nothing from elsewhere, run no inline script, sit in nobody's frame.

Pages hold tickets and, at the counter, people's records, so the policy is the strict one (CSP level 3): scripts and
styles come from our own files alone. `security_headers` decides, `SecurityHeaders` only puts it on the answer.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


def security_headers(content_type: str, *, https: bool, redirects: bool = False) -> Headers:
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
    return headers


class SecurityHeaders:
    """Adds `security_headers` to every HTTP answer; what a door has set itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower(): value for name, value in message["headers"]}
                wanted = security_headers(
                    present.get(b"content-type", b"").decode("latin-1").lower(),
                    https=scope["scheme"] == "https",
                    redirects=b"location" in present,
                )
                wanted.append(NOT_KEPT)
                message["headers"] = [*message["headers"], *((n, v) for n, v in wanted if n not in present)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
