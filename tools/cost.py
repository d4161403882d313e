"""What a stage costs, from the resources in its template: ``python -m tools.cost``.

Writes the tables of docs/cost.md. Prices are the list prices of us-east-1 in US dollars, without
free tiers and discounts; https://aws.amazon.com/pricing/ has the page of each service.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.spec.paths import DOCS, PROJECT
from infra.spec.stages import REGION, STAGES, Stage

PAGE = DOCS / "cost.md"
BEGIN, END = "<!-- made -->", "<!-- end -->"

Properties = Mapping[str, Any]
Template = Mapping[str, Any]

HOURS = 730
"""Of a month."""

BILLED_MS = 20
"""Of a warm request: DynamoDB's answer takes most of it."""

LOGGED_KB = 2.6
"""A request's lines: two of the function, its metrics, Lambda's own, and the access log."""

ACCESS_LOG_KB = 0.6
"""The last of these, which is all that an answer from the API's cache logs."""

SHIPPED_PER_UPLOAD = 100
"""Requests whose lines go to the archive together."""

SAMPLED = 0.05
"""X-Ray's default rule, beyond the first request of each second."""

CUSTOM_METRICS = 30
"""Names of metrics, times functions that write them."""

# Of each service's page.
_API_REQUESTS, _WAF_REQUESTS, _LAMBDA_REQUESTS = 3.50, 0.60, 0.20  # a million
_LAMBDA_ARM_GB_SECOND = 0.0000133334
_DYNAMODB_WRITES, _DYNAMODB_READS = 0.625, 0.125  # a million units, on demand
_LOGS_GB, _TRACES = 0.50, 5.00  # a GB; a million
S3_PUTS = 5.00
"""Of a million uploads."""
_CACHE_HOUR = {"0.5": 0.020, "1.6": 0.038, "6.1": 0.200, "13.5": 0.250}
_NAT_HOUR, _ADDRESS_HOUR, _ENDPOINT_HOUR = 0.045, 0.005, 0.010
_MACHINE = 6.00
_KEY, _ALARM_METRIC, _DASHBOARD, _METRIC, _WEB_ACL, _WAF_RULE = 1.00, 0.10, 3.00, 0.30, 5.00, 1.00


def _endpoint(properties: Properties) -> float:
    if properties.get("VpcEndpointType", "Gateway") == "Gateway":
        return 0.0
    return len(properties["SubnetIds"]) * _ENDPOINT_HOUR * HOURS


def _cache(properties: Properties) -> float:
    if not properties.get("CacheClusterEnabled"):
        return 0.0
    return _CACHE_HOUR[properties["CacheClusterSize"]] * HOURS


def _client(properties: Properties) -> float:
    return _MACHINE if "client_credentials" in properties["AllowedOAuthFlows"] else 0.0


def _alarm(properties: Properties) -> float:
    measured = [each for each in properties.get("Metrics", [{}]) if "Expression" not in each]
    return len(measured) * _ALARM_METRIC


MONTHLY: Mapping[str, tuple[str, Callable[[Properties], float]]] = {
    "AWS::ApiGateway::Stage": ("API cache", _cache),
    "AWS::CloudWatch::Alarm": ("alarms", _alarm),
    "AWS::CloudWatch::Dashboard": ("dashboard", lambda _: _DASHBOARD),
    "AWS::Cognito::UserPoolClient": ("clients of machines", _client),
    "AWS::EC2::EIP": ("NAT gateways and their addresses", lambda _: _ADDRESS_HOUR * HOURS),
    "AWS::EC2::NatGateway": ("NAT gateways and their addresses", lambda _: _NAT_HOUR * HOURS),
    "AWS::EC2::VPCEndpoint": ("interface endpoints", _endpoint),
    "AWS::KMS::Key": ("KMS keys", lambda _: _KEY),
    "AWS::WAFv2::WebACL": (
        "web ACL",
        lambda properties: _WEB_ACL + len(properties.get("Rules", [])) * _WAF_RULE,
    ),
}
"""What costs by its mere existence: under which heading, and how much a month."""

BY_USE = frozenset(
    f"AWS::{name}"
    for name in (
        "ApiGateway::Account",
        "ApiGateway::ApiKey",
        "ApiGateway::Authorizer",
        "ApiGateway::BasePathMapping",
        "ApiGateway::Deployment",
        "ApiGateway::DomainName",
        "ApiGateway::GatewayResponse",
        "ApiGateway::Method",
        "ApiGateway::Model",
        "ApiGateway::RequestValidator",
        "ApiGateway::Resource",
        "ApiGateway::RestApi",
        "ApiGateway::UsagePlan",
        "ApiGateway::UsagePlanKey",
        "Athena::NamedQuery",
        "Athena::WorkGroup",
        "Cognito::UserPool",
        "Cognito::UserPoolDomain",
        "Cognito::UserPoolResourceServer",
        "DynamoDB::Table",
        "EC2::FlowLog",
        "EC2::InternetGateway",
        "EC2::Route",
        "EC2::RouteTable",
        "EC2::SecurityGroup",
        "EC2::SecurityGroupIngress",
        "EC2::Subnet",
        "EC2::SubnetRouteTableAssociation",
        "EC2::VPC",
        "EC2::VPCGatewayAttachment",
        "Glue::Database",
        "Glue::Table",
        "IAM::ManagedPolicy",
        "IAM::Role",
        "Lambda::Alias",
        "Lambda::Function",
        "Lambda::LayerVersion",
        "Lambda::Permission",
        "Lambda::Version",
        "Logs::LogGroup",
        "S3::Bucket",
        "S3::BucketPolicy",
        "SNS::Subscription",
        "SNS::Topic",
        "SNS::TopicPolicy",
        "SSM::Parameter",
        "WAFv2::LoggingConfiguration",
        "WAFv2::WebACLAssociation",
    )
) | {"Custom::CursorKey", "Custom::MachineClient"}
"""What costs nothing, or only by use."""


@dataclass(frozen=True)
class Kind:
    """A kind of request, and the units that it costs DynamoDB.

    Args:
        name: The kind of request.
        operation: Its row in the table of routes; None for those that the API's cache answers.
        table: Write units of the table; each index takes as many again.
        moved: Write units on top, for index entries that move to another partition.
        get: Read units of the table.
        query: Read units of an index, for each of its shards.
    """

    name: str
    operation: str | None
    table: int = 0
    moved: int = 0
    get: int = 0
    query: int = 0


CREATE = Kind("create", "createJob", table=1)
# Its entry in the index by status is deleted there and written here.
CHANGE = Kind("change of status", "updateJob", table=1, moved=1)
PROGRESS = Kind("progress report", "updateJob", table=1)
READ = Kind("read, past the cache", "readJob", get=1)
LIST = Kind("list of 20, past the cache", "listJobs", query=1)
CACHED = Kind("read or list, from the cache", None)
DELETE = Kind("delete", "deleteJob", table=1)

KINDS = (CREATE, CHANGE, PROGRESS, READ, LIST, CACHED, DELETE)
"""Items of at most 1 KB, pages as bench.page_cost measures them."""


class Cost:
    """What the resources of a template cost.

    Args:
        template: The CloudFormation template of a stage.
    """

    def __init__(self, template: Template) -> None:
        self._resources = [
            (each["Type"], each.get("Properties", {})) for each in template["Resources"].values()
        ]

    @property
    def unknown(self) -> set[str]:
        """Types of resources that this model has never heard of."""
        return {type_ for type_, _ in self._resources} - set(MONTHLY) - BY_USE

    @property
    def monthly(self) -> Mapping[str, float]:
        """Dollars a month without a single request, by heading."""
        found: dict[str, float] = {}
        for type_, properties in self._resources:
            if type_ in MONTHLY:
                heading, price = MONTHLY[type_]
                found[heading] = found.get(heading, 0.0) + price(properties)
        found["custom metrics"] = CUSTOM_METRICS * _METRIC
        return dict(sorted(found.items()))

    def million(self, kind: Kind) -> Mapping[str, float]:
        """Dollars a million requests of a kind, by heading."""
        (table,) = self._all("AWS::DynamoDB::Table")
        function = next(
            each
            for each in self._all("AWS::Lambda::Function")
            if "SHARDS" in each.get("Environment", {}).get("Variables", {})
        )
        copies = 1 + len(table.get("GlobalSecondaryIndexes", []))
        writes = kind.table * copies + kind.moved
        shards = int(function["Environment"]["Variables"]["SHARDS"])
        reads = kind.get + kind.query * shards
        gb_seconds = function["MemorySize"] / 1024 * BILLED_MS / 1000
        invoked = kind.operation is not None
        return {
            "API Gateway": _API_REQUESTS,
            "WAF": _WAF_REQUESTS if self._all("AWS::WAFv2::WebACL") else 0.0,
            "Lambda": invoked * (_LAMBDA_REQUESTS + gb_seconds * _LAMBDA_ARM_GB_SECOND * 1e6),
            "DynamoDB": writes * _DYNAMODB_WRITES + reads * _DYNAMODB_READS,
            "logs": (LOGGED_KB if invoked else ACCESS_LOG_KB) * _LOGS_GB,
            "archive": invoked * S3_PUTS / SHIPPED_PER_UPLOAD,
            "traces": SAMPLED * _TRACES,
        }

    def _all(self, type_: str) -> list[Properties]:
        return [properties for each, properties in self._resources if each == type_]


def tables(costs: Mapping[str, Cost]) -> str:
    """The tables of docs/cost.md, in Markdown."""
    return "\n".join([*_standing(costs), "", *_requests(costs)])


def _standing(costs: Mapping[str, Cost]) -> Iterator[str]:
    monthly = {name: cost.monthly for name, cost in costs.items()}
    yield f"| a month, without a request | {' | '.join(costs)} |"
    yield f"|---|{'---:|' * len(costs)}"
    for heading in sorted({heading for each in monthly.values() for heading in each}):
        yield _row(heading, *(each.get(heading, 0.0) for each in monthly.values()))
    yield _row("**in all**", *(sum(each.values()) for each in monthly.values()))


def _requests(costs: Mapping[str, Cost]) -> Iterator[str]:
    headings = list(next(iter(costs.values())).million(KINDS[0]))
    yield f"| a million requests | stage | {' | '.join(headings)} | in all |"
    yield f"|---|---|{'---:|' * (len(headings) + 1)}"
    for kind in KINDS:
        for name, cost in costs.items():
            million = cost.million(kind)
            yield _row(f"{kind.name} | {name}", *million.values(), sum(million.values()))


def _row(name: str, *dollars: float) -> str:
    return f"| {name} | {' | '.join(f'${each:,.2f}' for each in dollars)} |"


def template_of(stage: Stage) -> Template:
    """The template of a stage, synthesized now, which takes some seconds."""
    # As the Makefile says it: Node 20 works.
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    # What only prices a template should not wait for the CDK.
    from aws_cdk import App, Environment

    from infra.stack import JobLedgerStack

    context = json.loads((PROJECT / "cdk.json").read_text())["context"]
    with tempfile.TemporaryDirectory() as folder:
        # What would be uploaded has no part in the price.
        context["aws:cdk:disable-asset-staging"] = True
        app = App(analytics_reporting=False, context=context, outdir=folder)
        JobLedgerStack(app, stage.stack, stage=stage, env=Environment(region=REGION))
        template: Template = app.synth().get_stack_by_name(stage.stack).template
    return template


def write(page: Path, made: str) -> None:
    """Put what was made into its place in a document."""
    before, rest = page.read_text().split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{made}\n{END}{rest.split(END)[1]}")


def main() -> None:
    write(PAGE, tables({name: Cost(template_of(stage)) for name, stage in STAGES.items()}))


if __name__ == "__main__":
    main()
