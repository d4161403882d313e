"""The create route, composed as in popular blueprints of serverless Python services.

It uses Powertools' resolver with pydantic models; Logger, Metrics and Tracer; and idempotency with
a separate table. bench/blueprint_models.py writes its models.
"""

import os
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.serialization.pydantic import PydanticSerializer
from aws_lambda_powertools.utilities.typing import LambdaContext
from models import (  # type: ignore[import-not-found]
    ID_FIELD,
    IDEMPOTENCY_KEY,
    INITIAL,
    METRIC,
    NOUN,
    PATH,
    Item,
    NewItem,
)

logger = Logger()
tracer = Tracer()
metrics = Metrics()
app = APIGatewayRestResolver(enable_validation=True)
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
persistence = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY_TABLE_NAME"])
idempotency = IdempotencyConfig(event_key_jmespath=IDEMPOTENCY_KEY)


@app.post(PATH)
@tracer.capture_method
def create(item: Annotated[NewItem, Body()]) -> Item:
    metrics.add_metric(name=METRIC, unit=MetricUnit.Count, value=1)
    created: Item = register(item=item)
    logger.info(f"{NOUN} created", **{ID_FIELD: getattr(created, ID_FIELD)})
    return created


@idempotent_function(  # type: ignore[untyped-decorator]
    data_keyword_argument="item",
    config=idempotency,
    persistence_store=persistence,
    output_serializer=PydanticSerializer(model=Item),
)
@tracer.capture_method
def register(item: NewItem) -> Item:
    created = Item(
        **item.model_dump(),
        **{ID_FIELD: str(uuid4())},
        status=INITIAL,
        created_at=datetime.now(UTC),
        version=1,
    )
    table.put_item(Item=created.model_dump(mode="json"))
    return created


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@metrics.log_metrics(capture_cold_start_metric=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    # Without this call, the deadline of the first invocation would apply to all.
    idempotency.register_lambda_context(context)
    return app.resolve(event, context)
