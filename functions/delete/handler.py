"""DELETE /jobs/{job_id}: delete a job with one conditional DeleteItem."""

from http import HTTPStatus

from common.handler import lambda_handler
from common.jobs import table
from common.jobs.web import job_id_of
from common.logs.logger import logger
from common.logs.metrics import count
from common.web.requests import Request
from common.web.responses import Response


def delete(request: Request) -> Response:
    """Delete a job that is not running."""
    job_id = job_id_of(request)
    table.delete(job_id, versions=request.versions)
    count("JobsDeleted")
    logger.info("job deleted", job_id=job_id)
    return Response(HTTPStatus.NO_CONTENT, subject={"job_id": job_id})


handler = lambda_handler({"DELETE /jobs/{job_id}": delete})
