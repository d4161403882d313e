"""The settings that the stack passes to a function in environment variables."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The environment of one function, read once when it starts."""

    function: str
    """The function's short name: create, read, update or delete."""

    table_names: Mapping[str, str]
    """The DynamoDB tables that the function uses, by the entity's collection."""

    shards: int
    """The partitions that an index spreads a key with few values over; at least 1."""

    archive_bucket: str
    """The S3 bucket of archived log lines."""

    archive_flush_seconds: float
    """The least time between two uploads."""

    config_parameter: str | None
    """The SSM parameter with the configuration; None if the function may not read it."""

    cursor_key_parameter: str | None
    """The SSM parameter with the keys that sign cursors; None if the function may not read it."""

    cors_origins: tuple[str, ...]
    """The browser origins that may call the API; ("*",) for all."""

    cache_ttl: Mapping[str, int]
    """The seconds that an answer may be kept, by route. Answers of other routes are never kept."""


def _from_environment() -> Settings:
    env = os.environ
    return Settings(
        function=env["FUNCTION"],
        table_names=json.loads(env["TABLE_NAMES"]),
        shards=int(env["SHARDS"]),
        archive_bucket=env["ARCHIVE_BUCKET"],
        archive_flush_seconds=float(env["ARCHIVE_FLUSH_SECONDS"]),
        config_parameter=env.get("CONFIG_PARAMETER"),
        cursor_key_parameter=env.get("CURSOR_KEY_PARAMETER"),
        cors_origins=tuple(env["CORS_ORIGINS"].split(",")),
        cache_ttl=json.loads(env.get("CACHE_TTL", "{}")),
    )


SETTINGS = _from_environment()
