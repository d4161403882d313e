"""POST /jobs: register a job with one conditional PutItem."""

from http import HTTPStatus

from common import ids
from common.handler import lambda_handler
from common.jobs import model, table
from common.jobs.web import job_response
from common.logs.logger import logger
from common.logs.metrics import count
from common.web.requests import Request
from common.web.responses import Response


def create(request: Request) -> Response:
    """Register a job; with an Idempotency-Key, the same job for every retry."""
    body = request.json("job-create")
    key = request.idempotency_key
    new_job = model.new(
        body,
        job_id=ids.derived_id(request.caller, key) if key else ids.new_id(),
        now=request.now,
        created_by=request.caller,
    )
    job, replayed = table.create(
        new_job,
        # Without a key, no other request is the same create.
        fingerprint=ids.fingerprint(body) if key else request.invocation_id,
        invocation_id=request.invocation_id,
    )
    # Relative to the request's URL, so that it fits every stage and base path.
    location = {"Location": f"jobs/{job.job_id}"}
    if replayed:
        count("IdempotencyReplays")
        return job_response(HTTPStatus.OK, job, {**location, "Idempotency-Replayed": "true"})
    count("JobsCreated")
    logger.info("job created", job_id=job.job_id, pipeline=job.pipeline)
    return job_response(HTTPStatus.CREATED, job, location)


handler = lambda_handler({"POST /jobs": create})
