"""What `loket serve` refuses before it listens."""

import pytest
import typer

from app.cli.serve import _one_count_of_limits
from app.core.config import Settings


def settings(**values: str) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


def test_several_processes_count_limits_together_in_production(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as refused:
        _one_count_of_limits(settings(env="production"))
    assert refused.value.exit_code == 1
    assert "LOKET_RATE_LIMIT_STORE=redis://host" in " ".join(capsys.readouterr().err.split())


def test_elsewhere_it_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    _one_count_of_limits(settings())
    assert "Warning: Several server processes count rate limits apart" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("values", [{"rate_limit_store": "redis://127.0.0.1"}, {"rate_limits": "off"}])
def test_a_shared_store_or_none_needs_no_word(values: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    _one_count_of_limits(settings(**values))
    assert capsys.readouterr() == ("", "")
