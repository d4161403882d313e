"""What becomes of a resource when the stack is deleted."""

from aws_cdk import RemovalPolicy

from infra.spec.stages import Stage


def of_data(stage: Stage) -> RemovalPolicy:
    """For what holds data, or reads it, under a name that CloudFormation makes up."""
    return RemovalPolicy.RETAIN if stage.retain_data else RemovalPolicy.DESTROY


def of_named(stage: Stage) -> RemovalPolicy:
    """For the same under a name of ours.

    What a failed first deployment leaves behind would be in the way of the second.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if stage.retain_data else RemovalPolicy.DESTROY
