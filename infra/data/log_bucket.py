"""The log archive: where the functions ship their log lines, and who touched it."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.conventions.retention import of_data
from infra.spec.log_archive import prefix_of
from infra.spec.routes import Function
from infra.spec.stages import Stage

_NONCURRENT_DAYS = 30
_MULTIPART_DAYS = 7


class Archive(Construct):
    """The archive bucket, and the bucket that receives its access logs.

    Attributes:
        bucket: Takes the functions' log lines, laid out as lines.py says. What is
            smaller than 128 KB stays in its class until it expires: S3 moves no such objects,
            since a colder class would bill them at that size.
        access_logs: Takes S3's own record of the requests to ``bucket``.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        removal = of_data(stage)
        self.access_logs = s3.Bucket(
            self,
            "AccessLogs",
            # Log delivery cannot write to a bucket under a KMS key that is managed by AWS.
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="expire",
                    expiration=Duration.days(stage.archive_expire_after_days),
                    abort_incomplete_multipart_upload_after=Duration.days(_MULTIPART_DAYS),
                )
            ],
            removal_policy=removal,
        )
        self.bucket = s3.Bucket(
            self,
            "Logs",
            versioned=True,
            encryption=s3.BucketEncryption.KMS_MANAGED,
            # One data key serves many objects, and KMS is billed and throttled per request.
            bucket_key_enabled=True,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix="archive/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="cool-and-expire",
                    transitions=[
                        s3.Transition(
                            # The coldest class that a query still reads without a restore.
                            storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
                            transition_after=Duration.days(stage.archive_cold_after_days),
                        )
                    ],
                    expiration=Duration.days(stage.archive_expire_after_days),
                    noncurrent_version_expiration=Duration.days(_NONCURRENT_DAYS),
                    abort_incomplete_multipart_upload_after=Duration.days(_MULTIPART_DAYS),
                )
            ],
            removal_policy=removal,
        )

    def objects_of(self, function: Function) -> str:
        """The ARN pattern of the objects that ``function`` may write."""
        return self.bucket.arn_for_objects(f"{prefix_of(function)}*")
