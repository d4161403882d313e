"""The removal policies, which decide if a resource outlives its stack."""

from aws_cdk import RemovalPolicy

from infra.spec.stages import Stage


def retention_for_data(stage: Stage) -> RemovalPolicy:
    """Return the policy of a resource that holds or reads data, with a generated name."""
    return RemovalPolicy.RETAIN if stage.retain_data else RemovalPolicy.DESTROY


def retention_for_fixed_name(stage: Stage) -> RemovalPolicy:
    """Return the policy of a resource that holds or reads data, with a name that we give it.

    A failed first deployment deletes the resource, since its name would block the second one.
    After the deletion of the stack, a new stack adopts it: ``make deploy IMPORT=1``.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if stage.retain_data else RemovalPolicy.DESTROY
