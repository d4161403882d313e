"""The quotas of AWS and the limits of a stage, and how much of each some load needs.

As of November 2025, in us-east-1, for an account that has never asked for more. Where a quota is
raised, change it here. Everything is linear in the rate, so that half the load needs half of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from common.aws.timeouts import MAX_CONNECTIONS, PARAMETER_TTL
from infra.spec.routes import FUNCTIONS, ROUTES, Function, routes_of
from infra.spec.stages import Stage
from tools.cost import BILLED_MS, CACHED, SAMPLED, SHIPPED_PER_UPLOAD, Kind

_SCALING_SECONDS = 10
"""In which a peak is there, from the average: the step in which Lambda counts."""

_SEGMENTS = 3
"""Of a trace that reaches a function: of API Gateway, of Lambda and of the function."""

_DAY = 86_400


class Raised(StrEnum):
    """Who can raise a limit."""

    STAGE = "the stage's settings"
    AWS = "AWS, on request"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Load:
    """What callers send.

    Args:
        rate: Requests a second, on average.
        peak: Requests a second, when there are most.
        mix: How many requests of each kind there are, as parts of any whole.
        cached: The part of the reads and lists that the API's cache answers, from 0 to 1.
        keys: API keys that share the requests evenly.
        pipelines: Pipelines that share the writes evenly.
    """

    rate: float
    peak: float
    mix: Mapping[Kind, float]
    cached: float
    keys: int = 1
    pipelines: int = 100

    @property
    def shares(self) -> Mapping[Kind, float]:
        """The share of each kind in all requests, with those that the cache answers as one."""
        whole = sum(self.mix.values())
        hits = {kind: self.cached if kind.get or kind.query else 0 for kind in self.mix}
        shares = {kind: parts / whole * (1 - hits[kind]) for kind, parts in self.mix.items()}
        return {**shares, CACHED: 1 - sum(shares.values())}

    def sum(self, measure: Callable[[Kind], float]) -> float:
        """The sum of a measure of each request, a second, at the peak."""
        return self.peak * sum(share * measure(kind) for kind, share in self.shares.items())

    def sent(self, operation: str) -> float:
        """Requests a second to one method, at the peak."""
        parts = sum(parts for kind, parts in self.mix.items() if kind.operation == operation)
        return self.peak * parts / sum(self.mix.values())

    @property
    def invocations(self) -> float:
        """Requests a second that reach a function, at the peak."""
        return self.sum(lambda kind: kind.operation is not None)

    def of(self, function: Function) -> float:
        """Requests a second that reach one function, at the peak."""
        operations = {row.operation for row in routes_of(function)}
        return self.sum(lambda kind: kind.operation in operations)

    @property
    def step(self) -> float:
        """The part of the peak that comes on top of the average."""
        return 1 - self.rate / self.peak


@dataclass(frozen=True)
class Quota:
    """A limit, and what a load needs of it.

    Args:
        name: What is limited, in a few words.
        counts: What counts, and of whom.
        has: The limit, for a stage.
        needs: What a load needs of it, on a stage.
        raised: Who can raise it.
        then: What to change when it binds.
        source: The page that gives the limit; a file of this project for our own.
        divides: Whether more cells, each with a part of the pipelines, share the need.
    """

    name: str
    counts: str
    has: Callable[[Stage], float]
    needs: Callable[[Load, Stage], float]
    raised: Raised
    then: str
    source: str
    divides: bool = True


def _environments(invocations: float) -> float:
    return invocations * BILLED_MS / 1000


def _busiest(load: Load) -> float:
    return max(load.of(function) for function in FUNCTIONS)


def _busiest_method(load: Load) -> float:
    # A method with a part of the stage's rate feels each request as several.
    return max(load.sent(row.operation) / row.rate_share for row in ROUTES)


def _parameter_reads(load: Load) -> float:
    """Every environment reads its parameters when it starts, and again and again."""
    return sum(
        len({name for row in routes_of(function) for name in row.ssm_parameters})
        * _environments(load.of(function))
        * (1 / PARAMETER_TTL + load.step / _SCALING_SECONDS)
        for function in FUNCTIONS
    )


def _reading_environments(load: Load) -> float:
    return sum(
        _environments(load.of(function))
        for function in FUNCTIONS
        if any(row.ssm_parameters for row in routes_of(function))
    )


def _writes(load: Load) -> float:
    return load.sum(lambda kind: kind.table)


_AWS = "https://docs.aws.amazon.com"
_GATEWAY_PAGE = f"{_AWS}/apigateway/latest/developerguide/limits.html"
_LAMBDA_PAGE = f"{_AWS}/lambda/latest/dg/gettingstarted-limits.html"
_TABLE_PAGE = f"{_AWS}/amazondynamodb/latest/developerguide/ServiceQuotas.html"
_PARTITION_PAGE = f"{_AWS}/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
_STAGE_FILE = "infra/spec/stages.py"

QUOTAS = (
    Quota(
        "key: requests/s",
        counts="of one API key, by its usage plan",
        has=lambda stage: stage.rate_limit,
        needs=lambda load, _: load.peak / load.keys,
        raised=Raised.STAGE,
        then="raise rate_limit and burst_limit, or give callers keys of their own",
        source=_STAGE_FILE,
    ),
    Quota(
        "key: requests/day",
        counts="of one API key, by its usage plan",
        has=lambda stage: stage.daily_quota,
        needs=lambda load, _: load.rate * _DAY / load.keys,
        raised=Raised.STAGE,
        then="raise daily_quota, or give callers keys of their own",
        source=_STAGE_FILE,
    ),
    Quota(
        "method: requests/s",
        counts="of one method; a list counts twice, because lists may take half of the rate",
        has=lambda stage: stage.rate_limit,
        needs=lambda load, _: _busiest_method(load),
        raised=Raised.STAGE,
        then="raise rate_limit and burst_limit",
        source=_STAGE_FILE,
    ),
    Quota(
        "API Gateway: requests/s",
        counts="of the account in the region; at most 5,000 at once",
        has=lambda _: 10_000,
        needs=lambda load, _: load.peak,
        raised=Raised.AWS,
        then="ask for a higher throttle rate; the burst follows it",
        source=_GATEWAY_PAGE,
    ),
    Quota(
        "Lambda: executions at a time",
        counts="of the account in the region",
        has=lambda _: 1_000,
        needs=lambda load, _: _environments(load.invocations),
        raised=Raised.AWS,
        then="ask for more concurrent executions",
        source=_LAMBDA_PAGE,
    ),
    Quota(
        "Lambda: invocations/s",
        counts="of the account in the region: ten for each execution at a time that it may have",
        has=lambda _: 10_000,
        needs=lambda load, _: load.invocations,
        raised=Raised.AWS,
        then="ask for more concurrent executions, however few run at a time",
        source=f"{_AWS}/lambda/latest/dg/lambda-concurrency.html",
    ),
    Quota(
        "Lambda: growth in 10 s",
        counts="invocations a second that one function gains, if the peak is there at once",
        has=lambda _: 10_000,
        needs=lambda load, _: _busiest(load) * load.step,
        raised=Raised.NOBODY,
        then="let the peak come slower, or keep environments ready with provisioned concurrency",
        source=f"{_AWS}/lambda/latest/dg/scaling-behavior.html",
    ),
    Quota(
        "DynamoDB: table's writes/s",
        counts="units of the table or of one index; the one by status takes the most",
        has=lambda _: 40_000,
        needs=lambda load, _: load.sum(lambda kind: kind.table + kind.moved),
        raised=Raised.AWS,
        then="ask for a higher table-level write throughput, and warm the table up",
        source=_TABLE_PAGE,
    ),
    Quota(
        "DynamoDB: table's reads/s",
        counts="units of the table or of one index",
        has=lambda _: 40_000,
        needs=lambda load, stage: max(
            load.sum(lambda kind: kind.get), load.sum(lambda kind: kind.query * stage.shards)
        ),
        raised=Raised.AWS,
        then="ask for a higher table-level read throughput, or let the cache answer more",
        source=_TABLE_PAGE,
    ),
    Quota(
        "DynamoDB: shards' writes/s",
        counts="units of an index by shard: 1,000 in each of its partitions",
        has=lambda stage: 1_000 * stage.shards,
        needs=lambda load, _: _writes(load),
        raised=Raised.STAGE,
        then=f"raise shards, up to {MAX_CONNECTIONS}",
        source=_PARTITION_PAGE,
    ),
    Quota(
        f"DynamoDB: {MAX_CONNECTIONS} shards' writes/s",
        counts="units of an index by shard, with as many shards as a list asks at once",
        has=lambda _: 1_000 * MAX_CONNECTIONS,
        needs=lambda load, _: _writes(load),
        raised=Raised.NOBODY,
        then="add cells: with more shards, a list may take longer than a function",
        source="layers/common/python/common/aws/timeouts.py",
    ),
    Quota(
        "DynamoDB: shard's reads/s",
        counts="units of a partition, of which every list needs one, however many shards there are",
        has=lambda _: 3_000,
        needs=lambda load, _: load.sum(lambda kind: kind.query),
        raised=Raised.NOBODY,
        then="let the cache answer more, list by pipeline, or add cells",
        source=_PARTITION_PAGE,
    ),
    Quota(
        "DynamoDB: pipeline's writes/s",
        counts="units of a partition, which all jobs of a pipeline share in the index by pipeline",
        has=lambda _: 1_000,
        needs=lambda load, _: _writes(load) / load.pipelines,
        raised=Raised.NOBODY,
        then="split the pipeline, or shard its index as the one by status is",
        source=_PARTITION_PAGE,
        divides=False,
    ),
    Quota(
        "Parameter Store: reads/s",
        counts="of the account in the region; environments read at their start and every 5 minutes",
        has=lambda _: 40,
        needs=lambda load, _: _parameter_reads(load),
        raised=Raised.AWS,
        then="turn on higher throughput (10,000); until then, functions go on with what they know",
        source=f"{_AWS}/general/latest/gr/ssm.html",
    ),
    Quota(
        "KMS: decryptions/s",
        counts="of the account in the region; at most one for each parameter that is read",
        has=lambda _: 100_000,
        needs=lambda load, _: _parameter_reads(load),
        raised=Raised.AWS,
        then="ask for a higher rate of symmetric cryptographic operations",
        source=f"{_AWS}/kms/latest/developerguide/requests-per-second.html",
    ),
    Quota(
        "NAT: connections",
        counts="to Parameter Store, of all gateways; with ssm_endpoint, there are none",
        has=lambda stage: 55_000 * stage.nat_gateways,
        # DynamoDB and S3 have endpoints of their own; logs and traces leave by Lambda itself.
        needs=lambda load, stage: 0 if stage.ssm_endpoint else _reading_environments(load),
        raised=Raised.STAGE,
        then="turn on ssm_endpoint",
        source=f"{_AWS}/vpc/latest/userguide/nat-gateway-basics.html",
    ),
    Quota(
        "S3: uploads/s",
        counts="under the prefix of one function's log lines",
        has=lambda _: 3_500,
        needs=lambda load, _: _busiest(load) / SHIPPED_PER_UPLOAD,
        raised=Raised.NOBODY,
        then="raise archive_flush_seconds; S3 splits a prefix that stays busy",
        source=f"{_AWS}/AmazonS3/latest/userguide/optimizing-performance.html",
    ),
    Quota(
        "CloudWatch Logs: batches/s",
        counts="of the account in the region; taken to be one for each environment",
        has=lambda _: 5_000,
        needs=lambda load, _: _environments(load.invocations),
        raised=Raised.AWS,
        then="ask for a higher throttle limit",
        source=f"{_AWS}/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html",
    ),
    Quota(
        "X-Ray: segments/s",
        counts="of the account in the region",
        has=lambda _: 2_600,
        needs=lambda load, _: SAMPLED * load.sum(lambda kind: _SEGMENTS if kind.operation else 1),
        raised=Raised.AWS,
        then="sample less, or ask for more; traces are lost, requests are not",
        source=f"{_AWS}/general/latest/gr/xray.html",
    ),
)
"""Every limit that a load of any size may meet."""
