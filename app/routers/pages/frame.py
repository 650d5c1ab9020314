"""What the frame of every page needs to know about its request: the path, and the same page in the other language."""

from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from app.core.texts import Lang
from app.routers.http.language import MAX_FIELDS


def frame_context(request: Request, lang: Lang) -> dict[str, object]:
    """The values that `layout.html` uses besides the globals."""
    path = request.url.path
    query = _other_fields(request.url.query)

    def language_url(other: str) -> str:
        return f"{path}?{urlencode([*query, ('lang', other)])}"

    return {"path": path, "language_url": language_url, "page_lang": lang}


def _other_fields(query: str) -> list[tuple[str, str]]:
    """The query without its language; nothing of one that has more fields than any page of ours."""
    try:
        return [(key, value) for key, value in parse_qsl(query, max_num_fields=MAX_FIELDS) if key != "lang"]
    except ValueError:
        return []
