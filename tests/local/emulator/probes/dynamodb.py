"""Probes of DynamoDB."""

import time
import uuid
from collections.abc import Callable

from tests.support.deployment.probed_emulator import ProbedEmulator

ITEMS = 400
LONG = " " * 3_900
"""Blanks, which only a condition's parser reads."""


def parses_conditions_once(emulator: ProbedEmulator) -> bool:
    """Return whether a longer condition costs little more for many items than a shorter one."""
    dynamodb, table = emulator.client("dynamodb"), f"probe-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for start in range(0, ITEMS, 25):
        puts = [{"PutRequest": {"Item": {"id": {"S": str(start + n)}}}} for n in range(25)]
        dynamodb.batch_write_item(RequestItems={table: puts})

    def count(blanks: str) -> int:
        answer = dynamodb.scan(
            TableName=table,
            Select="COUNT",
            FilterExpression=f"#id{blanks} <> :id",
            ExpressionAttributeNames={"#id": "id"},
            ExpressionAttributeValues={":id": {"S": "7"}},
        )
        counted: int = answer["Count"]
        return counted

    assert count("") == count(LONG) == ITEMS - 1
    # A busy machine adds some milliseconds to each call. Parsing for each item takes a hundred.
    return _seconds(lambda: count(LONG)) < 2 * _seconds(lambda: count("")) + 0.01


def _seconds(call: Callable[[], object]) -> float:
    """Return the shortest time of several calls."""

    def measure() -> float:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    return min(measure() for _ in range(8))
