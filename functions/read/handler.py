"""GET /jobs and GET /jobs/{job_id}: list jobs by Query, read one by GetItem."""

from http import HTTPStatus

from common.handler import lambda_handler
from common.jobs import listing, table
from common.jobs.web import job_id_of, job_response
from common.web.requests import Request
from common.web.responses import Response


def read_one(request: Request) -> Response:
    """Read one job."""
    return job_response(HTTPStatus.OK, table.get(job_id_of(request)))


def read_many(request: Request) -> Response:
    """List jobs, newest first, one page at a time."""
    return Response(HTTPStatus.OK, listing.page(request.query))


handler = lambda_handler({"GET /jobs/{job_id}": read_one, "GET /jobs": read_many})
