"""The metrics that each function emits.

tests/unit checks that the functions emit exactly these metrics, and tests/infra that the dashboard
and the alarms use no others.
"""

import re
from collections.abc import Iterator, Mapping

from infra.spec.paths import DOCS
from infra.spec.routes import FUNCTIONS, Function, Route, routes_of


def _route_metrics(route: Route) -> Iterator[str]:
    items = route.entity.plural_type_name
    match route.method:
        case "POST":
            yield from (f"{items}Created", "IdempotencyReplays")
        case "PUT" | "PATCH":
            yield from map(route.entity.metric, route.entity.all_events)
            yield from route.entity.durations
        case "DELETE":
            yield f"{items}Deleted"


_SHARED_METRICS = frozenset(
    {
        "DynamoDBAttempts",
        "Faults",
        "DependencyFailures",
        "ArchiveUploads",
        "ArchiveFailures",
        "ArchiveDroppedLines",
    }
)

EMITTED_METRICS: Mapping[Function, frozenset[str]] = {
    function: _SHARED_METRICS.union(*map(_route_metrics, routes_of(function)))
    for function in FUNCTIONS
}

ENTITY_METRICS = frozenset(
    name
    for function in FUNCTIONS
    for route in routes_of(function)
    for name in _route_metrics(route)
) - {"IdempotencyReplays"}
"""The metrics whose names an entity decides."""

METRIC_DIMENSIONS = frozenset({"service", "function"})


def documented_metrics() -> set[str]:
    """Return the metrics that docs/observability.md explains, besides other capitalized words."""
    page = (DOCS / "observability.md").read_text()
    return set(re.findall(r"\b[A-Z]\w+", page.split("## Metrics")[1].split("## Traces")[0]))
