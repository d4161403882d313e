"""The metrics that each function emits.

tests/unit checks that the functions emit exactly these metrics, and tests/infra that the dashboard
and the alarms use no others.
"""

from collections.abc import Mapping

from infra.spec.routes import FUNCTIONS, Function

_FUNCTION_METRICS: Mapping[Function, frozenset[str]] = {
    "create": frozenset({"JobsCreated", "IdempotencyReplays"}),
    "update": frozenset(
        {
            *(
                f"Jobs{event}"
                for event in ("Started", "Succeeded", "Failed", "Cancelled", "Retried")
            ),
            *("QueueTime", "RunTime"),
        }
    ),
    "delete": frozenset({"JobsDeleted"}),
}
_SHARED_METRICS = frozenset(
    {"DynamoDBAttempts", "Faults", "ArchiveUploads", "ArchiveFailures", "ArchiveDroppedLines"}
)

EMITTED_METRICS: Mapping[Function, frozenset[str]] = {
    function: _SHARED_METRICS | _FUNCTION_METRICS.get(function, frozenset())
    for function in FUNCTIONS
}
METRIC_DIMENSIONS = frozenset({"service", "function"})
