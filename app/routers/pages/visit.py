"""One request to a page: the house, the reader's language, the tickets held, and the ways to answer."""

from collections.abc import Iterable
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.core.house import House
from app.core.texts import Lang
from app.routers.http.deps import TheHouse
from app.routers.http.forms import TOKEN_FIELD, browser_of, check_form, form_token, set_browser, set_cookie
from app.routers.http.language import LANGUAGE_COOKIE, chosen_language, language_of
from app.routers.pages.forms import A_YEAR, MAX_FIELD_CHARACTERS, MAX_FIELDS, MAX_UPLOAD_BYTES, Form, Upload
from app.routers.pages.frame import frame_context
from app.routers.pages.render import render
from app.routers.pages.session import HeldTicket, Session, keep_session, read_session

Answer = TypeVar("Answer", bound=Response)


class Visit:
    """What a page handler works with. Cookies are written only when a form or a look-up needs them."""

    def __init__(self, request: Request, house: House) -> None:
        self.request = request
        self.house = house
        self.now = house.clock.now()
        self.lang: Lang = language_of(request.scope)
        self.session: Session = read_session(request, house)
        self._session_changed = False
        self._shows_form = False

    def show(self, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """The page in the reader's language. Pages are never stored by caches: the next person may use this phone."""
        frame = {**frame_context(self.request, self.lang), "form_token": self.form_token}
        html = render(template, self.lang, **frame, **context)
        headers = {"Cache-Control": "no-store", "Content-Language": self.lang, "Vary": "Accept-Language, Cookie"}
        return self.finish(HTMLResponse(html, status, headers))

    def go(self, path: str) -> Response:
        """To another page, after a form (303, RFC 9110 15.4.4)."""
        return self.finish(RedirectResponse(path, 303, {"Cache-Control": "no-store"}))

    def hold(self, found: tuple[HeldTicket, ...]) -> None:
        """Remember the tickets that this browser has just proved to hold."""
        self.session = self.session.holding(found)
        self._session_changed = True

    def forget(self) -> None:
        """Close every ticket that this browser holds: the next person may use this phone."""
        self.session = Session()
        self._session_changed = True

    def form_token(self) -> str:
        """The token for a form on this page."""
        self._shows_form = True
        return form_token(self.house, browser_of(self.request))

    async def form(self, *, max_fields: int = MAX_FIELDS, max_file_bytes: int = MAX_UPLOAD_BYTES) -> Form:
        """The form that was sent; refused unless one of our pages drew it for this browser (`check_form`).

        Of a file one byte more than allowed is read, so that whoever checks it can say that it is too large.
        """
        async with self.request.form(max_files=5, max_fields=max_fields, max_part_size=MAX_UPLOAD_BYTES) as sent:
            values = {name: value for name, value in sent.items() if isinstance(value, str)}
            check_form(self.house, self.request, values.pop(TOKEN_FIELD, ""))
            several = {name: _strings(sent.getlist(name)) for name in values}
            files = {
                name: Upload(value.filename, await value.read(max_file_bytes + 1))
                for name, value in sent.items()
                if isinstance(value, UploadFile) and value.filename
            }
        # One character more than allowed is kept, so that the field itself can say that it is too long.
        return Form(
            {name: value[: MAX_FIELD_CHARACTERS + 1] for name, value in values.items()},
            files=files,
            lists={name: each for name, each in several.items() if len(each) > 1},
        )

    def finish(self, response: Answer) -> Answer:
        """Put the cookies on an answer that was made elsewhere."""
        if self._session_changed:
            keep_session(response, self.house, self.session)
        if self._shows_form:
            set_browser(self.house, response, browser_of(self.request))
        chosen = chosen_language(self.request.scope)
        if chosen is not None:
            set_cookie(self.house, response, LANGUAGE_COOKIE, chosen, max_age=A_YEAR)
        return response


def _strings(sent: Iterable[object]) -> tuple[str, ...]:
    return tuple(each[: MAX_FIELD_CHARACTERS + 1] for each in sent if isinstance(each, str))


def the_visit(request: Request, house: TheHouse) -> Visit:
    """For handlers: ``visit: TheVisit``."""
    return Visit(request, house)


TheVisit = Annotated[Visit, Depends(the_visit)]
