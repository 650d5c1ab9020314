"""One request to a page: the house, the reader's language, the session, and the ways to answer."""

from typing import Annotated, TypeVar

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.core.house import House
from app.core.texts import Lang
from app.routers.http.deps import TheHouse
from app.routers.http.language import LANGUAGE_COOKIE, chosen_language, language_of
from app.routers.pages.forms import MAX_FIELD_CHARACTERS, MAX_FIELDS, Form
from app.routers.pages.frame import frame_context
from app.routers.pages.problems import FORM_NOT_TRUSTED
from app.routers.pages.render import render
from app.routers.pages.session import (
    HeldTicket,
    Session,
    came_from_here,
    form_token,
    form_token_is_good,
    fresh_session,
    keep_session,
    read_session,
)

Answer = TypeVar("Answer", bound=Response)
MAX_UPLOAD_BYTES = 8 * 1024 * 1024
A_YEAR_S = 365 * 24 * 3600


class Visit:
    """What a page handler works with. The session's cookie is written only when a form or a look-up needs it."""

    def __init__(self, request: Request, house: House) -> None:
        self.request = request
        self.house = house
        self.now = house.clock.now()
        self.lang: Lang = language_of(request.scope)
        self.session: Session = read_session(request, house)
        self._session_changed = False

    def show(self, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """The page in the reader's language. Pages are never stored by caches: the next person may use this phone."""
        frame = {**frame_context(self.request, self.lang), "form_token": self.form_token}
        html = render(template, self.lang, **frame, **context)
        headers = {"Cache-Control": "no-store", "Content-Language": self.lang, "Vary": "Accept-Language, Cookie"}
        return self._finish(HTMLResponse(html, status, headers))

    def go(self, path: str) -> Response:
        """To another page, after a form (303, RFC 9110 15.4.4)."""
        return self._finish(RedirectResponse(path, 303, {"Cache-Control": "no-store"}))

    def hold(self, found: tuple[HeldTicket, ...]) -> None:
        """Remember the tickets that this browser has just proved to hold."""
        self._change(fresh_session(self.session).holding(found))

    def form_token(self) -> str:
        """A token for a form on this page; gives the browser a session id if it has none."""
        if not self.session.id:
            self._change(fresh_session(self.session))
        return form_token(self.house, self.session, self.now)

    async def form(self) -> Form:
        """The form that was sent; FORM_NOT_TRUSTED unless one of our pages drew it for this browser."""
        if not came_from_here(self.request):
            raise FORM_NOT_TRUSTED()
        sent = await self.request.form(max_files=5, max_fields=MAX_FIELDS, max_part_size=MAX_UPLOAD_BYTES)
        values = {name: value for name, value in sent.items() if isinstance(value, str)}
        if not form_token_is_good(self.house, self.session, values.pop("_token", ""), self.now):
            raise FORM_NOT_TRUSTED()
        files = {name: value for name, value in sent.items() if isinstance(value, UploadFile) and value.filename}
        return Form({name: value[: MAX_FIELD_CHARACTERS + 1] for name, value in values.items()}, files=files)

    def _change(self, session: Session) -> None:
        self.session = session
        self._session_changed = True

    def _finish(self, response: Answer) -> Answer:
        if self._session_changed:
            keep_session(response, self.request, self.house, self.session)
        chosen = chosen_language(self.request.scope)
        if chosen is not None:
            response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=A_YEAR_S, samesite="lax", httponly=True)
        return response


def the_visit(request: Request, house: TheHouse) -> Visit:
    """For handlers: ``visit: TheVisit``."""
    return Visit(request, house)


TheVisit = Annotated[Visit, Depends(the_visit)]
