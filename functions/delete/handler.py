"""DELETE /jobs/{job_id}: deletes a job with one conditional DeleteItem."""

from http import HTTPStatus

from common import api, table
from common.telemetry import count, logger


def delete(request: api.Request) -> api.Response:
    """Delete a job that is not running."""
    table.delete(request.job_id, versions=request.versions)
    count("JobsDeleted")
    logger.info("job deleted", job_id=request.job_id)
    return api.Response(HTTPStatus.NO_CONTENT, job_id=request.job_id)


handler = api.handler({"DELETE /jobs/{job_id}": delete})
