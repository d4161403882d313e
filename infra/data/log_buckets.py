"""The bucket that archives the functions' log lines, and the bucket for its access logs."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.conventions.private_buckets import private_bucket
from infra.spec.log_archive import function_prefix
from infra.spec.routes import Function
from infra.spec.stages import Stage

_MULTIPART_DAYS = 7
_NONCURRENT_DAYS = 30


class LogBuckets(Construct):
    """The buckets for logs."""

    archive: s3.Bucket
    """The functions' log lines, in the folders that infra/spec/log_archive.py defines.

    S3 moves no objects smaller than 128 KB to a colder class, which would bill each as 128 KB.
    """

    access_logs: s3.Bucket
    """The access logs of the stack's other buckets."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        expiration = Duration.days(stage.archive_expire_after_days)
        self.access_logs = private_bucket(
            self,
            "AccessLogs",
            stage=stage,
            lifecycle_rule=s3.LifecycleRule(
                id="expire",
                expiration=expiration,
                abort_incomplete_multipart_upload_after=Duration.days(_MULTIPART_DAYS),
            ),
        )
        self.archive = private_bucket(
            self,
            "Logs",
            stage=stage,
            lifecycle_rule=s3.LifecycleRule(
                id="cool-and-expire",
                transitions=[
                    s3.Transition(
                        # The coldest class that Athena can read without a restore.
                        storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
                        transition_after=Duration.days(stage.archive_cold_after_days),
                    )
                ],
                expiration=expiration,
                noncurrent_version_expiration=Duration.days(_NONCURRENT_DAYS),
                abort_incomplete_multipart_upload_after=Duration.days(_MULTIPART_DAYS),
            ),
            access_logs=self.access_logs,
            access_log_prefix="archive/",
            versioned=True,
        )

    def function_objects(self, function: Function) -> str:
        """Return the ARN pattern of the objects that ``function`` may write."""
        return self.archive.arn_for_objects(f"{function_prefix(function)}*")
