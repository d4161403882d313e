"""Create buckets without the stack."""

from typing import Any

_DEFAULT_REGION = "us-east-1"
"""S3 takes a location constraint for every region but this one:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""


def create_bucket(s3: Any, name: str) -> None:
    """Create a bucket in the region of a boto3 client."""
    region = s3.meta.region_name
    constraint = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **({} if region == _DEFAULT_REGION else constraint))
