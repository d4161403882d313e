"""All routes of the service in one function."""

from common.handler import lambda_handler
from functions.create import handler as creating
from functions.delete import handler as deleting
from functions.read import handler as reading
from functions.update import handler as updating

handler = lambda_handler(
    {
        "POST /jobs": creating.create,
        "GET /jobs": reading.read_many,
        "GET /jobs/{job_id}": reading.read_one,
        "PUT /jobs/{job_id}": updating.replace,
        "PATCH /jobs/{job_id}": updating.patch,
        "DELETE /jobs/{job_id}": deleting.delete,
    }
)
