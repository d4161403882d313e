"""DELETE /jobs/{job_id}: deletes a job with one conditional DeleteItem."""

from http import HTTPStatus

from common import api, table
from common.request import Request
from common.response import Response
from common.telemetry import count, logger


def delete(request: Request) -> Response:
    """Delete a job that is not running."""
    table.delete(request.job_id, versions=request.versions)
    count("JobsDeleted")
    logger.info("job deleted", job_id=request.job_id)
    return Response(HTTPStatus.NO_CONTENT, job_id=request.job_id)


handler = api.handler({"DELETE /jobs/{job_id}": delete})
