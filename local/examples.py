"""Requests to try: one for every route, and one that is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from infra.spec.stages import REGION
from local import aws
from local.run_folder import Endpoint


@dataclass(frozen=True)
class Example:
    """A command line for a POSIX shell; they go together, in their order.

    Args:
        title: What it does.
        command: The command line.
        status: The HTTP status of the answer that it prints; None if it prints none.
    """

    title: str
    command: str
    status: int | None = None


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
        "Keep the id of the newest",
        """JOB=$(curl -s "$API/jobs?limit=1" -H "x-api-key: $KEY" """
        """| sed 's/.*"job_id":"\\([^"]*\\)".*/\\1/')""",
    ),
    Example(
        "Read it",
        """curl -si "$API/jobs/$JOB" -H "x-api-key: $KEY\"""",
        status=200,
    ),
    Example(
        "Start it, unless somebody else has changed it",
        """curl -si -X PATCH "$API/jobs/$JOB" -H "x-api-key: $KEY" -H 'if-match: "1"' """
        """-H 'content-type: application/merge-patch+json' -d '{"status": "RUNNING"}'""",
        status=200,
    ),
    Example(
        "Report progress on a version that is no longer the current one: refused",
        """curl -si -X PATCH "$API/jobs/$JOB" -H "x-api-key: $KEY" -H 'if-match: "1"' """
        """-H 'content-type: application/merge-patch+json' -d '{"progress": 50}'""",
        status=412,
    ),
    Example(
        "End it",
        """curl -si -X PUT "$API/jobs/$JOB" -H "x-api-key: $KEY" """
        """-H 'content-type: application/json' """
        """-d '{"status": "SUCCEEDED", "progress": 100, "output_uri": "s3://lake/clean/"}'""",
        status=200,
    ),
    Example(
        "Delete it",
        """curl -si -X DELETE "$API/jobs/$JOB" -H "x-api-key: $KEY\"""",
        status=204,
    ),
)


_KEY = '-H "x-api-key: $KEY"'
_PROOF: Mapping[str, str] = {
    "cognito": ' -H "Authorization: Bearer $TOKEN"',
    "iam": (
        f' --aws-sigv4 "aws:amz:{REGION}:execute-api"'
        f' --user "{aws.ROOT.access_key_id}:{aws.ROOT.secret_access_key}"'
    ),
}
"""How curl proves who calls, where a key is not enough."""


def examples(endpoint: Endpoint) -> tuple[Example, ...]:
    """The examples for a deployed service."""
    authorization = endpoint.outputs["Authorization"]
    token = Example("An access token, good for an hour", "TOKEN=$(.venv/bin/ops token)")
    proven = _KEY + _PROOF.get(authorization, "")
    return (
        Example("Where the service is", f"API={endpoint.api_url}"),
        Example("A key for it", f"KEY={endpoint.api_key}"),
        *([token] if authorization == "cognito" else []),
        *(replace(each, command=each.command.replace(_KEY, proven)) for each in _REQUESTS),
    )
