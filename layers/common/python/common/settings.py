"""What the stack tells a function through its environment."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The environment of one function, read once when it starts.

    Args:
        function: The function's short name: create, read, update or delete.
        table_name: The DynamoDB table of jobs.
        shards: Partitions that an index spreads a key with few values over; at least 1.
        archive_bucket: The S3 bucket of archived log lines.
        archive_flush_seconds: The least time between two uploads.
        config_parameter: Name of the SSM parameter with the configuration; None where the
            function may not read it.
        cursor_key_parameter: Name of the SSM parameter with the keys that sign cursors; None
            where the function may not read it.
        cors_origins: Browser origins that may call the API; ("*",) for all.
        cache_ttl: Seconds that a route's answer may be kept, by routes such as ``GET /jobs``;
            those that are not in it are never kept.
    """

    function: str
    table_name: str
    shards: int
    archive_bucket: str
    archive_flush_seconds: float
    config_parameter: str | None
    cursor_key_parameter: str | None
    cors_origins: tuple[str, ...]
    cache_ttl: Mapping[str, int]


def _from_environment() -> Settings:
    env = os.environ
    return Settings(
        function=env["FUNCTION"],
        table_name=env["TABLE_NAME"],
        shards=int(env["SHARDS"]),
        archive_bucket=env["ARCHIVE_BUCKET"],
        archive_flush_seconds=float(env["ARCHIVE_FLUSH_SECONDS"]),
        config_parameter=env.get("CONFIG_PARAMETER"),
        cursor_key_parameter=env.get("CURSOR_KEY_PARAMETER"),
        cors_origins=tuple(env["CORS_ORIGINS"].split(",")),
        cache_ttl=json.loads(env.get("CACHE_TTL", "{}")),
    )


SETTINGS = _from_environment()
