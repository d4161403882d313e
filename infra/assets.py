"""The source of a function, as it is uploaded."""

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_lambda as lambda_


def source_of(folder: Path) -> lambda_.AssetCode:
    """The code in ``folder``, without what running it here leaves behind."""
    return lambda_.Code.from_asset(
        str(folder), exclude=["__pycache__", "*.pyc"], ignore_mode=IgnoreMode.GIT
    )
