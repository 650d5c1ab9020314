"""A form as a person filled it in, and what is wrong with it. Rules that only rooms know come back as a `Problem`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.core.problems import Problem
from app.core.texts import Text

MAX_FIELDS = 60
MAX_FIELD_CHARACTERS = 5_000
MAX_UPLOAD_BYTES = 8 * 1024 * 1024
A_YEAR = timedelta(days=365)
"""How long a browser remembers the language that somebody chose."""
REQUIRED = Text("Wajib diisi.", "Fill this in.")
TOO_LONG = Text("Terlalu panjang.", "This is too long.")
BAD_CHARACTERS = Text(
    "Ada huruf yang tidak bisa disimpan. Ketik ulang.", "It holds characters that cannot be kept. Type it again."
)
NOT_A_DATE = Text(
    "Isi tanggal, bulan dan tahun dengan angka, misalnya 27 3 2026.",
    "Give day, month and year in digits, for example 27 3 2026.",
)


@dataclass(frozen=True)
class Upload:
    """A file that came with a form: the name it had on the person's device, and its bytes."""

    filename: str
    data: bytes


@dataclass
class Form:
    """The values by field name, and by field name the message of each fault, in the order of the page."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, Text] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)
    dates: set[str] = field(default_factory=set)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What was sent more than once under one name, as boxes to tick are."""

    def get(self, name: str) -> str:
        """A value without outer blanks; empty when it was not sent."""
        return self.values.get(name, "").strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value that was sent under a name; none where it was not sent."""
        return self.lists.get(name) or tuple(filter(None, [self.get(name)]))

    def need(self, name: str, missing: Text = REQUIRED, *, longest: int = 200) -> str:
        """A value that must be there, in plain text of at most `longest` characters; its absence is an error."""
        value = self.get(name)
        if not value:
            self.errors.setdefault(name, missing)
        return self.plain(name, longest=longest)

    def plain(self, name: str, *, longest: int = 200) -> str:
        """A value that may be missing: no control characters, not longer than the field allows."""
        value = self.get(name)
        if len(value) > longest:
            self.errors.setdefault(name, TOO_LONG)
        if any((character < " " and character not in "\r\n\t") or character == "\x7f" for character in value):
            self.errors.setdefault(name, BAD_CHARACTERS)
        return value

    def choice(self, name: str, allowed: tuple[str, ...], missing: Text) -> str:
        """One of the offered values, else an error."""
        value = self.get(name)
        if value not in allowed:
            self.errors.setdefault(name, missing)
        return value

    def date(self, name: str, missing: Text = NOT_A_DATE) -> date | None:
        """A date typed in three fields, `name`-day, -month and -year."""
        self.dates.add(name)
        try:
            parts = [int(self.get(f"{name}-{part}")) for part in ("year", "month", "day")]
            return date(*parts)
        except (ValueError, OverflowError):
            self.errors.setdefault(name, missing)
            return None

    def take(self, problem: Problem, *, onto: str) -> None:
        """Show a room's refusal in the form: at the fields that it names, else at the field `onto`.

        The pointer `/driver/nik` is the field `driver-nik`.
        """
        for error in problem.errors:
            self.errors.setdefault(error.pointer.strip("/").replace("/", "-") or onto, error.message)
        if not problem.errors:
            self.errors.setdefault(onto, Text(problem.detail("id"), problem.detail("en")))

    def anchor(self, name: str) -> str:
        """The id of the element that an error summary's line leads to; `file~2` is the second fault of the field `file`."""
        return f"{name}-day" if name in self.dates else name.partition("~")[0]
