"""Log groups with the retention of the stage."""

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.conventions.retention import retention_for_fixed_name
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
    """Create a log group.

    Args:
        scope: The parent construct.
        id_: The construct id.
        stage: Decides the retention, and whether the group outlives the stack.
        name: The physical name, which the service that writes the log expects. Without the
            group, the service would create one that keeps its lines for ever.
    """
    return logs.LogGroup(
        scope,
        id_,
        log_group_name=name,
        retention=_RETENTION[stage.log_retention_days],
        removal_policy=retention_for_fixed_name(stage),
    )
