"""Money is whole rupiah, an integer: there are no cents in a fine or a fee."""

from typing import NewType

from app.core.texts import Lang

Rupiah = NewType("Rupiah", int)


def show_rupiah(amount: int, lang: Lang = "id") -> str:
    """``Rp500.000`` as Indonesians write it; ``Rp500,000`` in English text."""
    shown = f"{amount:,}"
    return "Rp" + (shown if lang == "en" else shown.replace(",", "."))
