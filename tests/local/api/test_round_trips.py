"""Fields of every JSON type, added to an entity whose table is in the embedded AWS."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common.aws import clients
from common.crud import configuration
from common.crud.entity import Entity
from common.dynamodb import cursors
from local import aws
from local.lambda_runtime import buckets, tables
from tests.support.specimen import SPECIMEN
from tests.support.specimen.round_trips import check_round_trips

if TYPE_CHECKING:
    from tests.support.deployment.service import Service

EXAMPLES = 10


@pytest.fixture
def dynamodb(service: "Service", monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The embedded DynamoDB, which the functions of this process use."""
    for name, value in aws.environment(service.endpoint.aws_endpoint_url).items():
        monkeypatch.setenv(name, value)
    _forget()
    buckets.create_bucket(service.client("s3"), "archive")
    tables.create_table(service.client("dynamodb"), SPECIMEN, SPECIMEN.collection)
    yield
    _forget()


def _forget() -> None:
    """Drop what the layer keeps of one AWS, which is wrong for another."""
    for cached in (
        clients._client,
        clients._session,
        configuration._parameter,
        cursors._parameter,
    ):
        cached.cache_clear()


@pytest.mark.usefixtures("dynamodb")
def test_a_field_of_any_type_keeps_its_value_from_create_to_list(
    service: "Service", tmp_path: Path
) -> None:
    def create_table(entity: Entity) -> None:
        client = service.client("dynamodb")
        client.delete_table(TableName=entity.collection)
        tables.create_table(client, entity, entity.collection)

    check_round_trips(EXAMPLES, tmp_path, create_table)
