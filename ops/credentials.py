"""Says whose AWS credentials are about to be used, or how to get some.

``python -m ops.credentials``
"""

import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.spec.stages import REGION


def main() -> None:
    """Run from the command line."""
    try:
        caller = boto3.client("sts", region_name=REGION).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        sys.exit(
            f"AWS does not know who you are ({error}). Log in with `aws sso login` or"
            " `aws configure`, and choose a profile with AWS_PROFILE."
        )
    sys.stdout.write(f"With the credentials of {caller['Arn']}\n")


if __name__ == "__main__":
    main()
