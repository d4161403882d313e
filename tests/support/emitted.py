"""The metrics that the functions emit, by function.

tests/unit shows that they are these, tests/infra that dashboard and alarms name no others.
"""

from collections.abc import Mapping

from infra.spec.routes import FUNCTIONS, Function

_OWN: Mapping[Function, frozenset[str]] = {
    "create": frozenset({"JobsCreated", "IdempotencyReplays"}),
    "update": frozenset(
        {
            *(f"Jobs{what}" for what in ("Started", "Succeeded", "Failed", "Cancelled", "Retried")),
            *("QueueTime", "RunTime"),
        }
    ),
    "delete": frozenset({"JobsDeleted"}),
}
_EVERY = frozenset(
    {"DynamoDBAttempts", "Faults", "ArchiveUploads", "ArchiveFailures", "ArchiveDroppedLines"}
)

EMITTED: Mapping[Function, frozenset[str]] = {
    function: _EVERY | _OWN.get(function, frozenset()) for function in FUNCTIONS
}
DIMENSIONS = frozenset({"service", "function"})
