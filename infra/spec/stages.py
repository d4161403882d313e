"""The stages: one value per stage holds all that differs between them."""

from dataclasses import dataclass
from typing import Literal, get_args

from infra.spec.service import PASCAL_NAME, SERVICE_NAME

Authorization = Literal["api-key", "cognito", "iam"]
"""The way in which callers authenticate, besides the API key that limits their requests."""

AUTHORIZATIONS: tuple[Authorization, ...] = get_args(Authorization)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The settings of one deployment of the stack."""

    name: str
    """Part of every physical name; at most 12 lower-case letters."""

    retain_data: bool
    """Keep table, buckets and keys when the stack is deleted, and protect table and stack against
    deletion."""

    availability_zones: tuple[str, ...] = ()
    """The zones of the subnets, such as ``(f"{REGION}c", f"{REGION}d")``; empty for the account's
    first two. docs/operations.md says when to choose."""

    nat_gateways: int
    """1 is cheap, but an outage of its availability zone stops egress. 2 is one per zone. With 0,
    the functions reach the VPC's endpoints only, and no internet."""

    ssm_endpoint: bool
    """Reach Parameter Store through an interface endpoint, billed by the hour and zone, instead of
    NAT. Without NAT, there is always one."""

    firewall: bool
    """Let AWS WAF limit requests per address and apply AWS's managed rules. AWS bills it by the
    month, rule and request."""

    api_gateway_account: bool = True
    """Create the account-wide role that lets API Gateway write logs. False if the account already
    has one."""

    authorization: Authorization
    """"api-key" (a key is enough), "cognito" (an access token of a user pool) or "iam" (a request
    signed with AWS credentials). docs/sign-in.md says when to choose which."""

    sign_in_callbacks: tuple[str, ...] = ("http://127.0.0.1:4567/oauth2-redirect.html",)
    """The URLs that a browser may return to after signing in, with "cognito": HTTPS, or on this
    machine. The default is the API reference of the local run."""

    user_pool_arn: str | None = None
    """An existing user pool for "cognito"; None to create one."""

    cors_origins: tuple[str, ...]
    """The browser origins that may call the API, such as ``https://app.example.com``; ("*",) for
    all. More than one needs a web ACL, which AWS bills by the month and request."""

    domain_name: str | None = None
    """The custom domain name of the API, such as ``api.example.com``; None for the name that
    AWS generates."""

    certificate_arn: str | None = None
    """The certificate for ``domain_name``, in the same region."""

    keep_default_endpoint: bool = False
    """Let the name that AWS generates answer beside ``domain_name``, for example until the DNS
    record of a new domain exists. Without a domain name, the generated one always answers."""

    shards: int
    """The number of partitions over which each index spreads all items, or those of one status.

    A shard takes 1,000 writes a second. A list queries all shards at once, so 16 is the maximum.
    The number may grow but never shrink: lists would miss the items of the lost shards.
    """

    cache_size_gb: str
    """The size of the API cache: "0.5", "1.6", "6.1", …"""

    rate_limit: int
    """Requests per second of the default usage plan."""

    burst_limit: int
    """Requests that may arrive at once under that plan."""

    daily_quota: int
    """Requests per day under that plan."""

    log_retention_days: int
    """Days that CloudWatch keeps logs."""

    archive_flush_seconds: int = 10
    """The minimum time between two uploads of log lines by an execution environment. Lines that it
    logs in between wait for its next request, or for its end."""

    archive_cold_after_days: int
    """Days after which archived logs move to a colder storage class."""

    archive_expire_after_days: int
    """Days after which archived logs expire; S3 bills the colder class for at least 90 days."""

    query_limit_gb: int
    """Gigabytes of the archive that a query may scan before Athena cancels it; AWS bills them."""

    retention_days: int | None
    """The days that an item is kept once it has a status in which items expire; None for ever. It
    may be changed without a deployment, in the parameter ``config``."""

    memory_mb: int
    """The memory of each function; CPU is proportional to it."""

    snap_start: bool = False
    """Start functions from a snapshot of the initialised runtime."""

    error_rate_percent: float
    """The share of 5xx answers, of the API or of a function, that raises an alarm."""

    failed_percent: float
    """The share of failed items among ended items that raises the business alarm."""

    latency_p99_ms: int
    """The API's p99 latency that raises its alarm."""

    alarm_email: str | None = None
    """The address that is subscribed to the alarm topic; None for no address."""

    @property
    def stack(self) -> str:
        """The name of the stack and of the dashboard."""
        return f"{PASCAL_NAME}-{self.name}"

    @property
    def closes_default_endpoint(self) -> bool:
        """True if the API answers under its custom domain name only."""
        return self.domain_name is not None and not self.keep_default_endpoint

    @property
    def has_internet(self) -> bool:
        """True if the functions reach the internet, and AWS services that have no endpoint."""
        return self.nat_gateways > 0

    @property
    def has_ssm_endpoint(self) -> bool:
        """True if the functions reach Parameter Store through an interface endpoint."""
        return self.ssm_endpoint or not self.has_internet

    @property
    def lists_origins(self) -> bool:
        """True if the API has to pick one of several origins for its CORS headers."""
        return len(self.cors_origins) > 1

    @property
    def has_web_acl(self) -> bool:
        """True if AWS WAF inspects each request."""
        return self.firewall or self.lists_origins

    @property
    def prefix(self) -> str:
        """The prefix of every physical name."""
        return f"{SERVICE_NAME}-{self.name}"

    def parameter(self, name: str) -> str:
        """Return the full name of a parameter in Parameter Store.

        Args:
            name: The last part of the name, such as "config".
        """
        return f"/{SERVICE_NAME}/{self.name}/{name}"


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
            retention_days=7,
            memory_mb=512,
            error_rate_percent=5,
            failed_percent=50,
            latency_p99_ms=3_000,
        ),
        Stage(
            name="prod",
            retain_data=True,
            nat_gateways=2,
            ssm_endpoint=True,
            firewall=True,
            authorization="cognito",
            cors_origins=("https://app.example.com",),
            shards=4,
            cache_size_gb="1.6",
            rate_limit=2_000,
            burst_limit=4_000,
            daily_quota=100_000_000,
            log_retention_days=90,
            archive_cold_after_days=90,
            archive_expire_after_days=2_555,
            query_limit_gb=100,
            retention_days=90,
            memory_mb=1_024,
            error_rate_percent=1,
            failed_percent=20,
            latency_p99_ms=1_000,
            sign_in_callbacks=("https://app.example.com/",),
        ),
    )
}
