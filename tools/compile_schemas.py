"""Generate Python validators from the JSON Schemas: `make schemas`.

They are generated ahead of time: to compile a schema would take most of a cold start.
"""

import json
import sys
from pathlib import Path

import fastjsonschema

from infra.spec.paths import SCHEMAS

NOTE = '"""Generated from {schema} by `make schemas`; do not edit."""\n\n'


def validator_source(schema: Path) -> str:
    """Return the Python source of a schema's validator."""
    definition = json.loads(schema.read_text())
    code = fastjsonschema.compile_to_code(
        definition, use_default=False, use_formats=False, fast_fail=False
    )
    return NOTE.format(schema=schema.name) + code


def validator_path(schema: Path) -> Path:
    """Return the path of a schema's validator."""
    return SCHEMAS / "generated" / f"{schema.stem.replace('-', '_')}.py"


def main() -> None:
    """Write the validators of all schemas."""
    for schema in sorted(SCHEMAS.glob("*.json")):
        validator_path(schema).write_text(validator_source(schema))
        sys.stdout.write(f"{validator_path(schema).name}\n")


if __name__ == "__main__":
    main()
