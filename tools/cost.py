"""Calculates the cost of a stage from the resources in its template.

``python -m tools.cost`` writes the tables of docs/cost.md. Prices are the list prices of us-east-1
in US dollars, without free tiers and discounts; https://aws.amazon.com/pricing/ links to the page
of each service.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.entities import ENTITIES
from infra.spec.paths import DOCS
from infra.spec.routes import FUNCTIONS, ROUTES
from infra.spec.stages import STAGES
from tools.templates import Template, given_template

PAGE = DOCS / "cost.md"

Properties = Mapping[str, Any]
"""The properties of a resource."""

HOURS_PER_MONTH = 730

MILLISECONDS_PER_REQUEST = 20
"""The billed duration of a warm request; most of it is the wait for DynamoDB."""

LOGGED_KB = 2.6
"""The log lines of a request: two by the function, its metrics, Lambda's own, the access log."""

ACCESS_LOG_KB = 0.6
"""The access log's part of these; a cache hit logs nothing else."""

REQUESTS_PER_UPLOAD = 100
"""Requests whose log lines are uploaded to the archive together."""

TRACED_SHARE = 0.05
"""The share of requests that X-Ray's default rule samples, beyond the first of each second."""

_METRICS_OF_EACH_FUNCTION = 5
"""Calls of DynamoDB, faults, and three of the archive."""

# Dollars per million requests.
_API_REQUESTS, _WAF_REQUESTS, _LAMBDA_REQUESTS, _TRACES = 3.50, 0.60, 0.20, 5.00
S3_PUTS = 5.00
"""Dollars per million uploads."""

# Dollars per million units, on demand.
_DYNAMODB_WRITES, _DYNAMODB_READS = 0.625, 0.125

# Dollars per GB-second on ARM, and per GB of logs.
_LAMBDA_GB_SECOND, _LOGS_GB = 0.0000133334, 0.50

# Dollars per hour.
_CACHE_HOUR = {"0.5": 0.020, "1.6": 0.038, "6.1": 0.200, "13.5": 0.250}
_NAT_HOUR, _ADDRESS_HOUR, _ENDPOINT_HOUR = 0.045, 0.005, 0.010

# Dollars per month.
_KEY, _ALARM_METRIC, _DASHBOARD, _METRIC, _WEB_ACL, _WAF_RULE = 1.00, 0.10, 3.00, 0.30, 5.00, 1.00
_MACHINE_CLIENT = 6.00


def _endpoint(properties: Properties) -> float:
    if properties.get("VpcEndpointType", "Gateway") == "Gateway":
        return 0.0
    return len(properties["SubnetIds"]) * _ENDPOINT_HOUR * HOURS_PER_MONTH


def _cache(properties: Properties) -> float:
    if not properties.get("CacheClusterEnabled"):
        return 0.0
    return _CACHE_HOUR[properties["CacheClusterSize"]] * HOURS_PER_MONTH


def _client(properties: Properties) -> float:
    return _MACHINE_CLIENT if "client_credentials" in properties["AllowedOAuthFlows"] else 0.0


def _alarm(properties: Properties) -> float:
    metrics = [query for query in properties.get("Metrics", [{}]) if "Expression" not in query]
    return len(metrics) * _ALARM_METRIC


PRICES_PER_MONTH: Mapping[str, tuple[str, Callable[[Properties], float]]] = {
    "AWS::ApiGateway::Stage": ("API cache", _cache),
    "AWS::CloudWatch::Alarm": ("alarms", _alarm),
    "AWS::CloudWatch::Dashboard": ("dashboard", lambda _: _DASHBOARD),
    "AWS::Cognito::UserPoolClient": ("machine clients", _client),
    "AWS::EC2::EIP": ("NAT gateways and addresses", lambda _: _ADDRESS_HOUR * HOURS_PER_MONTH),
    "AWS::EC2::NatGateway": ("NAT gateways and addresses", lambda _: _NAT_HOUR * HOURS_PER_MONTH),
    "AWS::EC2::VPCEndpoint": ("interface endpoints", _endpoint),
    "AWS::KMS::Key": ("KMS keys", lambda _: _KEY),
    "AWS::WAFv2::WebACL": (
        "web ACL",
        lambda properties: _WEB_ACL + len(properties.get("Rules", [])) * _WAF_RULE,
    ),
}
"""The resource types that cost by the month: a heading for the table, and the price."""

BILLED_BY_USE = frozenset(
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
) | {"Custom::ApiKey", "Custom::CursorKey", "Custom::MachineClient"}
"""The resource types that are free or billed only by use."""


@dataclass(frozen=True)
class RequestKind:
    """A kind of request and its consumption of DynamoDB units."""

    name: str
    """The name in the tables."""

    operation: str | None
    """The operation of its route; None for requests that the API's cache answers."""

    write: int = 0
    """Write units of the table; each index takes as many again."""

    moved: int = 0
    """Further write units, for index entries that move to another partition."""

    get: int = 0
    """Read units of the table."""

    query: int = 0
    """Read units of an index, per shard."""


ENTITY = ENTITIES[0]
"""The entity whose items the requests are about."""


def _operation(method: str, path: str) -> str:
    return next(route.operation for route in ROUTES if (route.method, route.path) == (method, path))


CREATE = RequestKind("create", _operation("POST", ENTITY.path), write=1)
# The entry in the index by status moves: it is deleted in one partition and written in another.
CHANGE = RequestKind("status change", _operation("PATCH", ENTITY.item_path), write=1, moved=1)
EDIT = RequestKind("edit, same status", _operation("PATCH", ENTITY.item_path), write=1)
READ = RequestKind("read, cache miss", _operation("GET", ENTITY.item_path), get=1)
LIST = RequestKind("list of 20, cache miss", _operation("GET", ENTITY.path), query=1)
CACHE_HIT = RequestKind("read or list, cache hit", None)
DELETE = RequestKind("delete", _operation("DELETE", ENTITY.item_path), write=1)

KINDS = (CREATE, CHANGE, EDIT, READ, LIST, CACHE_HIT, DELETE)
"""All kinds of request. Items have at most 1 KB; bench.load.page_cost measures a list's pages."""


class CostModel:
    """The cost of the resources in a template.

    Args:
        template: The CloudFormation template of a stage.
    """

    def __init__(self, template: Template) -> None:
        self._resources = [
            (resource["Type"], resource.get("Properties", {}))
            for resource in template["Resources"].values()
        ]

    @property
    def unknown_types(self) -> set[str]:
        """The resource types that the model does not cover."""
        return {type_ for type_, _ in self._resources} - set(PRICES_PER_MONTH) - BILLED_BY_USE

    @property
    def dollars_per_month(self) -> Mapping[str, float]:
        """The price without any requests, by heading."""
        dollars: dict[str, float] = {}
        for type_, properties in self._resources:
            if type_ in PRICES_PER_MONTH:
                heading, price = PRICES_PER_MONTH[type_]
                dollars[heading] = dollars.get(heading, 0.0) + price(properties)
        dollars["custom metrics"] = _custom_metrics() * _METRIC
        return dict(sorted(dollars.items()))

    def dollars_per_million(self, kind: RequestKind) -> Mapping[str, float]:
        """Return the price of a million requests of a kind, by heading."""
        table = next(
            properties
            for properties in self._all("AWS::DynamoDB::Table")
            if properties["KeySchema"][0]["AttributeName"] == ENTITY.id_field
        )
        function = next(
            properties
            for properties in self._all("AWS::Lambda::Function")
            if "SHARDS" in properties.get("Environment", {}).get("Variables", {})
        )
        copies = 1 + len(table.get("GlobalSecondaryIndexes", []))
        writes = kind.write * copies + kind.moved
        shards = int(function["Environment"]["Variables"]["SHARDS"])
        reads = kind.get + kind.query * shards
        gb_seconds = function["MemorySize"] / 1024 * MILLISECONDS_PER_REQUEST / 1000
        invoked = kind.operation is not None
        return {
            "API Gateway": _API_REQUESTS,
            "WAF": _WAF_REQUESTS if self._all("AWS::WAFv2::WebACL") else 0.0,
            "Lambda": invoked * (_LAMBDA_REQUESTS + gb_seconds * _LAMBDA_GB_SECOND * 1e6),
            "DynamoDB": writes * _DYNAMODB_WRITES + reads * _DYNAMODB_READS,
            "logs": (LOGGED_KB if invoked else ACCESS_LOG_KB) * _LOGS_GB,
            "archive": invoked * S3_PUTS / REQUESTS_PER_UPLOAD,
            "traces": TRACED_SHARE * _TRACES,
        }

    def _all(self, type_: str) -> list[Properties]:
        return [properties for each, properties in self._resources if each == type_]


def _custom_metrics() -> int:
    """Return the number of custom metrics: each name counts once per function that writes it."""
    replays = len({route.function for route in ROUTES if route.method == "POST"})
    return (
        len(FUNCTIONS) * _METRICS_OF_EACH_FUNCTION
        + replays
        # Each entity counts what is created and deleted, too.
        + sum(2 + len(entity.all_events) + len(entity.durations) for entity in ENTITIES)
    )


def tables(models: Mapping[str, CostModel]) -> str:
    """Return the tables of docs/cost.md in Markdown.

    Args:
        models: The cost model of each stage, by the stage's name.
    """
    return "\n".join([*_monthly_table(models), "", *_request_table(models)])


def _monthly_table(models: Mapping[str, CostModel]) -> Iterator[str]:
    dollars = {stage: model.dollars_per_month for stage, model in models.items()}
    yield f"| per month, without requests | {' | '.join(models)} |"
    yield f"|---|{'---:|' * len(models)}"
    for heading in sorted({heading for each in dollars.values() for heading in each}):
        yield _row(heading, *(each.get(heading, 0.0) for each in dollars.values()))
    yield _row("**total**", *(sum(each.values()) for each in dollars.values()))


def _request_table(models: Mapping[str, CostModel]) -> Iterator[str]:
    headings = list(next(iter(models.values())).dollars_per_million(KINDS[0]))
    yield f"| per million requests | stage | {' | '.join(headings)} | total |"
    yield f"|---|---|{'---:|' * (len(headings) + 1)}"
    for kind in KINDS:
        for stage, model in models.items():
            dollars = model.dollars_per_million(kind).values()
            yield _row(f"{kind.name} | {stage}", *dollars, sum(dollars))


def _row(name: str, *dollars: float) -> str:
    return f"| {name} | {' | '.join(f'${amount:,.2f}' for amount in dollars)} |"


def write_tables(page: Path, text: str, name: str = "tables") -> None:
    """Replace a generated part of a page.

    Args:
        page: The page.
        text: The new text.
        name: The name of the part in the comments around it.
    """
    begin, end = f"<!-- generated {name} -->", f"<!-- end of generated {name} -->"
    before, rest = page.read_text().split(begin)
    after = rest.split(end)[1]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def main() -> None:
    """Write the tables of docs/cost.md."""
    models = {name: CostModel(given_template(stage)) for name, stage in STAGES.items()}
    write_tables(PAGE, tables(models))


if __name__ == "__main__":
    main()
