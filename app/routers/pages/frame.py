"""What the frame of every page needs to know about its request: the path, and the same page in the other language."""

from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from app.core.texts import Lang


def frame_context(request: Request, lang: Lang) -> dict[str, object]:
    """The values that `layout.html` uses besides the globals."""
    path = request.url.path
    query = [(key, value) for key, value in parse_qsl(request.url.query, max_num_fields=50) if key != "lang"]

    def language_url(other: str) -> str:
        return f"{path}?{urlencode([*query, ('lang', other)])}"

    return {"path": path, "language_url": language_url, "page_lang": lang}
