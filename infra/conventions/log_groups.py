"""Log groups: every one of the stack keeps its lines as long as the stage says."""

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.conventions.retention import of_named
from infra.spec.stages import Stage

_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


def log_group(scope: Construct, id_: str, *, stage: Stage, name: str) -> logs.LogGroup:
    """A log group with the stage's retention.

    Args:
        scope: Its parent.
        id_: Its construct id.
        stage: Decides retention, and whether the group outlives the stack.
        name: Its physical name. Explicit, so that the service that writes to it finds this
            group and does not create one that keeps its lines for ever.
    """
    return logs.LogGroup(
        scope,
        id_,
        log_group_name=name,
        retention=_RETENTION[stage.log_retention_days],
        removal_policy=of_named(stage),
    )
