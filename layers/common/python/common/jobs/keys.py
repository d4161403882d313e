"""The keys of the table of jobs and of its indexes."""

from typing import Final

PARTITION_KEY: Final = "job_id"
SORT_KEY: Final = "created_key"
"""Sorts the indexes: ``<created_at>#<job_id>``, so newest first and never twice the same."""
EXPIRY: Final = "expires_at"
"""DynamoDB's time to live."""

STATUS_SHARD: Final = "status_shard"
"""``<status>#<n>``.

A status has few values, and one partition takes 1,000 writes a second:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
"""

SHARD: Final = "shard"
"""``<n>`` alone: all jobs, whatever becomes of them.

A list of everything must not look for jobs by their status: one that changes it between two
queries would be in neither answer.
"""

BY_CREATION: Final = "by-creation"
BY_STATUS: Final = "by-status"
BY_PIPELINE: Final = "by-pipeline"

INDEXES: Final = {BY_CREATION: SHARD, BY_STATUS: STATUS_SHARD, BY_PIPELINE: "pipeline"}
"""The partition key of each index."""
