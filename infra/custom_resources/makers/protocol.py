"""CloudFormation's protocol for custom resources, for resources that are a SecureString.

CloudFormation cannot create a SecureString. The functions of this package write the value to
Parameter Store; it appears in no template, event, response or log line.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ANSWER_TIMEOUT_SECONDS = 10

SPREADING_SECONDS = 20
"""The time in which a new role may be denied what its policy allows.

IAM spreads a change with a delay, and CloudFormation calls the function right after its role is
created. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
The function has 60 seconds: enough for this time, one more attempt and the response.
"""

RETRY_PAUSE_SECONDS = 2

FAILED = "#failed"
"""The end of the physical id of a parameter that could not be created.

CloudFormation deletes what it could not create, by the id in the response. Under the parameter's
own name, that would delete a parameter that an earlier stack has left. No name contains this end.
"""

logger = logging.getLogger()
logger.setLevel(logging.INFO)


class Context(Protocol):
    """The part of Lambda's context object that these functions read."""

    @property
    def log_stream_name(self) -> str: ...


def serve(
    event: dict[str, Any], context: Context, create: Callable[[Mapping[str, Any]], str]
) -> None:
    """Serve a request of CloudFormation: create, update or delete the parameter.

    Every request gets a response; without one, the stack waits for its timeout.

    Args:
        event: A custom resource request with the property ``ParameterName``.
        context: Lambda's context.
        create: Writes the parameter that the properties describe, and returns the outcome, for
            people.

    Raises:
        OSError: The response did not reach CloudFormation; Lambda retries the function.
    """
    request, properties = event["RequestType"], event["ResourceProperties"]
    name = properties.get("ParameterName", "")
    # A deletion is about the id that CloudFormation holds: after an update that renames the
    # parameter, CloudFormation deletes the old id. A failed update leaves that id in use.
    resource = event["PhysicalResourceId"] if request == "Delete" else name
    try:
        outcome = delete(resource) if request == "Delete" else _create(create, properties)
    except Exception as error:  # noqa: BLE001  every failure is reported to CloudFormation
        status, reason = "FAILED", f"{kind(error)}; see log stream {context.log_stream_name}"
        resource = f"{name}{FAILED}" if request == "Create" else event["PhysicalResourceId"]
    else:
        status, reason = "SUCCESS", outcome
    logger.log(
        logging.ERROR if status == "FAILED" else logging.INFO,
        "%s %s: %s",
        request,
        resource,
        reason,
    )
    answer(event, status=status, reason=reason, resource=resource)


def _create(create: Callable[[Mapping[str, Any]], str], properties: Mapping[str, Any]) -> str:
    """Call ``create`` until the permissions of the function's role are in force."""
    deadline = time.monotonic() + SPREADING_SECONDS
    while True:
        try:
            return create(properties)
        except ClientError as error:
            denied = error.response["Error"]["Code"].startswith("AccessDenied")
            if not denied or time.monotonic() >= deadline:
                raise
        time.sleep(RETRY_PAUSE_SECONDS)


def delete(name: str) -> str:
    """Delete the parameter ``name`` if it exists. Ignore the id of a failed creation.

    Returns:
        The outcome, for people.
    """
    if name.endswith(FAILED):
        return "was not created"
    ssm = client("ssm")
    try:
        ssm.delete_parameter(Name=name)
    except ssm.exceptions.ParameterNotFound:
        return "was not there"
    return "deleted"


def answer(event: dict[str, Any], *, status: str, reason: str, resource: str) -> None:
    """Send the response to CloudFormation.

    Raises:
        OSError: CloudFormation did not get it.
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
    """Create a boto3 client whose calls time out before the function does.

    So the function still has time to respond.
    """
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
    """Name the kind of an error. Its message may quote the value, and is left out."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error.response['Error']['Code']}"
    return type(error).__name__
