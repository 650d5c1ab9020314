"""Words for people, always in both languages side by side: Indonesian first, English second."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Lang = Literal["id", "en"]
LANGS: tuple[Lang, ...] = ("id", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or label in Indonesian and English. May hold ``{placeholders}`` for `str.format`."""

    id: str
    en: str

    def say(self, lang: Lang) -> str:
        """The text in the language asked for."""
        return self.en if lang == "en" else self.id

    def fill(self, **params: object) -> "Text":
        """The same text with its placeholders filled in, in both languages; another text says itself in each."""

        def said(lang: Lang) -> dict[str, object]:
            return {name: each.say(lang) if isinstance(each, Text) else each for name, each in params.items()}

        return Text(self.id.format(**said("id")), self.en.format(**said("en")))


_LONGEST_WISH = 200
"""Characters of `Accept-Language` that are looked at: browsers send a dozen or two."""


def choose_lang(accept_language: str | None) -> Lang:
    """The language for a person, from `Accept-Language` (RFC 9110 12.5.4). Indonesian unless English is preferred."""
    return _choose((accept_language or "")[:_LONGEST_WISH])


@lru_cache(maxsize=1024)
def _choose(accept_language: str) -> Lang:
    best: tuple[float, Lang] = (0.0, "id")
    for part in accept_language.split(",")[:20]:
        tag, _, params = part.strip().partition(";")
        weight = 1.0
        if params.strip().startswith("q="):
            try:
                weight = float(params.strip()[2:])
            except ValueError:
                weight = 0.0
        lang: Lang | None = "en" if tag.lower().startswith("en") else "id" if tag.lower()[:2] in ("id", "in") else None
        if lang is not None and weight > best[0]:
            best = (weight, lang)
    return best[1]
