"""The failure model: everything that may be refused, as RFC 9457 problem details.

A room declares its problem types as constants in its ``problems.py`` and raises them like functions:
``raise CASE_NOT_FOUND(reference=ref)``. The door turns a `Problem` into ``application/problem+json`` in the caller's
language; a raised problem always rolls the transaction back. The `code` is stable: clients may rely on it.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.texts import Lang, Text


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `pointer` is an RFC 6901 JSON pointer into the request."""

    pointer: str
    message: Text


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of refusal with its HTTP status and its words. `detail` may hold ``{placeholders}``."""

    code: str
    status: int
    title: Text
    detail: Text

    def __call__(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, object] | None = None,
        **params: object,
    ) -> "Problem":
        """The problem to raise, with the values that its detail names."""
        return Problem(self, params, tuple(errors), dict(headers or {}), dict(extra or {}))


@dataclass(eq=False)
class Problem(Exception):
    """A refusal on its way to the caller."""

    type: ProblemType
    params: Mapping[str, object] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.type.code}: {self.detail('en')}"

    def detail(self, lang: Lang) -> str:
        """The sentence for people, filled in."""
        return self.type.detail.say(lang).format(**{k: _shown(v, lang) for k, v in self.params.items()})

    def body(self, lang: Lang, *, base_url: str, instance: str | None = None) -> dict[str, object]:
        """The RFC 9457 members; `errors` holds one item per field that is wrong."""
        body: dict[str, object] = {
            "type": f"{base_url}/docs/problems#{self.type.code}",
            "code": self.type.code,
            "title": self.type.title.say(lang),
            "status": self.type.status,
            "detail": self.detail(lang),
        }
        if instance:
            body["instance"] = instance
        if self.errors:
            body["errors"] = [{"pointer": e.pointer, "detail": e.message.say(lang)} for e in self.errors]
        return {**self.extra, **body}


def _shown(value: object, lang: Lang) -> object:
    return value.say(lang) if isinstance(value, Text) else value


def catalogue() -> list[ProblemType]:
    """Every problem type that this software declares, by code; the docs are drawn from it.

    Raises ValueError where two types claim one code: clients tell problems apart by it.
    """
    found: dict[str, ProblemType] = {}
    for name, module in sorted(sys.modules.items()):
        if name.startswith("app."):
            for value in vars(module).values():
                if isinstance(value, ProblemType) and found.setdefault(value.code, value) != value:
                    raise ValueError(f"problem type {value.code!r} is declared twice with different words")
    return sorted(found.values(), key=lambda each: each.code)


INVALID_REQUEST = ProblemType(
    "request-invalid",
    422,
    Text("Data yang dikirim belum benar", "The request is not valid"),
    Text(
        "Periksa isian yang disebut di bawah, perbaiki, lalu kirim lagi.",
        "Mend the fields named below and send it again.",
    ),
)
NOT_FOUND = ProblemType(
    "not-found",
    404,
    Text("Tidak ditemukan", "Not found"),
    Text(
        "Alamat atau data ini tidak ada, atau Anda tidak berhak melihatnya.",
        "There is nothing here, or it is not yours to see.",
    ),
)
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed",
    405,
    Text("Cara ini tidak tersedia", "Method not allowed"),
    Text("Alamat ini tidak menerima metode tersebut.", "This address does not take that method."),
)
TOO_LARGE = ProblemType(
    "request-too-large",
    413,
    Text("Kiriman terlalu besar", "The request is too large"),
    Text(
        "Batasnya {limit_mb} MB. Kecilkan berkas lalu kirim lagi.",
        "The limit is {limit_mb} MB. Make the file smaller and send it again.",
    ),
)
UNSUPPORTED_MEDIA = ProblemType(
    "media-type-unsupported",
    415,
    Text("Jenis berkas tidak diterima", "Media type not supported"),
    Text("Kirim dalam bentuk {expected}.", "Send it as {expected}."),
)
UNAUTHENTICATED = ProblemType(
    "sign-in-needed",
    401,
    Text("Perlu masuk dahulu", "Sign-in needed"),
    Text(
        "Tanda pengenal (token atau kunci) tidak ada, salah, atau sudah tidak berlaku. Ambil yang baru lalu coba lagi.",
        "The token or key is missing, wrong or no longer valid. Get a new one and try again.",
    ),
)
FORBIDDEN = ProblemType(
    "not-permitted",
    403,
    Text("Tidak berwenang", "Not permitted"),
    Text("Akun ini tidak berwenang melakukan hal tersebut.", "This account may not do that."),
)
TOO_MANY_REQUESTS = ProblemType(
    "too-many-requests",
    429,
    Text("Terlalu banyak permintaan", "Too many requests"),
    Text("Tunggu {retry_after} detik lalu coba lagi.", "Wait {retry_after} seconds and try again."),
)
UNEXPECTED = ProblemType(
    "unexpected",
    500,
    Text("Terjadi kesalahan pada sistem", "Something went wrong on our side"),
    Text(
        "Tidak ada yang berubah. Coba lagi; bila tetap gagal, sebutkan nomor {request_id} kepada petugas.",
        "Nothing was changed. Try again; if it still fails, quote {request_id} to us.",
    ),
)
UPSTREAM_UNAVAILABLE = ProblemType(
    "upstream-unavailable",
    503,
    Text("Layanan pendukung sedang tidak tersedia", "A supporting service is not available"),
    Text(
        "{name} sedang tidak menjawab. Coba lagi sebentar lagi; data Anda tidak hilang.",
        "{name} does not answer. Try again shortly; nothing of yours is lost.",
    ),
)
BUSY = ProblemType(
    "busy",
    503,
    Text("Sistem sedang penuh", "Busy"),
    Text(
        "{name} sedang penuh. Coba lagi setelah {retry_after} detik.",
        "{name} is full. Try again in {retry_after} seconds.",
    ),
)
