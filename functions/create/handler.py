"""POST /jobs: registers a job with one conditional PutItem."""

from http import HTTPStatus

from common import handler as api
from common.jobs import model, table
from common.logs.logger import count, logger
from common.web.requests import Request
from common.web.responses import Response, job_response


def create(request: Request) -> Response:
    """Register a job; with an Idempotency-Key, the same job however often it is asked for."""
    body = request.json("job-create")
    key = request.idempotency_key
    # Without a key, no other request is the same create.
    same = model.fingerprint(body) if key else request.invocation_id
    registered, replayed = table.put(
        model.new(
            body,
            job_id=model.derived_id(request.caller, key) if key else model.new_id(),
            now=request.now,
            created_by=request.caller,
        ),
        fingerprint=same,
        invocation_id=request.invocation_id,
    )
    # Relative to the request's own URL, whatever stage or base path that has.
    location = {"Location": f"jobs/{registered.job_id}"}
    if replayed:
        count("IdempotencyReplays")
        replay = {**location, "Idempotency-Replayed": "true"}
        return job_response(HTTPStatus.OK, registered, replay)
    count("JobsCreated")
    logger.info("job created", job_id=registered.job_id, pipeline=registered.pipeline)
    return job_response(HTTPStatus.CREATED, registered, location)


handler = api.handler({"POST /jobs": create})
