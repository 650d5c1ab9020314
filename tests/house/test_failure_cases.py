"""Every failure case of banks' calls and files has a test that is named after it."""

import re
from pathlib import Path

CASES = {*range(1, 18), *range(20, 31), *range(31, 44), *range(50, 59), *range(60, 75)}
_NAMED = re.compile(r"def test_cases?_(\d\d)(?:_and_(\d\d))?_", re.MULTILINE)


def test_no_failure_case_is_without_its_test() -> None:
    found: set[int] = set()
    for file in (Path(__file__).parents[1]).rglob("test_*.py"):
        for numbers in _NAMED.findall(file.read_text("utf-8")):
            found.update(int(number) for number in numbers if number)
    assert CASES - found == set()
