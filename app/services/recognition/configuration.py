"""Which recognisers there are and who reads what, as data: `LOKET_RECOGNISER`, in the simplest case one word, else the name of a YAML
file (docs/recognisers.md)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

MOST_FILE_BYTES = 256 * 1024
MOST_RECOGNISERS = 32
DEFAULT_TIMEOUT_S = 15.0
DEFAULT_CONCURRENT = 32
"""Calls in flight to one server. More are told to come again: a queue here would only hide that the server is too small."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,39}$")]
Options = TypeVar("Options", bound=BaseModel)


class RecogniserFault(ValueError):
    """The settings or the file of recognisers cannot be used; the text says what to mend."""


@dataclass(frozen=True, slots=True)
class RecogniserConfig:
    """What a recogniser is built from. `name` stands in readings and logs, `token` is secret, `options` are the
    kind's own."""

    name: str
    url: str = ""
    token: str = field(default="", repr=False)
    timeout_s: float = DEFAULT_TIMEOUT_S
    max_concurrent: int = DEFAULT_CONCURRENT
    options: Mapping[str, JsonValue] = field(default_factory=dict)

    def read_options(self, kind: type[Options]) -> Options:
        """The options as this model. Raises RecogniserFault with every option that is unknown or not right."""
        try:
            return kind.model_validate(dict(self.options))
        except ValidationError as error:
            raise RecogniserFault(f"recogniser {self.name}: {_faults(error)}") from None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Strict):
    """One recogniser of the file. `kind` names an entry point of the group `loket.recognisers`."""

    kind: Name
    url: str = Field(default="", max_length=500, pattern=r"^(https?://\S+)?$")
    token_file: Path | None = None
    timeout_s: float = Field(default=DEFAULT_TIMEOUT_S, gt=0, le=60)
    max_concurrent: int = Field(default=DEFAULT_CONCURRENT, ge=1, le=64)
    options: dict[str, JsonValue] = Field(default_factory=dict)

    def config(self, name: str, folder: Path) -> RecogniserConfig:
        """With its token read; a relative `token_file` is beside the file of recognisers."""
        token = (folder / self.token_file).read_text().strip() if self.token_file else ""
        return RecogniserConfig(name, self.url, token, self.timeout_s, self.max_concurrent, self.options)


class Vote(_Strict):
    """A step in which several read the same picture at once."""

    vote: list[Name] = Field(min_length=2, max_length=5)


class Plan(_Strict):
    """Who reads: the steps are tried in order until one answers. `shadow` reads captures as well, later, and what it says is only
    compared."""

    read: list[Name | Vote] = Field(min_length=1, max_length=5)
    shadow: Name | None = None

    def names(self) -> Iterator[str]:
        """Every recogniser that it names."""
        for step in self.read:
            yield from step.vote if isinstance(step, Vote) else (step,)
        if self.shadow:
            yield self.shadow


class RecogniserFile(_Strict):
    """The file. A camera's own plan (by client id) goes before that of its Polda, that before `default`."""

    recognisers: dict[Name, Entry] = Field(min_length=1, max_length=MOST_RECOGNISERS)
    default: Plan
    poldas: dict[str, Plan] = Field(default_factory=dict)
    cameras: dict[str, Plan] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _only_known(self) -> "RecogniserFile":
        for plan in (self.default, *self.poldas.values(), *self.cameras.values()):
            unknown = sorted(set(plan.names()) - set(self.recognisers))
            if unknown:
                raise ValueError(f"{', '.join(unknown)} is named in a plan, but not under `recognisers`")
            for step in plan.read:
                if isinstance(step, Vote) and len(set(step.vote)) < len(step.vote):
                    raise ValueError("a recogniser has one vote in a step")
        return self

    @classmethod
    def of_one(cls, name: str, entry: Entry) -> "RecogniserFile":
        """One recogniser that reads everything."""
        return cls(recognisers={name: entry}, default=Plan(read=[name]))


def load_recogniser_file(path: Path) -> RecogniserFile:
    """Raises RecogniserFault with the place of each fault."""
    try:
        text = path.read_bytes()
        if len(text) > MOST_FILE_BYTES:
            raise RecogniserFault(f"{path} is larger than {MOST_FILE_BYTES} bytes")
        return RecogniserFile.model_validate(yaml.safe_load(text))
    except OSError as error:
        raise RecogniserFault(f"{path} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise RecogniserFault(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise RecogniserFault(f"{path}: {_faults(error)}") from None


def _faults(error: ValidationError) -> str:
    # Without the values: a token in the wrong place must not reach a log.
    faults = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in faults)
