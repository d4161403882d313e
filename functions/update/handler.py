"""PUT and PATCH /jobs/{job_id}: change a job with one conditional UpdateItem."""

from http import HTTPStatus

from common import handler as api
from common import ssm_config_loader
from common.contract import MERGE_PATCH
from common.jobs import model, table
from common.logs.logger import count, logger, measure
from common.web.requests import Request
from common.web.responses import Response, job_response


def replace(request: Request) -> Response:
    """Replace everything that a worker may change."""
    body = request.json("job-replace")
    return _apply(
        request, model.replace(body, now=request.now, retention=ssm_config_loader.retention)
    )


def patch(request: Request) -> Response:
    """Merge a patch (RFC 7396) into what a worker may change."""
    body = request.json("job-patch", media_type=MERGE_PATCH)
    return _apply(
        request, model.patch(body, now=request.now, retention=ssm_config_loader.retention)
    )


def _apply(request: Request, change: model.Change) -> Response:
    changed = table.update(
        request.job_id,
        change,
        versions=request.versions,
        invocation_id=request.invocation_id,
    )
    if event := model.event_of(change, changed):
        count(f"Jobs{event.capitalize()}")
        for metric, milliseconds in model.durations(event, changed).items():
            measure(metric, milliseconds)
        logger.info(f"job {event}", job_id=changed.job_id, pipeline=changed.pipeline)
    return job_response(HTTPStatus.OK, changed)


handler = api.handler({"PUT /jobs/{job_id}": replace, "PATCH /jobs/{job_id}": patch})
