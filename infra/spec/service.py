"""The service's name and its region. Both are said here and nowhere else in the code.

``python -m infra.spec.service`` prints them for workflows. docs/operations.md says what else a new
name or another region takes.
"""

import re

SERVICE_NAME = "job-ledger"
"""The service's name, as lower-case words with hyphens between them. Physical names begin with
it."""

REGION = "us-east-1"
"""The region of every stage."""

SERVICE_SUMMARY = "A ledger of data-processing jobs"
"""The purpose of the service, in one line for readers."""

SERVICE_TITLE = SERVICE_NAME.replace("-", " ").title()
"""The service's name for readers: its words, capitalized."""

PASCAL_NAME = SERVICE_TITLE.replace(" ", "")
"""The service's name without hyphens. The names of stacks begin with it."""

METRICS_NAMESPACE = PASCAL_NAME
"""The CloudWatch namespace of the functions' own metrics."""

_MAX_NAME_LENGTH = 32


def check_name(name: str) -> None:
    """Check that AWS accepts the physical names that begin with ``name``.

    Raises:
        ValueError: AWS would refuse some of them.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > _MAX_NAME_LENGTH:
        raise ValueError(
            f"The service cannot be called {name!r}. Use lower-case words with hyphens between"
            f" them, {_MAX_NAME_LENGTH} characters at most."
        )
    # https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    if re.search("aws|amazon|cognito|^ssm", name):
        raise ValueError(
            f"The service cannot be called {name!r}. AWS reserves the words aws, amazon and cognito"
            " in the domains of user pools, and names of parameters that begin with ssm."
        )


def check_region(region: str) -> None:
    """Check that the stack can be deployed to ``region``.

    Raises:
        ValueError: ``region`` is not the name of a region in the partition ``aws``.
    """
    if not re.fullmatch(r"(?!cn-)[a-z]{2}-[a-z]+-[0-9]", region):
        raise ValueError(
            f"The service cannot run in {region!r}. Use a region of the partition aws, such as"
            " us-east-1. The regions of China, of governments and of the European Sovereign Cloud"
            " are in other partitions, whose endpoints the layer does not have."
        )


check_name(SERVICE_NAME)
check_region(REGION)

if __name__ == "__main__":
    print(f"name={SERVICE_NAME}", f"region={REGION}", sep="\n")  # noqa: T201
