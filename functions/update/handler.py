"""PUT and PATCH /jobs/{job_id}: change a job with one conditional UpdateItem."""

from http import HTTPStatus

from common.contract import MERGE_PATCH
from common.handler import lambda_handler
from common.jobs import model, table
from common.jobs.configuration import retention
from common.jobs.web import job_id_of, job_response
from common.logs.logger import logger
from common.logs.metrics import count, measure
from common.web.requests import Request
from common.web.responses import Response


def replace(request: Request) -> Response:
    """Replace all fields that a worker may change."""
    body = request.json("job-replace")
    return _apply(request, model.replace(body, now=request.now, retention=retention))


def patch(request: Request) -> Response:
    """Merge a patch (RFC 7396) into the fields that a worker may change."""
    body = request.json("job-patch", media_type=MERGE_PATCH)
    return _apply(request, model.patch(body, now=request.now, retention=retention))


def _apply(request: Request, change: model.Change) -> Response:
    job = table.update(
        job_id_of(request),
        change,
        versions=request.versions,
        invocation_id=request.invocation_id,
    )
    if event := model.event_of(change, job):
        count(f"Jobs{event.capitalize()}")
        for metric, milliseconds in model.durations(event, job).items():
            measure(metric, milliseconds)
        logger.info(f"job {event}", job_id=job.job_id, pipeline=job.pipeline)
    return job_response(HTTPStatus.OK, job)


handler = lambda_handler({"PUT /jobs/{job_id}": replace, "PATCH /jobs/{job_id}": patch})
