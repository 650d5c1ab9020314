"""An answer that is being written, step by step, kept in the browser alone until it is sent.

The draft holds personal data (who drove, with NIK), so its cookie is encrypted (tokens ring), bound to its ticket,
limited to the answer's own addresses, and gone after an hour or when the answer was sent. The server keeps nothing of
what somebody did not send.
"""

import json
import zlib
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.core.crypto import CannotOpen
from app.core.house import House
from app.core.problems import ProblemType
from app.core.texts import Text
from app.routers.http.forms import set_cookie

COOKIE = "loket_answer"
LASTS = timedelta(hours=1)
MAX_COOKIE = 3_900  # browsers keep 4,096 characters with the name

DRAFT_TOO_LONG = ProblemType(
    "pages-draft-too-long",
    422,
    Text("Isian terlalu panjang", "The answer is too long"),
    Text(
        "Isian seluruhnya terlalu panjang untuk disimpan sementara. Ringkas alasannya, atau lampirkan sebagai berkas.",
        "All in all this is too long to keep until you send it. Shorten the reason, or attach it as a file.",
    ),
)


@dataclass(frozen=True)
class DraftFile:
    """An attachment that was uploaded already: its id, and the name that the person knows it by."""

    id: str
    name: str


@dataclass(frozen=True)
class Draft:
    """What was answered so far: question 1 (`yours`), question 2 (`kind`), the fields of the branch, attachments."""

    yours: str = ""
    kind: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    attachments: tuple[DraftFile, ...] = ()

    def with_file(self, file: DraftFile) -> "Draft":
        """The draft with one more attachment; the same file twice is one."""
        return replace(self, attachments=(*(each for each in self.attachments if each.id != file.id), file))

    def without_file(self, file_id: str) -> "Draft":
        """The draft without this attachment."""
        return replace(self, attachments=tuple(each for each in self.attachments if each.id != file_id))

    def person(self, prefix: str) -> dict[str, str | None]:
        """The fields of the driver or buyer; what was left empty is None."""
        start = f"{prefix}-"
        return {
            name.removeprefix(start): value or None for name, value in self.fields.items() if name.startswith(start)
        }

    @property
    def sold_on(self) -> date | None:
        """The date of the sale, if that is what was answered."""
        text = self.fields.get("sold_on", "")
        return date.fromisoformat(text) if text else None


def read_draft(request: Request, house: House, ticket_id: UUID) -> Draft:
    """The draft for this ticket; an empty one when there is none, it is for another ticket, or its hour is over."""
    try:
        opened = house.keys.open("tokens", request.cookies.get(COOKIE, ""), _place(ticket_id))
        kept = json.loads(zlib.decompress(opened))
    except (CannotOpen, ValueError, zlib.error):
        return Draft()
    if datetime.fromisoformat(kept["until"]) <= house.clock.now():
        return Draft()
    files = tuple(DraftFile(**each) for each in kept["attachments"])
    return Draft(kept["yours"], kept["kind"], kept["fields"], files)


def keep_draft(response: Response, house: House, ticket_id: UUID, draft: Draft) -> None:
    """Put the draft into the answer's cookie. Raises DRAFT_TOO_LONG rather than losing its end."""
    until = (house.clock.now() + LASTS).isoformat()
    packed = zlib.compress(json.dumps({**asdict(draft), "until": until}, separators=(",", ":")).encode(), 9)
    sealed = house.keys.seal("tokens", packed, _place(ticket_id))
    if len(sealed) > MAX_COOKIE:
        raise DRAFT_TOO_LONG()
    set_cookie(house, response, COOKIE, sealed, max_age=LASTS)


def drop_draft(response: Response) -> None:
    """Forget the draft: it was sent."""
    response.delete_cookie(COOKIE, path="/")


def _place(ticket_id: UUID) -> bytes:
    return b"pages.answer:" + ticket_id.bytes
