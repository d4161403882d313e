"""Requests about a job, and responses that show one."""

from collections.abc import Mapping
from http import HTTPStatus

from common.exceptions import NotFound
from common.ids import is_id
from common.jobs.model import NOUN, Job
from common.web.requests import Request
from common.web.responses import Response


def job_id_of(request: Request) -> str:
    """Return the job id in the request's path.

    Raises:
        NotFound: No job can have this id.
    """
    job_id = request.path_parameters.get("job_id", "")
    if not is_id(job_id):
        raise NotFound(NOUN)
    return job_id


def job_response(
    status: HTTPStatus, job: Job, headers: Mapping[str, str] | None = None
) -> Response:
    """Create the response that shows a job, with its version as the ETag."""
    return Response(
        status,
        job.present(),
        {"ETag": f'"{job.version}"', **(headers or {})},
        subject={"job_id": job.job_id},
        annotations={"pipeline": job.pipeline},
    )
