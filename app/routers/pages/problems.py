"""What pages refuse themselves, and every refusal as a page for people."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.core.problems import INVALID_REQUEST, NOT_FOUND, TOO_LARGE, Problem, ProblemType
from app.core.texts import Text
from app.routers.http.forms import local_path
from app.routers.http.language import language_of
from app.routers.pages.frame import frame_context
from app.routers.pages.render import render
from app.services.applications.problems import APPLICATION_NOT_FOUND, IDENTITY_NEEDED
from app.services.identity.problems import FORM_STALE

TICKET_SESSION_OVER = ProblemType(
    "pages-ticket-session-over",
    401,
    Text("Sesi Anda sudah berakhir", "Your session has ended"),
    Text(
        "Demi keamanan, halaman tilang tertutup sendiri. Cek tilang lagi dengan STNK atau surat untuk melanjutkan.",
        "To be safe, ticket pages close by themselves. Look the ticket up again with the STNK or the letter to go on.",
    ),
)
_JSON_DOORS = (
    "/v1",
    "/k/",
    "/NotificationInfo",
    "/oauth/token",
    "/oauth/jwks",
    "/oauth/revoke",
    "/.well-known",
    "/static",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi",
    "/sandbox",
)
FORM_AGAIN = Text("Buka halamannya lagi", "Open the page again")
_WAYS_ON: dict[str, tuple[str, Text]] = {
    TICKET_SESSION_OVER.code: ("/tilang", Text("Cek tilang", "Look up a ticket")),
    APPLICATION_NOT_FOUND.code: ("/permohonan", Text("Permohonan saya", "My applications")),
    IDENTITY_NEEDED.code: ("/akun/nik", Text("Konfirmasi NIK", "Confirm your NIK")),
}


def render_problem_page(request: Request, problem: Problem) -> Response | None:
    """The problem as a page, for browsers on page routes; None for every door that speaks JSON.

    The words are the problem's own: what happened and what to do next. The request id helps a person at the help desk.
    """
    if not is_page_request(request):
        return None
    if _names_no_page(request, problem):
        problem = NOT_FOUND()
    lang = language_of(request.scope)
    way_on, way_on_text = _WAYS_ON.get(problem.type.code, ("", None))
    if problem.type in (FORM_STALE, TOO_LARGE):
        way_on, way_on_text = local_path(urlsplit(request.headers.get("referer", "")).path), FORM_AGAIN
    html = render(
        "pages/problem.html",
        lang,
        **frame_context(request, lang),
        heading=problem.type.title.say(lang),
        detail=problem.detail(lang),
        errors=[error.message for error in problem.errors],
        allowed=problem.extra.get("allowed"),
        code=problem.type.code,
        request_id=request.scope.get("loket_request_id", ""),
        way_on=way_on,
        way_on_text=way_on_text.say(lang) if way_on_text else "",
    )
    headers = {**problem.headers, "Cache-Control": "no-store", "Content-Language": lang}
    return HTMLResponse(html, problem.type.status, headers)


def _names_no_page(request: Request, problem: Problem) -> bool:
    """An address whose id or code cannot be one: for a person with a browser there simply is no such page."""
    if problem.type is not INVALID_REQUEST or request.method != "GET":
        return False
    return any(error.pointer.strip("/") in request.path_params for error in problem.errors)


def is_page_request(request: Request) -> bool:
    """Whether a person with a browser asked: HTML is wanted, and the door is not one of those that speak JSON."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(_JSON_DOORS)
