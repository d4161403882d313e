"""Writes the OpenAPI document to docs/openapi.json: `make openapi`."""

import json
import sys
from pathlib import Path

from infra.openapi.document import document

FILE = Path(__file__).parent.parent.parent / "docs" / "openapi.json"


def text() -> str:
    """What the file must hold."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
    sys.stdout.write(f"{FILE}\n")
