"""The outcome of a call to AWS: a success, a refusal, a bug of ours, or a failure of AWS.

Callers of the API get 500 for a bug of this service and nothing else. Whatever else goes wrong
between the service and AWS is Unavailable: 503 with Retry-After.
"""

from http import HTTPStatus

from botocore.exceptions import (
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from common.exceptions import CallRejected, DeadlineReached, Unavailable

CONDITION_FAILED = "ConditionalCheckFailedException"
"""DynamoDB's refusal of a write whose condition does not hold."""

REJECTIONS = {
    "AccessDeniedException",
    "ResourceNotFoundException",
    "SerializationException",
    "UnknownOperationException",
    "ValidationException",
}
"""The codes that only a bug of this service causes: it lacks a permission or a table, or sends a
call that AWS does not understand.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

DEAD_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
}
"""The codes for an environment whose credentials or clock AWS no longer accepts, in all services.

No retry helps, but another environment has other credentials.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

_WITHOUT_CREDENTIALS = (
    CredentialRetrievalError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)

FAILURES = (
    *_WITHOUT_CREDENTIALS,
    ClientError,
    ConnectionError,
    DeadlineReached,
    HTTPClientError,
    ResponseParserError,
)
"""The exceptions of a client that :func:`failure` explains. Others are bugs of this service."""

_LONGEST_CODE = 64


class Environment:
    """The state of this execution environment, for all requests that it serves."""

    is_usable = True
    """False once AWS has refused the credentials. The extension then ends the environment."""


ENVIRONMENT = Environment()


class AttemptFailed(HTTPClientError):
    """AWS sent no usable answer. botocore makes another attempt, as after a lost connection.

    Args:
        reason: AWS's error code, or the defect of the answer. It is logged.
    """

    fmt = "{reason}"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


def known_code(code: object) -> str | None:
    """Return an error code of AWS, or None if it is no name: text may hold an item's fields."""
    if isinstance(code, str) and len(code) <= _LONGEST_CODE and code.isascii():
        # As in KMS.DisabledException.
        return code if all(map(str.isidentifier, code.split("."))) else None
    return None


def reason(error: Exception) -> str:
    """Return the reason for a failed call: AWS's error code, or the exception's type.

    The reason may be logged, unlike the exception's text, which may hold an item's fields. The
    environment becomes unusable if the reason is its credentials.
    """
    found = type(error).__name__
    if isinstance(error, AttemptFailed):
        found = error.reason
    elif isinstance(error, ClientError):
        found = known_code(error.response["Error"].get("Code")) or found
    if found in DEAD_CREDENTIALS or isinstance(error, _WITHOUT_CREDENTIALS):
        ENVIRONMENT.is_usable = False
    return found


def failure(error: Exception) -> Exception:
    """Return the exception of the layer for one of FAILURES.

    Returns:
        CallRejected if only a bug can be the reason, otherwise Unavailable: AWS did not answer, or
        refused the call for now.
    """
    why = reason(error)
    if isinstance(error, ClientError) and why in REJECTIONS:
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return CallRejected(why)
    return Unavailable(why)
