"""GET /jobs and GET /jobs/{job_id}: list jobs by Query, read one by GetItem."""

from http import HTTPStatus

from common import api, listing, table


def read_one(request: api.Request) -> api.Response:
    """Read one job."""
    return api.job_response(HTTPStatus.OK, table.get(request.job_id))


def read_many(request: api.Request) -> api.Response:
    """List jobs, newest first, a page at a time."""
    return api.Response(HTTPStatus.OK, listing.page(request.query))


handler = api.handler({"GET /jobs/{job_id}": read_one, "GET /jobs": read_many})
