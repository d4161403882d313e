"""The rules that every synthesis is held to: AWS Solutions, and NIST 800-53 revision 5.

cdk-nag checks them. A finding that infra/compliance/nag_acceptances.py does not accept fails the
synthesis, and so does an acceptance that accepts nothing, so the list cannot outlive what it was
written for.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import NamedTuple

import jsii
from aws_cdk import (
    CfnResource,
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Stack,
)
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from infra.compliance.nag_acceptances import ACCEPTED, Acceptance
from infra.spec.stages import Stage

_WHERE = "infra/compliance/nag_acceptances.py"


class Finding(NamedTuple):
    """A rule that a resource breaks.

    Attributes:
        rule: The rule's id; for some rules with the detail that it is about, in brackets.
        path: The resource's construct path within the stack, without the CDK's ``/Resource``.
        type: Its CloudFormation type.
        description: What is wrong, in the words of the rule.
    """

    rule: str
    path: str
    type: str
    description: str


@jsii.implements(IPolicyValidationPlugin)
class Compliance:
    """A plugin of the CDK's synthesis, for ``Validations.of(app).add_plugins``.

    Args:
        stack: What is checked.
        stage: The stack's stage.
    """

    def __init__(self, stack: Stack, stage: Stage) -> None:
        self._stack = stack
        self._stage = stage

    @property
    def name(self) -> str:
        """What the report calls it."""
        return "Compliance"

    @property
    def version(self) -> str:
        """The version of the rules."""
        return version("cdk-nag")

    @property
    def rule_ids(self) -> None:
        """Not told: the CDK would only count them."""

    def validate(self, _: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """What is wrong with the stack, for the CDK to report."""
        accepted = [acceptance for acceptance in ACCEPTED if acceptance.when(self._stage)]
        found = list(violations(self._stack, accepted))
        return PolicyValidationPluginReport(success=not found, violations=found)


def violations(stack: Stack, accepted: Sequence[Acceptance]) -> Iterator[PolicyViolation]:
    """What is wrong with ``stack``: findings that are not accepted, and unused acceptances."""
    used = set()
    for finding in findings(stack):
        accepting = {
            each
            for each in accepted
            if each.rule == finding.rule and each.where in (finding.path, finding.type)
        }
        used |= accepting
        if not accepting:
            yield _violation(
                finding.rule,
                finding.description,
                f"Mend it, or accept {finding.rule} at {finding.path} in {_WHERE}.",
                f"{stack.node.path}/{finding.path}",
            )
    for acceptance in accepted:
        if acceptance not in used:
            yield _violation(
                "UnusedAcceptance",
                f"{acceptance.rule} is accepted at {acceptance.where}, and not found there.",
                f"Remove the acceptance from {_WHERE}.",
                stack.node.path,
            )


def findings(stack: Stack) -> Iterator[Finding]:
    """Every rule that a resource of ``stack`` breaks, accepted or not."""
    types = {
        construct.node.path: construct.cfn_resource_type
        for construct in stack.node.find_all()
        if isinstance(construct, CfnResource)
    }
    for pack in (AwsSolutionsChecks(), NIST80053R5Checks()):
        for violation in pack.validate_scope(stack).violations:
            for resource in violation.violating_resources:
                path = resource.construct_path or ""
                yield Finding(
                    rule=violation.rule_name,
                    path=path.removeprefix(f"{stack.node.path}/").removesuffix("/Resource"),
                    type=types[path],
                    description=violation.description,
                )


def _violation(rule: str, description: str, fix: str, path: str) -> PolicyViolation:
    return PolicyViolation(
        rule_name=rule,
        description=description,
        fix=fix,
        severity="error",
        violating_resources=[PolicyViolatingResource(construct_path=path, locations=[])],
    )
