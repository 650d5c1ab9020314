"""Passwords: what hashing one costs whoever steals the table."""

from argon2 import PasswordHasher, Type

from app.services.identity import passwords


async def test_a_hash_costs_what_rfc_9106_asks_for(quick_passwords: PasswordHasher) -> None:
    assert quick_passwords.type is Type.ID
    assert (quick_passwords.time_cost, quick_passwords.memory_cost, quick_passwords.parallelism) == (3, 65_536, 4)


async def test_only_the_password_itself_matches() -> None:
    kept = await passwords.hash_password("kata sandi yang baik")
    assert await passwords.matches(kept, "kata sandi yang baik")
    assert not await passwords.matches(kept, "kata sandi yang Baik")
    assert not await passwords.matches(None, "no account has this password")
