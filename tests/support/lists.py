"""The items of the entity that a test created, in lists and in the table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from common.crud.changes import timestamp
from common.crud.keys import BY_CREATION, SHARD, SORT_KEY
from infra.spec.output_names import table_output
from infra.spec.stages import STAGES
from local.deploy import STAGE
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY, Send


def query_of(body: Mapping[str, Any]) -> str:
    """Return the query of the shortest list that shows the item of a body.

    The list shows no other test's items, if the entity has a filter.
    """
    return "".join(f"&{name}={quote(body[name])}" for name in ENTITY.filters[:1])


def listed_since(send: Send, item: Mapping[str, Any], query: str = "") -> list[dict[str, Any]]:
    """Return the summaries of an item and of newer ones in a list, newest first.

    Args:
        send: Sends the requests.
        item: The first item, which need not exist any more.
        query: The filters of the list.
    """
    summaries: list[dict[str, Any]] = []
    cursor = ""
    while True:
        response = send("GET", f"{ENTITY.path}?limit=100{query}{cursor}")
        assert response.status == 200, response
        page = response.body
        newer = [each for each in page["items"] if each["created_at"] >= item["created_at"]]
        summaries += newer
        if len(newer) < len(page["items"]) or "next_cursor" not in page:
            return summaries
        cursor = f"&cursor={page['next_cursor']}"


def stored_since(service: Service, moment: datetime) -> int:
    """Return the number of items in the table that were created since a moment."""
    dynamodb = service.client("dynamodb")
    return sum(
        dynamodb.query(
            TableName=service.outputs[table_output(ENTITY)],
            IndexName=BY_CREATION,
            KeyConditionExpression="#shard = :shard AND #key >= :moment",
            ExpressionAttributeNames={"#shard": SHARD, "#key": SORT_KEY},
            ExpressionAttributeValues={
                ":shard": {"S": str(shard)},
                ":moment": {"S": timestamp(moment)},
            },
        )["Count"]
        for shard in range(STAGES[STAGE].shards)
    )
