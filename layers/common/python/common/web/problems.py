"""Problems: what a caller is told when a request fails (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus


class Problem(Exception):
    """Ends a request with a problem document (RFC 9457).

    Args:
        status: The HTTP status.
        detail: A sentence that tells the caller what to do differently.
        errors: What is wrong where in the body: JSON pointers (RFC 6901) and details.
        headers: More headers of the answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        errors: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
