"""GET /jobs and GET /jobs/{job_id}: list jobs by Query, read one by GetItem."""

from http import HTTPStatus

from common import handler as api
from common.jobs import listing, table
from common.web.requests import Request
from common.web.responses import Response, job_response


def read_one(request: Request) -> Response:
    """Read one job."""
    return job_response(HTTPStatus.OK, table.get(request.job_id))


def read_many(request: Request) -> Response:
    """List jobs, newest first, a page at a time."""
    return Response(HTTPStatus.OK, listing.page(request.query))


handler = api.handler({"GET /jobs/{job_id}": read_one, "GET /jobs": read_many})
