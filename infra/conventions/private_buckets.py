"""Private buckets: encrypted, TLS only, without public access or ACLs."""

from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.conventions.retention import retention_for_data
from infra.spec.stages import Stage


def private_bucket(
    scope: Construct,
    id_: str,
    *,
    stage: Stage,
    lifecycle_rule: s3.LifecycleRule,
    access_logs: s3.IBucket | None = None,
    access_log_prefix: str | None = None,
    versioned: bool = False,
) -> s3.Bucket:
    """Create a private bucket.

    Args:
        scope: The parent construct.
        id_: The construct id.
        stage: Decides whether the bucket outlives the stack.
        lifecycle_rule: Decides when objects expire.
        access_logs: The bucket that receives the access logs; None for a bucket that is to
            receive access logs itself.
        access_log_prefix: The prefix of the access logs in that bucket.
        versioned: Keep former versions of objects.
    """
    if access_logs is None:
        # S3 cannot deliver access logs to a bucket under a KMS key that AWS manages.
        encryption, bucket_key = s3.BucketEncryption.S3_MANAGED, None
    else:
        # One bucket key serves many objects; KMS is billed and throttled per request.
        encryption, bucket_key = s3.BucketEncryption.KMS_MANAGED, True
    return s3.Bucket(
        scope,
        id_,
        versioned=versioned,
        encryption=encryption,
        bucket_key_enabled=bucket_key,
        enforce_ssl=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        server_access_logs_bucket=access_logs,
        server_access_logs_prefix=access_log_prefix,
        lifecycle_rules=[lifecycle_rule],
        removal_policy=retention_for_data(stage),
    )
