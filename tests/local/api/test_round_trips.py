"""Fields of every JSON type, added to an entity whose table is in the embedded AWS."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common.crud.entity import Entity
from local import aws
from local.lambda_runtime import buckets, tables
from tests.support.http.function_api import forget_clients, forget_parameters
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
    forget_parameters()
    forget_clients()
    buckets.create_bucket(service.client("s3"), "archive")
    tables.create_table(service.client("dynamodb"), SPECIMEN, SPECIMEN.collection)
    yield
    forget_parameters()
    forget_clients()


@pytest.mark.usefixtures("dynamodb")
def test_a_field_of_any_type_keeps_its_value_from_create_to_list(
    service: "Service", tmp_path: Path
) -> None:
    def create_table(entity: Entity) -> None:
        client = service.client("dynamodb")
        client.delete_table(TableName=entity.collection)
        tables.create_table(client, entity, entity.collection)

    check_round_trips(EXAMPLES, tmp_path, create_table)
