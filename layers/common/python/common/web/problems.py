"""Problem documents (RFC 9457), and the catalogue of all problems.

The functions, API Gateway's responses and the OpenAPI document all take their sentences from this
catalogue. Nothing here depends on a function's environment.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """One kind of problem."""

    status: HTTPStatus
    """The HTTP status; its phrase is the problem's title."""

    detail: str
    """A sentence that tells the caller what to do differently, with ``{placeholders}``."""


class Problem(Exception):
    """Ends a request with a problem document.

    Args:
        kind: The kind of problem.
        errors: The invalid parts of the body: JSON pointers (RFC 6901) and details.
        headers: More headers of the response.
        values: The values of the placeholders in the kind's sentence.
    """

    def __init__(
        self,
        kind: Kind,
        errors: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> None:
        self.status = kind.status
        self.detail = kind.detail.format(**values)
        self.errors = errors
        self.headers = headers or {}
        super().__init__(self.detail)


def problem_document(
    status: HTTPStatus, detail: str, *, instance: str, request_id: str
) -> Mapping[str, Any]:
    """Create a problem document.

    Args:
        status: The HTTP status.
        detail: A sentence for the caller.
        instance: The path of the request, as a URI reference (RFC 3986, 4.1).
        request_id: API Gateway's id of the request.
    """
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
    }


# The request is malformed.
BAD_QUERY = Kind(HTTPStatus.BAD_REQUEST, "{detail}")
BAD_CURSOR = Kind(
    HTTPStatus.BAD_REQUEST,
    "The cursor does not belong to this list; start again without one.",
)
BAD_IDEMPOTENCY_KEY = Kind(
    HTTPStatus.BAD_REQUEST, "Idempotency-Key must be 1 to 255 visible ASCII characters."
)
BAD_ENTITY_TAGS = Kind(
    HTTPStatus.BAD_REQUEST, '{header} must be "*" or a list of at most {maximum} ETags.'
)
REPEATED_HEADER = Kind(HTTPStatus.BAD_REQUEST, "{header} must be sent only once.")
PART_OF_A_BODY = Kind(
    HTTPStatus.BAD_REQUEST, "Content-Range is not supported: send the whole body."
)
NOT_UTF8 = Kind(HTTPStatus.BAD_REQUEST, "The body is not UTF-8 text.")
NOT_JSON = Kind(HTTPStatus.BAD_REQUEST, "The body is not JSON.")
TOO_DEEP = Kind(HTTPStatus.BAD_REQUEST, "The body must not be nested deeper than {maximum} levels.")
INVALID_BODY = Kind(HTTPStatus.BAD_REQUEST, "The body does not match its schema.")
TOO_LARGE = Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body must be at most {maximum} bytes.")
WRONG_MEDIA_TYPE = Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Type must be {media_type}.")
ENCODED_BODY = Kind(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding must be identity: send the plain body."
)

# The request is well formed, and the service refuses it.
NO_ROUTE = Kind(HTTPStatus.NOT_FOUND, "There is no such route: look at the path and the method.")
METHOD_NOT_ALLOWED = Kind(
    HTTPStatus.METHOD_NOT_ALLOWED,
    "The path does not take this method: the Allow header lists those that it takes.",
)
NOT_FOUND = Kind(HTTPStatus.NOT_FOUND, "There is no such {entity}.")
STATUS_CONFLICT = Kind(HTTPStatus.CONFLICT, "The {entity} is {status}, which does not allow this.")
VERSION_MISMATCH = Kind(
    HTTPStatus.PRECONDITION_FAILED,
    "The {entity} has an ETag that If-Match or If-None-Match rules out; read it again.",
)
RULE_BROKEN = Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The body breaks a rule: {pointer} {rule}.")
IDEMPOTENCY_KEY_REUSED = Kind(
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "This Idempotency-Key was used with another body; use a new one.",
)

# The service fails.
FAULT = Kind(
    HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side; report the request id."
)
BUSY = Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The service is busy; try again.")

# API Gateway answers these without calling a function. Its templates substitute ``$context``
# variables.
GATEWAY_BAD_REQUEST = Kind(HTTPStatus.BAD_REQUEST, "The request is not valid.")
GATEWAY_INVALID_PARAMETER = Kind(HTTPStatus.BAD_REQUEST, "$context.error.message")
GATEWAY_TOO_LARGE = Kind(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is larger than API Gateway takes (10 MB)."
)
NO_ACCESS_TOKEN = Kind(
    HTTPStatus.UNAUTHORIZED,
    "The Authorization header has no access token that is good for this API and route.",
)
NO_SCOPE = Kind(
    HTTPStatus.FORBIDDEN, "The access token does not have the scope that the route asks for."
)
NO_POLICY = Kind(HTTPStatus.FORBIDDEN, "No policy allows the route to whoever signed the request.")
NO_SIGNATURE = Kind(
    HTTPStatus.FORBIDDEN,
    "The request is not signed with AWS credentials.",
)
BAD_SIGNATURE = Kind(HTTPStatus.FORBIDDEN, "The signature of the request is not valid.")
EXPIRED_CREDENTIALS = Kind(
    HTTPStatus.FORBIDDEN, "The credentials that the request is signed with have expired."
)
UNKNOWN_CREDENTIALS = Kind(
    HTTPStatus.FORBIDDEN, "AWS does not know the credentials that the request is signed with."
)
NO_API_KEY = Kind(
    HTTPStatus.FORBIDDEN, "The x-api-key header is missing, or its key is not valid for this API."
)
ACCESS_DENIED = Kind(HTTPStatus.FORBIDDEN, "Access is denied.")
FILTERED = Kind(HTTPStatus.FORBIDDEN, "The request was filtered.")
THROTTLED = Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests at once. Slow down.")
QUOTA_EXCEEDED = Kind(HTTPStatus.TOO_MANY_REQUESTS, "The day's quota of this API key is used up.")
OUTAGE = Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The service cannot answer right now. Try again.")
TIMED_OUT = Kind(
    HTTPStatus.GATEWAY_TIMEOUT,
    "The service took too long. The request may have been carried out.",
)
MISCONFIGURED = Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "The service is misconfigured.")
