"""``python -m tests.support.templates.everything``: print all that follows from the entities.

A test runs it in a copy of the project that has other entities.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.compliance.nag_acceptances import ACCEPTANCES
from infra.compliance.plugin import violations
from infra.spec.stages import STAGES, Stage
from tests.support.templates.synthesized import create_app
from tools.openapi.document import document

VARIANTS = {**STAGES, "iam": replace(STAGES["dev"], authorization="iam")}
"""The stages, and one whose callers sign requests."""


def _everything_of(stage: Stage) -> dict[str, Any]:
    accepted = [acceptance for acceptance in ACCEPTANCES if acceptance.when(stage)]
    with TemporaryDirectory() as folder:
        app, stack = create_app(stage, Path(folder))
        fixes = [violation.fix for violation in violations(stack, accepted)]
        template = app.synth().get_stack_by_name(stage.stack).template
    return {"template": template, "violations": fixes}


def main() -> None:
    """Print the templates of all variants with their findings, and the OpenAPI document."""
    variants = {name: _everything_of(stage) for name, stage in VARIANTS.items()}
    json.dump({"variants": variants, "openapi": document()}, sys.stdout)


if __name__ == "__main__":
    main()
