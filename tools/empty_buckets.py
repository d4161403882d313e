"""Empties the buckets that go with a stack: CloudFormation deletes only empty ones.

``python -m tools.empty_buckets <stack>`` asks first. It works against whatever the AWS
environment variables point to, AWS or an emulator.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.spec.stages import REGION


class Refused(Exception):
    """The stack's data must not be deleted, or AWS does not let us."""


def doomed_buckets(cloudformation: Any, stack: str) -> list[str]:
    """The buckets that are deleted together with ``stack``; those it retains are not.

    Args:
        cloudformation: A boto3 client.
        stack: The stack's name; one that does not exist has no buckets.

    Raises:
        Refused: The stack is protected against deletion.
    """
    try:
        (description,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return []
        raise
    if description.get("EnableTerminationProtection"):
        raise Refused(f"{stack} is protected against deletion, so its buckets stay as they are.")
    template = cloudformation.get_template(StackName=stack)["TemplateBody"]["Resources"]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return [
        resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::S3::Bucket"
        and resource["ResourceStatus"] != "DELETE_COMPLETE"
        and template[resource["LogicalResourceId"]].get("DeletionPolicy") == "Delete"
    ]


def empty(s3: Any, bucket: str) -> int:
    """Delete every version of every object in ``bucket``, and end its access logs.

    They would go on filling another bucket, with a record of this very deletion.

    Args:
        s3: A boto3 client.
        bucket: The bucket's name.

    Returns:
        How many versions and delete markers there were.

    Raises:
        Refused: An object could not be deleted.
    """
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    deleted = 0
    for versions in _versions(s3, bucket):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
        for error in answer.get("Errors", []):
            raise Refused(f"{bucket}/{error['Key']} cannot be deleted: {error['Message']}")
        deleted += len(versions)
    return deleted


def _versions(s3: Any, bucket: str) -> Iterator[list[dict[str, str]]]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if versions:
            yield [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Empty the buckets that go with a stack.")
    parser.add_argument("stack")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    arguments = parser.parse_args()
    try:
        buckets = doomed_buckets(
            boto3.client("cloudformation", region_name=REGION), arguments.stack
        )
        if buckets and not arguments.yes:
            _ask(arguments.stack)
        s3 = boto3.client("s3", region_name=REGION)
        for bucket in buckets:
            sys.stdout.write(f"Emptied {bucket}: {empty(s3, bucket)} deleted\n")
    except Refused as refused:
        sys.exit(str(refused))


def _ask(stack: str) -> None:
    sys.stdout.write(
        f"All data of {stack} will be deleted: its jobs and its logs. There is no way back.\n"
        "Type the name of the stack to go on: "
    )
    sys.stdout.flush()
    if sys.stdin.readline().strip() != stack:
        raise Refused("Nothing was deleted.")


if __name__ == "__main__":
    main()
