"""PUT and PATCH /jobs/{job_id}: change a job with one conditional UpdateItem."""

from http import HTTPStatus

from common import api, config, job, table
from common.contract import MERGE_PATCH
from common.request import Request
from common.response import Response, job_response
from common.telemetry import count, logger, measure


def replace(request: Request) -> Response:
    """Replace everything that a worker may change."""
    body = request.json("job-replace")
    return _apply(request, job.replace(body, now=request.now, retention=config.retention))


def patch(request: Request) -> Response:
    """Merge a patch (RFC 7396) into what a worker may change."""
    body = request.json("job-patch", media_type=MERGE_PATCH)
    return _apply(request, job.patch(body, now=request.now, retention=config.retention))


def _apply(request: Request, change: job.Change) -> Response:
    changed = table.update(
        request.job_id,
        change,
        versions=request.versions,
        invocation_id=request.invocation_id,
    )
    if event := job.event_of(change, changed):
        count(f"Jobs{event.capitalize()}")
        for metric, milliseconds in job.durations(event, changed).items():
            measure(metric, milliseconds)
        logger.info(f"job {event}", job_id=changed.job_id, pipeline=changed.pipeline)
    return job_response(HTTPStatus.OK, changed)


handler = api.handler({"PUT /jobs/{job_id}": replace, "PATCH /jobs/{job_id}": patch})
