"""The spellings of the service's name."""

from infra.spec.service import PASCAL_NAME, SERVICE_NAME, SERVICE_TITLE

_SNAKE_NAME = SERVICE_NAME.replace("-", "_")

SPELLINGS = (
    (
        SERVICE_NAME,
        SERVICE_TITLE,
        PASCAL_NAME,
        PASCAL_NAME.lower(),
        _SNAKE_NAME,
        _SNAKE_NAME.upper(),
    )
    if "-" in SERVICE_NAME
    else ()
)
"""The texts that must not occur in code; none for a name of one word, which may mean other things
too."""
