"""The limits of AWS that a growing template reaches first."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support.templates.metrics import alarm_metrics
from tests.support.templates.synthesized import Synthesized

_REFERENCE_LENGTH = 100
"""The characters of an ARN or a name for which a template has a reference; most have fewer."""


class Use(NamedTuple):
    """The use of a limit."""

    subject: str

    amount: int

    limit: int


def uses(stack: Synthesized) -> Iterator[Use]:
    """Yield the use of each limit."""
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    yield Use("outputs", len(stack.template["Outputs"]), 200)
    yield Use("resources", len(stack.template["Resources"]), 500)
    # As the CDK writes it.
    yield Use("bytes of the template", len(json.dumps(stack.template, indent=1)), 1_000_000)
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    yield Use("paths", len(stack.all("AWS::ApiGateway::Resource")), 300)
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
    for alarm in stack.all("AWS::CloudWatch::Alarm"):
        yield Use(f"metrics of {alarm.path}", len(alarm_metrics(alarm.properties)), 10)
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    for function in stack.all("AWS::Lambda::Function"):
        variables = function.properties.get("Environment", {}).get("Variables", {})
        yield Use(f"environment of {function.path}", _length(variables), 4_096)
        yield Use(f"description of {function.path}", len(function.properties["Description"]), 256)
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    for role in stack.all("AWS::IAM::Role"):
        policies = [each["PolicyDocument"] for each in role.properties.get("Policies", [])]
        yield Use(f"policies of {role.path}", sum(map(_length, policies)), 10_240)
    for policy in stack.all("AWS::IAM::ManagedPolicy"):
        yield Use(f"policy {policy.path}", _length(policy.properties["PolicyDocument"]), 6_144)
    # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html
    for endpoint in stack.all("AWS::EC2::VPCEndpoint"):
        document = endpoint.properties["PolicyDocument"]
        yield Use(f"policy of {endpoint.path}", _length(document), 20_480)


def excesses(stack: Synthesized) -> list[Use]:
    """Return the limits that a template exceeds."""
    return [use for use in uses(stack) if use.amount > use.limit]


def _length(value: Any) -> int:
    text = json.dumps(value, separators=(",", ":"))
    return len(text) + text.count("${") * _REFERENCE_LENGTH
