"""Probes of IAM."""

import json
import uuid

from botocore.exceptions import ClientError

from infra.spec.service import REGION
from local import aws
from local.lambda_runtime import buckets
from tests.support.deployment.probed_emulator import ProbedEmulator


def counts_loopback_as_tls(emulator: ProbedEmulator) -> bool:
    bucket = f"probe-{uuid.uuid4().hex[:8]}"
    root = emulator.client("s3")
    buckets.create_bucket(root, bucket)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    root.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    role = emulator.create_role("lambda.amazonaws.com")
    try:
        emulator.role_client(role, "s3").put_object(Bucket=bucket, Key="a", Body=b"")
    except ClientError:
        return False
    return True


def authorizes_log_streams(emulator: ProbedEmulator) -> bool:
    group = f"/probe/{uuid.uuid4().hex[:8]}"
    emulator.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:{aws.ACCOUNT}:log-group:{group}:*"
    role = emulator.create_role("lambda.amazonaws.com", "logs:CreateLogStream", arn)
    try:
        emulator.role_client(role, "logs").create_log_stream(logGroupName=group, logStreamName="a")
    except ClientError:
        return False
    return True
