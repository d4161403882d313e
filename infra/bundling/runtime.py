"""The Lambda runtime of all functions."""

from aws_cdk import aws_lambda as lambda_

from infra.bundling.python_version import PYTHON_VERSION

RUNTIME: lambda_.Runtime = getattr(lambda_.Runtime, f"PYTHON_{PYTHON_VERSION.replace('.', '_')}")
ARCHITECTURE = lambda_.Architecture.ARM_64
