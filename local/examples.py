"""Commands to try: a request for every route, and one that is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from infra.spec.service import REGION
from local import aws
from local.run_folder import Endpoint


@dataclass(frozen=True)
class Example:
    """A command for a POSIX shell. The examples depend on each other, in their order."""

    title: str
    command: str
    status: int | None = None
    """The HTTP status of the answer that the command prints; None if it prints none."""


_REQUESTS = (
    Example(
        "Register a job",
        """curl -si "$API/jobs" -H "x-api-key: $KEY" -H 'content-type: application/json' """
        """-d '{"pipeline": "nightly-import", "input_uri": "s3://lake/raw/events.parquet"}'""",
        status=201,
    ),
    Example(
        "List the jobs of a pipeline, newest first",
        """curl -si "$API/jobs?pipeline=nightly-import&limit=5" -H "x-api-key: $KEY\"""",
        status=200,
    ),
    Example(
        "Keep the id of the newest job",
        """JOB=$(curl -s "$API/jobs?limit=1" -H "x-api-key: $KEY" """
        """| sed 's/.*"job_id":"\\([^"]*\\)".*/\\1/')""",
    ),
    Example(
        "Read the job",
        """curl -si "$API/jobs/$JOB" -H "x-api-key: $KEY\"""",
        status=200,
    ),
    Example(
        "Start the job, unless it has changed since",
        """curl -si -X PATCH "$API/jobs/$JOB" -H "x-api-key: $KEY" -H 'if-match: "1"' """
        """-H 'content-type: application/merge-patch+json' -d '{"status": "RUNNING"}'""",
        status=200,
    ),
    Example(
        "Report progress on an old version of the job, which is refused",
        """curl -si -X PATCH "$API/jobs/$JOB" -H "x-api-key: $KEY" -H 'if-match: "1"' """
        """-H 'content-type: application/merge-patch+json' -d '{"progress": 50}'""",
        status=412,
    ),
    Example(
        "Finish the job",
        """curl -si -X PUT "$API/jobs/$JOB" -H "x-api-key: $KEY" """
        """-H 'content-type: application/json' """
        """-d '{"status": "SUCCEEDED", "progress": 100, "output_uri": "s3://lake/clean/"}'""",
        status=200,
    ),
    Example(
        "Delete the job",
        """curl -si -X DELETE "$API/jobs/$JOB" -H "x-api-key: $KEY\"""",
        status=204,
    ),
)


_KEY = '-H "x-api-key: $KEY"'
_AUTHORIZATION: Mapping[str, str] = {
    "cognito": ' -H "Authorization: Bearer $TOKEN"',
    "iam": (
        f' --aws-sigv4 "aws:amz:{REGION}:execute-api"'
        f' --user "{aws.ROOT.access_key_id}:{aws.ROOT.secret_access_key}"'
    ),
}
"""The arguments that authorize curl, by the API's authorization, if it needs more than a key."""


def curl_examples(endpoint: Endpoint) -> tuple[Example, ...]:
    """Return the examples for a deployed service."""
    authorization = endpoint.outputs["Authorization"]
    token = Example(
        "Get an access token, which is valid for an hour", "TOKEN=$(.venv/bin/ops token)"
    )
    credentials = _KEY + _AUTHORIZATION.get(authorization, "")
    return (
        Example("The URL of the service", f"API={endpoint.api_url}"),
        Example("An API key", f"KEY={endpoint.api_key}"),
        *([token] if authorization == "cognito" else []),
        *(replace(each, command=each.command.replace(_KEY, credentials)) for each in _REQUESTS),
    )
