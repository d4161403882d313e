"""The Lambda runtime of all functions."""

from aws_cdk import aws_lambda as lambda_

from infra.bundling.python_version import PYTHON_VERSION

ARCHITECTURE = lambda_.Architecture.ARM_64


def runtime_of(version: str) -> lambda_.Runtime:
    """Return Lambda's runtime with a version of Python.

    Raises:
        ValueError: The installed CDK knows no such runtime.
    """
    try:
        runtime: lambda_.Runtime = getattr(lambda_.Runtime, f"PYTHON_{version.replace('.', '_')}")
    except AttributeError:
        raise ValueError(
            f"PYTHON_VERSION in infra/bundling/python_version.py is {version}, but the installed"
            f" aws-cdk-lib knows no Lambda runtime with Python {version}. In pyproject.toml, set"
            " aws-cdk-lib to a version that does, and run `make lock` and `make setup`."
        ) from None
    return runtime


RUNTIME = runtime_of(PYTHON_VERSION)
