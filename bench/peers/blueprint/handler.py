"""The create route, composed as in popular blueprints of serverless Python services.

It uses Powertools' resolver with pydantic models; Logger, Metrics and Tracer; and idempotency with
a separate table.
"""

import os
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
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
from pydantic import BaseModel, ConfigDict, Field

logger = Logger()
tracer = Tracer()
metrics = Metrics()
app = APIGatewayRestResolver(enable_validation=True)
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
persistence = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY_TABLE_NAME"])
idempotency = IdempotencyConfig(event_key_jmespath="[pipeline, input_uri, parameters]")


class NewJob(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pipeline: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
    input_uri: Annotated[str, Field(pattern=r"^(s3|https)://\S+$", max_length=2048)]
    parameters: dict[str, Any] = {}


class Job(NewJob):
    job_id: str
    status: Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
    created_at: datetime
    version: int


@app.post("/jobs")
@tracer.capture_method
def create(job: Annotated[NewJob, Body()]) -> Job:
    metrics.add_metric(name="JobsCreated", unit=MetricUnit.Count, value=1)
    created: Job = register(job=job)
    logger.info("job created", job_id=created.job_id)
    return created


@idempotent_function(  # type: ignore[untyped-decorator]
    data_keyword_argument="job",
    config=idempotency,
    persistence_store=persistence,
    output_serializer=PydanticSerializer(model=Job),
)
@tracer.capture_method
def register(job: NewJob) -> Job:
    created = Job(
        **job.model_dump(),
        job_id=str(uuid4()),
        status="PENDING",
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
