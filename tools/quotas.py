"""The quotas of AWS, the limits of a stage, and the demand that a load makes on each.

The figures are those of November 2025 in us-east-1, for an account with AWS's default quotas. When
AWS raises a quota for your account, change it here. A new account may have less, above all of
Lambda's concurrent executions: often 10 instead of 1,000. Each demand is linear in the request
rate.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from common.aws.timeouts import MAX_CONNECTIONS, PARAMETER_TTL
from infra.spec.routes import FUNCTIONS, ROUTES, Function, routes_of
from infra.spec.stages import Stage
from tools.cost import (
    CACHE_HIT,
    ENTITY,
    MILLISECONDS_PER_REQUEST,
    REQUESTS_PER_UPLOAD,
    TRACED_SHARE,
    RequestKind,
)

PARTITION_WRITES, PARTITION_READS = 1_000, 3_000
"""Write and read units per second of one partition of a table or an index:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"""

_SCALING_SECONDS = 10
"""Seconds in which traffic climbs from average to peak; Lambda's scaling limit covers the same ten
seconds."""

_SEGMENTS_PER_TRACE = 3
"""Segments of a trace that reaches a function: of API Gateway, Lambda and the function."""

_SECONDS_PER_DAY = 86_400


class Raiser(StrEnum):
    """The party that can raise a limit."""

    STAGE = "the stage's settings"
    AWS = "AWS, on request"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Load:
    """The requests that callers send."""

    rate: float
    """Average requests per second."""

    peak: float
    """Requests per second at the peak."""

    mix: Mapping[RequestKind, float]
    """The relative numbers of each kind of request."""

    cached: float
    """The share of reads and lists that the API's cache answers, from 0 to 1."""

    keys: int = 1
    """The number of API keys that share the requests evenly."""

    filter_values: int = 100
    """The number of values of each filter that share the writes evenly."""

    @property
    def shares(self) -> Mapping[RequestKind, float]:
        """The share of each kind in all requests; cache hits count as a kind."""
        total = sum(self.mix.values())
        shares = {
            kind: parts / total * (1 - (self.cached if kind.get or kind.query else 0))
            for kind, parts in self.mix.items()
        }
        return {**shares, CACHE_HIT: 1 - sum(shares.values())}

    def sum_at_peak(self, measure: Callable[[RequestKind], float]) -> float:
        """Return the sum of a measure over the requests of one second at the peak."""
        return self.peak * sum(share * measure(kind) for kind, share in self.shares.items())

    def requests_to_method(self, operation: str) -> float:
        """Return the requests per second to one method at the peak, cache hits included."""
        parts = sum(parts for kind, parts in self.mix.items() if kind.operation == operation)
        return self.peak * parts / sum(self.mix.values())

    @property
    def invocations(self) -> float:
        """The invocations of all functions per second at the peak."""
        return self.sum_at_peak(lambda kind: kind.operation is not None)

    def invocations_of(self, function: Function) -> float:
        """Return the invocations of a function per second at the peak."""
        operations = {route.operation for route in routes_of(function)}
        return self.sum_at_peak(lambda kind: kind.operation in operations)

    @property
    def climb(self) -> float:
        """The share of the peak that exceeds the average."""
        return 1 - self.rate / self.peak


@dataclass(frozen=True)
class Quota:
    """A limit and the demand that a load makes on it."""

    name: str
    """The limited quantity, in a few words."""

    counts: str
    """The requests or units that count towards the limit."""

    limit: Callable[[Stage], float]
    """Returns the limit of a stage."""

    demand: Callable[[Load, Stage], float]
    """Returns the demand of a load on a stage."""

    raised_by: Raiser
    """The party that can raise the limit."""

    remedy: str
    """The change to make when the limit binds."""

    source: str
    """The AWS page that documents the limit, or the file of this repository that sets it."""

    per_cell: bool = True
    """True if each cell, with its part of the items, has the whole limit to itself."""


def _busy_environments(invocations: float) -> float:
    return invocations * MILLISECONDS_PER_REQUEST / 1000


def _invocations_of_busiest(load: Load) -> float:
    return max(load.invocations_of(function) for function in FUNCTIONS)


def _requests_to_busiest_method(load: Load) -> float:
    # For a method with a share of the stage's rate, each request counts as several.
    return max(load.requests_to_method(route.operation) / route.rate_share for route in ROUTES)


def _parameter_reads(load: Load) -> float:
    """Return the parameter reads per second: of starting environments, and of regular refreshes."""
    return sum(
        len({name for route in routes_of(function) for name in route.ssm_parameters})
        * _busy_environments(load.invocations_of(function))
        * (1 / PARAMETER_TTL + load.climb / _SCALING_SECONDS)
        for function in FUNCTIONS
    )


def _environments_with_parameters(load: Load) -> float:
    return sum(
        _busy_environments(load.invocations_of(function))
        for function in FUNCTIONS
        if any(route.ssm_parameters for route in routes_of(function))
    )


def _table_writes(load: Load) -> float:
    return load.sum_at_peak(lambda kind: kind.write)


_AWS = "https://docs.aws.amazon.com"
_GATEWAY_PAGE = f"{_AWS}/apigateway/latest/developerguide/limits.html"
_LAMBDA_PAGE = f"{_AWS}/lambda/latest/dg/gettingstarted-limits.html"
_TABLE_PAGE = f"{_AWS}/amazondynamodb/latest/developerguide/ServiceQuotas.html"
_PARTITION_PAGE = f"{_AWS}/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
_STAGE_FILE = "infra/spec/stages.py"


def _quota_of_filter(name: str) -> Quota:
    return Quota(
        f"DynamoDB: writes/s in one {name}",
        counts=f"write units of the items with one {name}: a partition of the index by {name}",
        limit=lambda _: PARTITION_WRITES,
        demand=lambda load, _: _table_writes(load) / load.filter_values,
        raised_by=Raiser.NOBODY,
        remedy=f"split the {name}, or shard the index by {name} like the index by status",
        source=_PARTITION_PAGE,
        per_cell=False,
    )


QUOTAS = (
    Quota(
        "key: requests/s",
        counts="requests with one API key, limited by its usage plan",
        limit=lambda stage: stage.rate_limit,
        demand=lambda load, _: load.peak / load.keys,
        raised_by=Raiser.STAGE,
        remedy="raise rate_limit and burst_limit, or give each caller its own key",
        source=_STAGE_FILE,
    ),
    Quota(
        "key: requests/day",
        counts="requests with one API key, limited by its usage plan",
        limit=lambda stage: stage.daily_quota,
        demand=lambda load, _: load.rate * _SECONDS_PER_DAY / load.keys,
        raised_by=Raiser.STAGE,
        remedy="raise daily_quota, or give each caller its own key",
        source=_STAGE_FILE,
    ),
    Quota(
        "method: requests/s",
        counts="requests to one method; a list counts twice: lists may take half of the rate",
        limit=lambda stage: stage.rate_limit,
        demand=lambda load, _: _requests_to_busiest_method(load),
        raised_by=Raiser.STAGE,
        remedy="raise rate_limit and burst_limit",
        source=_STAGE_FILE,
    ),
    Quota(
        "API Gateway: requests/s",
        counts="requests in the account and region; at most 5,000 at once",
        limit=lambda _: 10_000,
        demand=lambda load, _: load.peak,
        raised_by=Raiser.AWS,
        remedy="ask for a higher throttle rate; the burst follows it",
        source=_GATEWAY_PAGE,
    ),
    Quota(
        "Lambda: concurrent executions",
        counts="executions in the account and region; a new account may start with only 10",
        limit=lambda _: 1_000,
        demand=lambda load, _: _busy_environments(load.invocations),
        raised_by=Raiser.AWS,
        remedy="ask for more concurrent executions",
        source=_LAMBDA_PAGE,
    ),
    Quota(
        "Lambda: invocations/s",
        counts="invocations in the account and region: ten for each allowed concurrent execution, "
        "so 100 in an account that has 10",
        limit=lambda _: 10_000,
        demand=lambda load, _: load.invocations,
        raised_by=Raiser.AWS,
        remedy="ask for more concurrent executions, even if few run at once",
        source=f"{_AWS}/lambda/latest/dg/lambda-concurrency.html",
    ),
    Quota(
        "Lambda: scaling in 10 s",
        counts="increase in invocations/s of one function, if the peak comes within 10 s",
        limit=lambda _: 10_000,
        demand=lambda load, _: _invocations_of_busiest(load) * load.climb,
        raised_by=Raiser.NOBODY,
        remedy="slow the climb to the peak, or use provisioned concurrency",
        source=f"{_AWS}/lambda/latest/dg/scaling-behavior.html",
    ),
    Quota(
        "DynamoDB: table writes/s",
        counts="write units of the table or of one index; the index by status takes the most",
        limit=lambda _: 40_000,
        demand=lambda load, _: load.sum_at_peak(lambda kind: kind.write + kind.moved),
        raised_by=Raiser.AWS,
        remedy="ask for a higher table-level write throughput, and pre-warm the table",
        source=_TABLE_PAGE,
    ),
    Quota(
        "DynamoDB: table reads/s",
        counts="read units of the table or of one index",
        limit=lambda _: 40_000,
        demand=lambda load, stage: max(
            load.sum_at_peak(lambda kind: kind.get),
            load.sum_at_peak(lambda kind: kind.query * stage.shards),
        ),
        raised_by=Raiser.AWS,
        remedy="ask for a higher table-level read throughput, or let the cache answer more",
        source=_TABLE_PAGE,
    ),
    Quota(
        "DynamoDB: writes/s in all shards",
        counts="write units of a sharded index: 1,000 per shard",
        limit=lambda stage: PARTITION_WRITES * stage.shards,
        demand=lambda load, _: _table_writes(load),
        raised_by=Raiser.STAGE,
        remedy=f"raise shards, up to {MAX_CONNECTIONS}",
        source=_PARTITION_PAGE,
    ),
    Quota(
        f"DynamoDB: writes/s in {MAX_CONNECTIONS} shards",
        counts="write units of a sharded index with as many shards as a list can query at once",
        limit=lambda _: PARTITION_WRITES * MAX_CONNECTIONS,
        demand=lambda load, _: _table_writes(load),
        raised_by=Raiser.NOBODY,
        remedy="add cells: with more shards, a list may exceed the function's timeout",
        source="layers/common/python/common/aws/timeouts.py",
    ),
    Quota(
        "DynamoDB: reads/s in one shard",
        counts="read units of one partition; every list reads one from each shard",
        limit=lambda _: PARTITION_READS,
        demand=lambda load, _: load.sum_at_peak(lambda kind: kind.query),
        raised_by=Raiser.NOBODY,
        remedy="let the cache answer more, list by another filter, or add cells",
        source=_PARTITION_PAGE,
    ),
    *(_quota_of_filter(name.replace("_", " ")) for name in ENTITY.filters),
    Quota(
        "Parameter Store: reads/s",
        counts="reads in the account and region; environments read at start and every 5 minutes",
        limit=lambda _: 40,
        demand=lambda load, _: _parameter_reads(load),
        raised_by=Raiser.AWS,
        remedy="turn on higher throughput (10,000); until then, functions keep the old values",
        source=f"{_AWS}/general/latest/gr/ssm.html",
    ),
    Quota(
        "KMS: decryptions/s",
        counts="decryptions in the account and region; at most one per parameter read",
        limit=lambda _: 100_000,
        demand=lambda load, _: _parameter_reads(load),
        raised_by=Raiser.AWS,
        remedy="ask for a higher rate of symmetric cryptographic operations",
        source=f"{_AWS}/kms/latest/developerguide/requests-per-second.html",
    ),
    Quota(
        "NAT: connections",
        counts="connections to Parameter Store through all NAT gateways; none with ssm_endpoint",
        limit=lambda stage: 55_000 * stage.nat_gateways,
        # DynamoDB and S3 have VPC endpoints; Lambda itself delivers logs and traces.
        demand=lambda load, stage: (
            0 if stage.has_ssm_endpoint else _environments_with_parameters(load)
        ),
        raised_by=Raiser.STAGE,
        remedy="turn on ssm_endpoint",
        source=f"{_AWS}/vpc/latest/userguide/nat-gateway-basics.html",
    ),
    Quota(
        "S3: uploads/s",
        counts="uploads under the prefix of one function's log lines",
        limit=lambda _: 3_500,
        demand=lambda load, _: _invocations_of_busiest(load) / REQUESTS_PER_UPLOAD,
        raised_by=Raiser.NOBODY,
        remedy="raise archive_flush_seconds; S3 splits prefixes that stay busy",
        source=f"{_AWS}/AmazonS3/latest/userguide/optimizing-performance.html",
    ),
    Quota(
        "CloudWatch Logs: batches/s",
        counts="batches in the account and region; estimated as one per busy environment",
        limit=lambda _: 5_000,
        demand=lambda load, _: _busy_environments(load.invocations),
        raised_by=Raiser.AWS,
        remedy="ask for a higher throttle limit",
        source=f"{_AWS}/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html",
    ),
    Quota(
        "X-Ray: segments/s",
        counts="segments in the account and region",
        limit=lambda _: 2_600,
        demand=lambda load, _: (
            TRACED_SHARE
            * load.sum_at_peak(lambda kind: _SEGMENTS_PER_TRACE if kind.operation else 1)
        ),
        raised_by=Raiser.AWS,
        remedy="sample less, or ask for a higher quota; only traces are lost, not requests",
        source=f"{_AWS}/general/latest/gr/xray.html",
    ),
)
"""All limits that a load can reach, at any size."""
