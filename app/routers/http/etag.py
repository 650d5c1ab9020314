"""Entity tags for answers that change seldom (RFC 9110 8.8.3, 13.1.2)."""

import hashlib

from fastapi import Request, Response

CACHE_SECONDS = 60


def weak_tag(*parts: object) -> str:
    """A weak tag over what decides the answer: two answers with one tag say the same, byte for byte or not."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
    return f'W/"{digest[:24]}"'


def not_modified(request: Request, tag: str) -> Response | None:
    """304 when the caller holds this very version, else None. Weak comparison, as for `If-None-Match`."""
    held = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")[:20]]
    if tag.removeprefix("W/") in held or "*" in held:
        return Response(status_code=304, headers=tag_headers(tag))
    return None


def tag_headers(tag: str) -> dict[str, str]:
    """The headers of an answer that carries this tag and depends on the caller's language."""
    return {"ETag": tag, "Cache-Control": f"public, max-age={CACHE_SECONDS}", "Vary": "Accept-Language"}
