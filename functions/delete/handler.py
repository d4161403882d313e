"""DELETE /jobs/{job_id}: deletes a job with one conditional DeleteItem."""

from http import HTTPStatus

from common import handler as api
from common.jobs import table
from common.logs.logger import count, logger
from common.web.requests import Request
from common.web.responses import Response


def delete(request: Request) -> Response:
    """Delete a job that is not running."""
    table.delete(request.job_id, versions=request.versions)
    count("JobsDeleted")
    logger.info("job deleted", job_id=request.job_id)
    return Response(HTTPStatus.NO_CONTENT, job_id=request.job_id)


handler = api.handler({"DELETE /jobs/{job_id}": delete})
