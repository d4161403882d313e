"""Empties the buckets that are deleted with a stack: CloudFormation deletes only empty buckets.

``python -m tools.empty_buckets STACK`` asks first. It uses AWS, or the emulator that the AWS
environment variables point to.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError, NoCredentialsError

from infra.spec.service import REGION


class Refused(Exception):
    """The stack's data must not be deleted, or AWS does not delete it."""


def deleted_buckets(cloudformation: Any, stack: str) -> list[str]:
    """Return the buckets that are deleted with a stack, without those that it retains.

    Args:
        cloudformation: A boto3 client.
        stack: The stack's name. A stack that does not exist has no buckets.

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
    """Delete every version of every object in a bucket, and turn its access logging off.

    Access logging would fill another bucket, with a record of this very deletion.

    Args:
        s3: A boto3 client.
        bucket: The bucket's name.

    Returns:
        The number of deleted versions and delete markers.

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
    """Empty the buckets of the stack that the command line names."""
    parser = argparse.ArgumentParser(description="Empty the buckets that are deleted with a stack.")
    parser.add_argument("stack", help="the stack's name")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    arguments = parser.parse_args()
    try:
        buckets = deleted_buckets(
            boto3.client("cloudformation", region_name=REGION), arguments.stack
        )
        if buckets and not arguments.yes:
            _confirm(arguments.stack)
        s3 = boto3.client("s3", region_name=REGION)
        for bucket in buckets:
            sys.stdout.write(f"Emptied {bucket}: {empty(s3, bucket)} deleted\n")
    except Refused as error:
        sys.exit(str(error))
    except NoCredentialsError:
        sys.exit(
            "There are no AWS credentials. Log in with `aws sso login` or `aws configure`, and"
            " choose a profile with AWS_PROFILE."
        )


def _confirm(stack: str) -> None:
    sys.stdout.write(
        f"This deletes all data of {stack}, its items and its logs, and cannot be undone.\n"
        "Type the name of the stack to continue: "
    )
    sys.stdout.flush()
    if sys.stdin.readline().strip() != stack:
        raise Refused("Nothing was deleted.")


if __name__ == "__main__":
    main()
