"""Writes the OpenAPI documents, one for each authorization, to docs/: `make openapi`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.spec.paths import DOCS
from infra.spec.stages import Authorization
from tools.openapi.document import document

FILE = DOCS / "openapi.json"
"""Of stages whose callers need no more than an API key."""

FILES: Mapping[Authorization, Path] = {
    "api-key": FILE,
    "cognito": DOCS / "openapi.cognito.json",
    "iam": DOCS / "openapi.iam.json",
}


def text(authorization: Authorization = "api-key") -> str:
    """What the file must hold."""
    return json.dumps(document(authorization), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for each, file in FILES.items():
        file.write_text(text(each))
        sys.stdout.write(f"{file}\n")
