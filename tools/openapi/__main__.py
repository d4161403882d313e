"""Write the OpenAPI document: ``python -m tools.openapi [authorization]``.

docs/openapi.json describes stages whose callers need only an API key. The documents of other
authorizations are written to .build on demand.
"""

import json
import sys
from pathlib import Path
from typing import cast

from infra.spec.paths import BUILD, DOCS
from infra.spec.stages import AUTHORIZATIONS, Authorization
from tools.openapi.document import document

FILE = DOCS / "openapi.json"


def file_of(authorization: Authorization) -> Path:
    """Return the path of the document for an authorization."""
    return FILE if authorization == "api-key" else BUILD / f"openapi.{authorization}.json"


def text(authorization: Authorization = "api-key") -> str:
    """Return the content of the file."""
    return json.dumps(document(authorization), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    authorization = cast(Authorization, (sys.argv[1:] or ["api-key"])[0])
    if authorization not in AUTHORIZATIONS:
        sys.exit(f"Unknown authorization {authorization!r}. Choose one of {AUTHORIZATIONS}.")
    file = file_of(authorization)
    file.parent.mkdir(exist_ok=True)
    file.write_text(text(authorization))
    sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
