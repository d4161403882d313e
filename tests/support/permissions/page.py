"""docs/permissions.md: the permissions that the table of routes gives each function.

``python -m tests.support.permissions.page`` writes the page.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from infra.spec.paths import DOCS
from infra.spec.routes import FUNCTIONS, Function
from tests.support.permissions.attempts import (
    Attempt,
    attempts,
    expected_permissions,
)

PAGE = DOCS / "permissions.md"
_INTRODUCTION = """\
# The permissions of each function

`make documents` generates this page from the [table of routes](../infra/spec/routes.py). For every
line, `tests/local/security/test_permissions.py` calls the deployed stack with the credentials of
each function's role, under enforced IAM, and compares the result. ✓ means allowed, · means denied.

Lambda itself needs the network actions, to join the function to the VPC; another statement denies
them to the function's code. The roles also allow X-Ray's two write actions, which are missing here
because the emulator checks no permission for X-Ray.
"""

Results = Mapping[Function, Sequence[tuple[Attempt, bool]]]
"""Each attempt of a function, and whether it is allowed."""


def permissions_page(results: Results) -> str:
    """Format the results as a Markdown page."""
    lines = [_INTRODUCTION]
    for service, rows in groupby(_rows(results), lambda row: row[0].action.partition(":")[0]):
        lines += [f"| {service} | on | {' | '.join(results)} |", "|---" * (len(results) + 2) + "|"]
        for attempt, target, allowed in rows:
            action = attempt.action.partition(":")[2]
            via = f" ({attempt.operation})" if attempt.operation != action else ""
            marks = " | ".join("✓" if each else "·" for each in allowed)
            lines.append(f"| {action}{via} | {target} | {marks} |")
        lines.append("")
    return "\n".join(lines)


def _rows(results: Results) -> Iterator[tuple[Attempt, str, tuple[bool, ...]]]:
    """Yield each kind of attempt, its target, and the result of each function.

    Attempts on several targets of a kind are one row if their results are the same.
    """
    kinds: dict[tuple[str, str, str], list[tuple[Attempt, tuple[bool, ...]]]] = {}
    for by_function in zip(*results.values(), strict=True):
        attempt = by_function[0][0]
        kind = (attempt.action, attempt.operation, attempt.plural_target or attempt.target)
        kinds.setdefault(kind, []).append((attempt, tuple(allowed for _, allowed in by_function)))
    for (_, _, target), rows in kinds.items():
        if len({allowed for _, allowed in rows}) == 1:
            yield rows[0][0], target, rows[0][1]
        else:
            yield from ((attempt, attempt.target, allowed) for attempt, allowed in rows)


def expected_results() -> Results:
    """Return the results that follow from the table of routes, without a deployment."""
    names: Mapping[str, str] = defaultdict(str)
    return {
        function: [
            (attempt, attempt.permission in expected_permissions(function))
            for attempt in attempts(names, function)
        ]
        for function in FUNCTIONS
    }


if __name__ == "__main__":
    PAGE.write_text(permissions_page(expected_results()))
