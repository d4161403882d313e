"""What differs between the stages, and nothing else."""

from dataclasses import dataclass
from typing import Literal, get_args

REGION = "us-east-1"
"""Where every stage is deployed."""

Authorization = Literal["api-key", "cognito", "iam"]
"""How callers prove who they are, besides the API key that sets their limits."""

AUTHORIZATIONS: tuple[Authorization, ...] = get_args(Authorization)


@dataclass(frozen=True)
class Stage:
    """The settings of one deployment of the stack.

    Args:
        name: Part of every physical name; at most 12 lower-case letters.
        retain_data: Keep table, buckets and keys when the stack is deleted, refuse the
            deletion of table and stack, and keep the table's point-in-time backups.
        nat_gateways: 1 (cheap; an AZ outage stops egress) or one per AZ.
        ssm_endpoint: Reach Parameter Store through an interface endpoint (billed by the hour
            and AZ) instead of NAT.
        firewall: Have AWS WAF limit each address and apply AWS's rules (billed by the month,
            rule and request).
        api_gateway_account: Create the account-wide role with which API Gateway writes logs.
            Off where the account already has one.
        authorization: "api-key" (a key is enough), "cognito" (an access token of a user pool) or
            "iam" (a request signed with AWS credentials). docs/sign-in.md says when to choose
            which.
        cors_origins: The browser origins that may call the API, such as
            ``https://jobs.example.com``; ("*",) for all. More than one need a web ACL, which
            AWS bills by the month and by the request.
        shards: Partitions that all jobs, and those of one status, are spread over in the
            indexes, each good for 1,000 writes a second; at most 16, which a list asks at once.
            May grow, never shrink: lists would miss the jobs of the lost shards.
        cache_size_gb: Size of the API cache: "0.5", "1.6", "6.1", …
        rate_limit: Requests per second of the default usage plan.
        burst_limit: Requests that may arrive at once under that plan.
        daily_quota: Requests per day under that plan.
        log_retention_days: Days that CloudWatch keeps logs.
        archive_flush_seconds: The least time between two uploads of log lines by one execution
            environment. What it logs in between waits for its next request, or its end.
        archive_cold_after_days: Days after which archived logs move to a colder class.
        archive_expire_after_days: Days after which archived logs are deleted; the colder class
            bills 90 days at least.
        query_limit_gb: Gigabytes of the archive that one query may read before it is stopped;
            Athena bills what is read.
        job_retention_days: Days after its end that a job expires.
        memory_mb: Memory of each function; CPU follows it.
        snap_start: Start functions from a snapshot of the initialised runtime.
        error_rate_percent: 5xx answers of a function that raise its alarm.
        failed_jobs_percent: Failed among ended jobs that raise the business alarm.
        latency_p99_ms: The API's p99 latency that raises its alarm.
        alarm_email: Address subscribed to the alarm topic; none for none.
        sign_in_callbacks: Where a browser may come back to from signing in; with "cognito" only.
            HTTPS, or on this machine. The default is the API reference of the local run.
        user_pool_arn: A user pool of one's own, with "cognito" only; none to have one made.
        domain_name: A name of one's own for the API, such as ``jobs-api.example.com``; none for
            the one that AWS gives it.
        certificate_arn: The certificate of that name, in this region.
    """

    name: str
    retain_data: bool
    nat_gateways: int
    ssm_endpoint: bool
    firewall: bool
    authorization: Authorization
    cors_origins: tuple[str, ...]
    shards: int
    cache_size_gb: str
    rate_limit: int
    burst_limit: int
    daily_quota: int
    log_retention_days: int
    archive_cold_after_days: int
    archive_expire_after_days: int
    query_limit_gb: int
    job_retention_days: int
    memory_mb: int
    error_rate_percent: float
    failed_jobs_percent: float
    latency_p99_ms: int
    archive_flush_seconds: int = 10
    api_gateway_account: bool = True
    snap_start: bool = False
    alarm_email: str | None = None
    sign_in_callbacks: tuple[str, ...] = ("http://127.0.0.1:4567/oauth2-redirect.html",)
    user_pool_arn: str | None = None
    domain_name: str | None = None
    certificate_arn: str | None = None

    @property
    def stack(self) -> str:
        """The name of the stage's stack, and of its dashboard."""
        return f"JobLedger-{self.name}"

    @property
    def lists_origins(self) -> bool:
        """Whether the API has to choose from several origins the one that may read an answer."""
        return len(self.cors_origins) > 1

    @property
    def has_web_acl(self) -> bool:
        """Whether AWS WAF looks at each request."""
        return self.firewall or self.lists_origins

    @property
    def prefix(self) -> str:
        """What every physical name of the stage begins with."""
        return f"job-ledger-{self.name}"


STAGES = {
    stage.name: stage
    for stage in (
        Stage(
            name="dev",
            retain_data=False,
            nat_gateways=1,
            ssm_endpoint=False,
            firewall=False,
            authorization="api-key",
            cors_origins=("*",),
            shards=2,
            cache_size_gb="0.5",
            rate_limit=100,
            burst_limit=200,
            daily_quota=1_000_000,
            log_retention_days=7,
            archive_cold_after_days=30,
            archive_expire_after_days=120,
            query_limit_gb=1,
            job_retention_days=7,
            memory_mb=512,
            error_rate_percent=5,
            failed_jobs_percent=50,
            latency_p99_ms=3_000,
        ),
        Stage(
            name="prod",
            retain_data=True,
            nat_gateways=2,
            ssm_endpoint=True,
            firewall=True,
            authorization="cognito",
            cors_origins=("https://jobs.example.com",),
            shards=4,
            cache_size_gb="1.6",
            rate_limit=2_000,
            burst_limit=4_000,
            daily_quota=100_000_000,
            log_retention_days=90,
            archive_cold_after_days=90,
            archive_expire_after_days=2_555,
            query_limit_gb=100,
            job_retention_days=90,
            memory_mb=1_024,
            error_rate_percent=1,
            failed_jobs_percent=20,
            latency_p99_ms=1_000,
            sign_in_callbacks=("https://jobs.example.com/",),
        ),
    )
}
