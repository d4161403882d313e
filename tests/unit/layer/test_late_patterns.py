"""Regular expressions that are compiled at their first use."""

import copy
import pickle
import re
from collections.abc import Iterator

import pytest

from common import cold_start, late_patterns
from common.late_patterns import LatePattern


@pytest.fixture(autouse=True)
def late() -> Iterator[None]:
    late_patterns.begin()
    yield
    late_patterns.end()


@pytest.mark.parametrize("pattern", ["(?P<word>[a-z]+) (\\d+)", b"(?P<word>[a-z]+) (\\d+)"])
def test_a_late_pattern_finds_the_same_as_a_compiled_one(pattern: str | bytes) -> None:
    text = "One two 3 four 5"
    subject = text if isinstance(pattern, str) else text.encode()
    tests = (re.compile(pattern, re.IGNORECASE), late_patterns._compile(pattern, re.IGNORECASE))
    late, compiled = tests
    assert isinstance(late, LatePattern)
    assert late.search(subject)["word"] == compiled.search(subject)["word"]
    assert late.findall(subject) == compiled.findall(subject)
    assert late.split(subject) == compiled.split(subject)
    assert late.sub(subject[:0], subject) == compiled.sub(subject[:0], subject)
    assert (late.pattern, late.flags, late.groups, late.groupindex) == (
        compiled.pattern,
        compiled.flags,
        compiled.groups,
        compiled.groupindex,
    )
    assert repr(late) == repr(compiled)


def test_the_functions_of_re_take_a_late_pattern() -> None:
    pattern = re.compile("b+")
    assert isinstance(pattern, LatePattern)
    assert isinstance(pattern, re.Pattern)
    assert re.sub(pattern, "c", "abba") == "aca"
    assert re.split(pattern, "abba") == ["a", "a"]
    assert re.compile(pattern) is pattern


def test_copies_of_a_late_pattern_are_patterns() -> None:
    pattern = re.compile("b+")
    late_patterns.end()
    for same in (copy.copy(pattern), copy.deepcopy(pattern), pickle.loads(pickle.dumps(pattern))):
        assert same.findall("abba") == ["bb"]


def test_a_wrong_pattern_fails_when_it_is_used() -> None:
    pattern = re.compile("(")
    with pytest.raises(re.error, match="unterminated subpattern"):
        pattern.match("")


def test_patterns_are_compiled_at_once_after_a_cold_start() -> None:
    cold_start.finish()
    assert type(re.compile("after a cold start")) is re.Pattern
