"""Sign requests with AWS credentials (Signature Version 4)."""

from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.spec.service import REGION


def signed_headers(
    credentials: Credentials,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: str | bytes | None = None,
) -> dict[str, str]:
    """Return the headers of a request to the API, including those of its signature."""
    request = AWSRequest(method, url, headers=dict(headers), data=body)
    SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    return dict(request.headers)
