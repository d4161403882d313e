"""Check each synthesis with cdk-nag: the AWS Solutions rules, and NIST 800-53 revision 5.

A finding that infra/compliance/nag_acceptances.py does not accept fails the synthesis. So does an
acceptance without a finding, which keeps the list up to date.
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

from infra.compliance.nag_acceptances import ACCEPTANCES, Acceptance
from infra.spec.stages import Stage

_ACCEPTANCES_FILE = "infra/compliance/nag_acceptances.py"


class Finding(NamedTuple):
    """A rule that a resource breaks."""

    rule: str
    """The rule's id, for some rules with a detail in brackets."""

    path: str
    """The resource's construct path within the stack, without the CDK's ``/Resource``."""

    type: str
    """The resource's CloudFormation type."""

    description: str
    """The rule's own description of the problem."""


@jsii.implements(IPolicyValidationPlugin)
class Compliance:
    """A plugin for the CDK's ``Validations.of(app).add_plugins``.

    Args:
        stack: The stack to check.
        stage: The stack's stage.
    """

    def __init__(self, stack: Stack, stage: Stage) -> None:
        self._stack = stack
        self._stage = stage

    @property
    def name(self) -> str:
        """The plugin's name in the report."""
        return "Compliance"

    @property
    def version(self) -> str:
        """The version of the rules."""
        return version("cdk-nag")

    @property
    def rule_ids(self) -> None:
        """None, since the CDK would only count the ids."""

    def validate(self, _: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Return the violations of the stack."""
        acceptances = [acceptance for acceptance in ACCEPTANCES if acceptance.when(self._stage)]
        policy_violations = list(violations(self._stack, acceptances))
        return PolicyValidationPluginReport(
            success=not policy_violations, violations=policy_violations
        )


def violations(stack: Stack, acceptances: Sequence[Acceptance]) -> Iterator[PolicyViolation]:
    """Yield the findings in ``stack`` that are not accepted, and the unused acceptances."""
    used = set()
    for finding in findings(stack):
        matches = {
            acceptance
            for acceptance in acceptances
            if acceptance.rule == finding.rule and acceptance.where in (finding.path, finding.type)
        }
        used |= matches
        if not matches:
            yield _violation(
                finding.rule,
                finding.description,
                f"Fix it, or accept {finding.rule} at {finding.path} in {_ACCEPTANCES_FILE}.",
                f"{stack.node.path}/{finding.path}",
            )
    for acceptance in acceptances:
        if acceptance not in used:
            yield _violation(
                "UnusedAcceptance",
                f"{acceptance.rule} is accepted at {acceptance.where}, but not found there.",
                f"Remove the acceptance from {_ACCEPTANCES_FILE}.",
                stack.node.path,
            )


def findings(stack: Stack) -> Iterator[Finding]:
    """Yield every rule that a resource of ``stack`` breaks, accepted or not."""
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
