"""CloudFormation's protocol for custom resources, for one that is a SecureString.

CloudFormation cannot create a SecureString. A maker writes the value to Parameter Store from
inside Lambda; the value is in no template, event, answer or log line.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ANSWER_TIMEOUT_SECONDS = 10

logger = logging.getLogger()
logger.setLevel(logging.INFO)


class Context(Protocol):
    """What a maker reads of Lambda's context object."""

    @property
    def log_stream_name(self) -> str: ...


def serve(
    event: dict[str, Any], context: Context, create: Callable[[Mapping[str, Any]], str]
) -> None:
    """Do what CloudFormation asks for: bring the parameter about, or delete it.

    An answer is sent whatever happens; without one, a stack waits for its timeout.

    Args:
        event: A custom resource request with the property ``ParameterName``.
        context: Lambda's context.
        create: Writes the parameter that the properties describe, and says what happened, for
            people.

    Raises:
        OSError: The answer did not reach CloudFormation; Lambda tries the function again.
    """
    request, properties = event["RequestType"], event["ResourceProperties"]
    name = properties.get("ParameterName", "")
    # The id that CloudFormation holds is the parameter that a deletion is about: an update
    # that renames the parameter is followed by the deletion of the old id.
    resource = event["PhysicalResourceId"] if request == "Delete" else name
    try:
        outcome = delete(resource) if request == "Delete" else create(properties)
    except Exception as error:  # noqa: BLE001  CloudFormation must hear of every failure
        status, reason = "FAILED", f"{kind(error)}; see log stream {context.log_stream_name}"
    else:
        status, reason = "SUCCESS", outcome
    logger.log(
        logging.ERROR if status == "FAILED" else logging.INFO,
        "%s %s: %s",
        request,
        resource,
        reason,
    )
    answer(event, status=status, reason=reason, resource=resource or "none")


def delete(name: str) -> str:
    """Delete the parameter ``name``, if there is one.

    Returns:
        What happened, for people.
    """
    ssm = client("ssm")
    try:
        ssm.delete_parameter(Name=name)
    except ssm.exceptions.ParameterNotFound:
        return "was not there"
    return "deleted"


def answer(event: dict[str, Any], *, status: str, reason: str, resource: str) -> None:
    """Put the outcome where CloudFormation waits for it.

    Raises:
        OSError: It could not be put there.
    """
    body = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": resource,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    # The URL is signed for an empty content type.
    request = Request(  # noqa: S310  the URL is CloudFormation's
        event["ResponseURL"],
        data=json.dumps(body).encode(),
        headers={"Content-Type": ""},
        method="PUT",
    )
    with urlopen(request, timeout=ANSWER_TIMEOUT_SECONDS):  # noqa: S310  the same URL
        pass


def client(service: str) -> Any:
    """A boto3 client whose calls end well before the function does, so an answer is still sent."""
    # The type stubs take the services' names only as literals.
    make: Any = boto3.client
    return make(
        service,
        config=Config(
            connect_timeout=3,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 3},
        ),
    )


def kind(error: Exception) -> str:
    """What went wrong, without the message: that may quote what was sent."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error.response['Error']['Code']}"
    return type(error).__name__
