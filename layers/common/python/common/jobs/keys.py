"""The keys of the jobs' table and of its indexes."""

from typing import Final

PARTITION_KEY: Final = "job_id"
SORT_KEY: Final = "created_key"
"""``<created_at>#<job_id>``, which sorts the indexes by time and is unique."""
EXPIRY: Final = "expires_at"
"""DynamoDB's time to live."""

STATUS_SHARD: Final = "status_shard"
"""``<status>#<shard>``.

There are few statuses, and one partition takes 1,000 writes a second:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
"""

SHARD: Final = "shard"
"""The shard alone, which never changes.

A list of all jobs must not query by status: a job whose status changes between two queries would
be in neither answer.
"""

BY_CREATION: Final = "by-creation"
BY_STATUS: Final = "by-status"
BY_PIPELINE: Final = "by-pipeline"

INDEXES: Final = {BY_CREATION: SHARD, BY_STATUS: STATUS_SHARD, BY_PIPELINE: "pipeline"}
"""The partition key of each index."""
