"""Print the jobs that an earlier version of the service stores, for test_earlier_items.py.

Run it in the root of the project, with a checkout of that version::

    git worktree add .build/earlier 8a41d96
    PYTHONPATH=.build/earlier:.build/earlier/layers/common/python .venv/bin/python \\
        tests/unit/entities/jobs/earlier_items.py > tests/unit/entities/jobs/earlier_items.json
    git worktree remove .build/earlier
"""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from moto import mock_aws

# The settings of the functions are set now.
from common.aws.clients import client
from common.crud.examples import Change
from common.web import requests
from local.lambda_runtime import buckets, tables
from local.lambda_runtime.environment_variables import FUNCTION_ENVIRONMENT
from tests.support.entities import ENTITY, EXAMPLES, REACHABLE, path_of
from tests.support.http.function_api import Api

PARAMETERS = (
    '{"width": 320, "ratio": 0.5, "tiny": 1.5e-7, "large": 12345678901234567890, "negative": -1,'
    ' "zero": 0, "text": "Zo\\u00eb \\ud83d\\udca5", "list": [null, true, {"a": []}], "empty": {}}'
)
LEAST = '{"pipeline": "thumbnails", "input_uri": "s3://photos/cat.png"}'
BODY = f'{LEAST[:-1]}, "parameters": {PARAMETERS}}}'
CURSOR_KEYS = [{"secret": "c2VjcmV0", "signs_from": 0, "good_until": None}]


class Clock(datetime):
    """A clock that advances by a second whenever it is read."""

    _time = datetime(2026, 1, 31, 9, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:  # noqa: ARG003 - always UTC
        Clock._time += timedelta(seconds=1)
        return Clock._time


def items() -> Iterator[dict[str, Any]]:
    """Yield a job for each status: without a key, with one, and with a full list of writers."""
    start, report, _, fail, retry, *_ = EXAMPLES.changes
    for status in REACHABLE:
        way = EXAMPLES.path(status)
        yield item(f"{status} without a key", LEAST, None, way)
        yield item(f"{status} with a key", BODY, f"key-{status}", way)
        attempts = [start, report, fail, retry] * 2
        yield item(f"{status} after many writes", BODY, f"many-{status}", [*attempts, *way])


def item(name: str, body: str, key: str | None, changes: list[Change]) -> dict[str, Any]:
    api = Api()
    created = api("POST", ENTITY.path, body, headers={"Idempotency-Key": key} if key else {})
    assert created.status == 201, created
    path = path_of(created.body)
    for change in changes:
        assert api("PATCH", path, change.body).status == 200
    answer = api("GET", path)
    (summary,) = api("GET", ENTITY.path, query={"limit": "1"}).body["items"]
    stored: Mapping[str, Any] = client("dynamodb").get_item(
        TableName=ENTITY.collection,
        Key={ENTITY.id_field: {"S": created.body[ENTITY.id_field]}},
    )["Item"]
    return {
        "name": name,
        "key": key,
        "body": body,
        "stored": stored,
        "answer": answer.text,
        "etag": answer.headers["ETag"],
        "summary": summary,
    }


def main() -> None:
    vars(requests)["datetime"] = Clock
    with mock_aws():
        tables.create_table(client("dynamodb"), ENTITY, ENTITY.collection)
        buckets.create_bucket(client("s3"), "archive")
        parameters = {"CONFIG_PARAMETER": {}, "CURSOR_KEY_PARAMETER": CURSOR_KEYS}
        for name, value in parameters.items():
            client("ssm").put_parameter(
                Name=FUNCTION_ENVIRONMENT[name], Type="String", Value=json.dumps(value)
            )
        printed, sys.stdout = sys.stdout, sys.stderr
        collected = list(items())
        sys.stdout = printed
    lines = ",\n".join(map(json.dumps, collected))
    sys.stdout.write(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
