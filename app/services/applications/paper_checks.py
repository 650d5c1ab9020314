"""Interim: until the checks of photos are here, a paper is a file that is what it says."""

from collections.abc import Collection
from dataclasses import dataclass

from app.core.texts import Text
from app.services import documents
from app.services.documents.photo_rules import PhotoRules, load_photo_rules

__all__ = ["PaperVerdict", "PhotoRules", "check_paper", "load_photo_rules"]


@dataclass(frozen=True, slots=True)
class PhotoProblem:
    code: str
    says: Text


@dataclass(frozen=True, slots=True)
class PaperVerdict:
    problems: tuple[PhotoProblem, ...]
    warnings: tuple[str, ...]
    data: bytes
    media_type: str


def check_paper(data: bytes, *, kind: str, rule: object, max_bytes: int, media_types: Collection[str]) -> PaperVerdict:
    del kind, rule, media_types
    info = documents.check_attachment(data, max_bytes=max_bytes)
    return PaperVerdict((), (), data, info.media_type)
