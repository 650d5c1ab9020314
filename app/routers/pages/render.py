"""How pages are drawn: Jinja templates in two languages, numbers and times as Indonesians write them.

There is one environment per language, so that ``t("Indonesia", "English")`` works inside every macro without passing
the language around. Rendering is plain, not async: templates get finished values and wait for nothing, and async
Jinja costs a quarter more time (measured on a form of ten fields).
"""

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    Undefined,
    UndefinedError,
)
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from app.core.money import show_rupiah
from app.core.texts import LANGS, Lang, Text
from app.routers.pages import application_words, words
from app.routers.pages.statics import static_url

TEMPLATES = Path(__file__).parents[2] / "templates"
ZONES = {"WIB": ZoneInfo("Asia/Jakarta"), "WITA": ZoneInfo("Asia/Makassar"), "WIT": ZoneInfo("Asia/Jayapura")}
_LOCALES = {"id": "id_ID", "en": "en_GB"}
_TIME_PATTERNS = {"id": "EEEE, d MMMM y 'pukul' HH.mm", "en": "EEEE, d MMMM y, HH:mm"}
_DATE_PATTERNS = {"id": "EEEE, d MMMM y", "en": "EEEE, d MMMM y"}

_DRAWN = ("layout.html", "macros/", "pages/", "govuk_frontend_jinja/components/", "govuk_frontend_jinja/macros/")

# Codes of the rooms in words: `actor_name(entry.actor_kind)`.
_NAMERS = {
    "actor_name": words.ACTORS,
    "answer_name": words.ANSWERS,
    "party_name": words.PARTIES,
    "bill_state": words.BILL_STATES,
    "bill_title": words.BILL_TITLES,
    "block_reason": words.BLOCK_REASONS,
    "checked_kind": words.CHECKED_KINDS,
    "ground_name": application_words.GROUNDS,
    "delivery_name": application_words.DELIVERIES,
    "appointment_name": application_words.APPOINTMENTS,
    "media_name": application_words.MEDIA,
    "queue_reason": application_words.REASONS_IN_QUEUE,
}

# Above each threshold the words that a citizen reads beside the figure. The figure alone says nothing to most people.
_CONFIDENCE_WORDS = (
    (0.95, Text("sangat yakin", "very sure")),
    (0.85, Text("yakin", "sure")),
    (0.60, Text("kurang yakin", "not quite sure")),
    (0.00, Text("tidak yakin", "unsure")),
)


class ViewUndefined(Undefined):
    """Missing names stay empty, as the component macros want; a missing attribute of one of our views is a bug."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_dataclass(self._undefined_obj) or hasattr(self._undefined_obj, "_fields"):  # a named tuple
            raise UndefinedError(self._undefined_message)


def render(name: str, lang: Lang, **context: object) -> str:
    """The page as HTML text in this language."""
    return environment(lang).get_template(name).render(**context)


class SharedBytecode(BytecodeCache):
    """Compiled templates in memory: both languages' environments run the same code, compiled once."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


@cache
def _shared_bytecode() -> SharedBytecode:
    return SharedBytecode()


def warm_up() -> None:
    """Compile every page and component now, so that the first citizen does not wait a second for it."""
    for lang in LANGS:
        env = environment(lang)
        for name in env.list_templates(filter_func=lambda each: each.startswith(_DRAWN)):
            env.get_template(name)


@cache
def environment(lang: Lang) -> Environment:
    """The Jinja environment for a language; autoescape is on for everything."""
    env = Environment(
        loader=ChoiceLoader(
            [
                FileSystemLoader(TEMPLATES),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=ViewUndefined,
        bytecode_cache=_shared_bytecode(),
        auto_reload=False,
    )
    env.globals.update(
        lang=lang,
        t=text_picker(lang),
        rupiah=lambda amount: show_rupiah(amount, lang),
        waktu=lambda at, zone="WIB": show_time(at, zone, lang),
        waktu_pendek=lambda at, zone="WIB": show_time_short(at, zone, lang),
        jam_detik=lambda at, zone="WIB": show_second(at, zone, lang),
        bulan=lambda day: format_date(day, "MMMM y", locale=_LOCALES[lang]),
        tanggal=lambda day, zone="WIB": show_day(day, zone, lang),
        yakin=lambda confidence: confidence_words(confidence).say(lang),
        persen=lambda share: show_percent(share, lang),
        state_colour=words.state_colour,
        application_colour=application_words.state_colour,
        jam=lambda at, zone="WIB": show_clock(at, zone, lang),
        ukuran=lambda kb: show_size(kb, lang),
        refund_reason=lambda memo: words.refund_reason(memo).say(lang),
        payee_name=lambda payee: words.payee_name(payee).say(lang),
        **{name: _namer(names, lang) for name, names in _NAMERS.items()},
        static_url=static_url,
        LANGS=LANGS,
    )
    env.filters["say"] = lambda text: text.say(lang) if isinstance(text, Text) else text
    env.filters["grouped"] = grouped
    env.filters["paragraphs"] = paragraphs
    return env


def text_picker(lang: Lang) -> Callable[[str, str], str]:
    """``t``: both texts stand side by side in the template, and the reader's one is shown."""
    return lambda indonesian, english: english if lang == "en" else indonesian


def _namer(names: Mapping[str, Text], lang: Lang) -> Callable[[str], str]:
    return lambda key: words.name_of(names, key).say(lang)


def show_time(at: datetime, zone: str, lang: Lang) -> str:
    """An instant in the unit's own zone, with the zone's name: ``Senin, 2 Maret 2026 pukul 10.00 WIB``."""
    local = at.astimezone(ZONES[zone])
    return f"{format_datetime(local, _TIME_PATTERNS[lang], locale=_LOCALES[lang])} {zone}"


def show_time_short(at: datetime, zone: str, lang: Lang) -> str:
    """The same for tables: ``2 Mar 2026 10.00 WIB``."""
    pattern = "d MMM y HH.mm" if lang == "id" else "d MMM y HH:mm"
    return f"{format_datetime(at.astimezone(ZONES[zone]), pattern, locale=_LOCALES[lang])} {zone}"


def show_second(at: datetime, zone: str, lang: Lang) -> str:
    """The time of day to the second: ``10.00.30 WIB``."""
    pattern = "HH.mm.ss" if lang == "id" else "HH:mm:ss"
    return f"{format_datetime(at.astimezone(ZONES[zone]), pattern, locale=_LOCALES[lang])} {zone}"


def show_day(day: date | datetime, zone: str, lang: Lang) -> str:
    """A day as people say it; an instant is first brought to the unit's zone."""
    if isinstance(day, datetime):
        day = day.astimezone(ZONES[zone]).date()
    return format_date(day, _DATE_PATTERNS[lang], locale=_LOCALES[lang])


def show_clock(at: datetime, zone: str, lang: Lang) -> str:
    """The time of day alone, for lists below a day: ``08.30``."""
    return format_datetime(at.astimezone(ZONES[zone]), "HH.mm" if lang == "id" else "HH:mm", locale=_LOCALES[lang])


def show_size(kb: int, lang: Lang) -> str:
    """The size of a file as people say it: ``2,5 MB``."""
    if kb < 1024:
        return f"{kb} KB"
    tenths = kb * 10 // 1024
    shown = f"{tenths // 10}" + (f".{tenths % 10}" if tenths % 10 else "")
    return f"{shown if lang == 'en' else shown.replace('.', ',')} MB"


def confidence_words(confidence: float) -> Text:
    """What a confidence of 0 to 1 means in words."""
    return next(words for threshold, words in _CONFIDENCE_WORDS if confidence >= threshold)


def show_percent(share: float, lang: Lang) -> str:
    """A share of 0 to 1 as a percentage with one decimal, never rounded up to certainty nor down to nothing."""
    if 0 < share < 0.001:
        return "< 0.1%" if lang == "en" else "< 0,1%"
    tenths = min(int(share * 1000), 999) if share < 1 else 1000
    shown = f"{tenths // 10}.{tenths % 10}%"
    return shown if lang == "en" else shown.replace(".", ",")


def show_number(number: int, lang: Lang) -> str:
    """A count with its thousands apart, as the language writes it."""
    shown = f"{number:,}"
    return shown if lang == "en" else shown.replace(",", ".")


def grouped(number: str, size: int = 4) -> str:
    """A long number in groups that people can read out and compare; the copy button takes the blanks away."""
    return " ".join(number[at : at + size] for at in range(0, len(number), size))


def paragraphs(text: str) -> Markup:
    """Text that a person wrote, escaped, with its line breaks kept."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())
