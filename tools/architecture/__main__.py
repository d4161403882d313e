"""Draws docs/architecture.svg from the templates that ``make synth`` writes: ``make diagram``."""

import json
import sys

from infra.spec.paths import DOCS, PROJECT
from infra.spec.stages import STAGES
from tools.architecture.boxes import UnknownResource
from tools.architecture.drawing import draw

FILE = DOCS / "architecture.svg"


def main() -> None:
    """Draw the diagram."""
    templates = {
        name: json.loads((PROJECT / "cdk.out" / name / f"{stage.stack}.template.json").read_text())
        for name, stage in STAGES.items()
    }
    try:
        FILE.write_text(draw(templates))
    except UnknownResource as error:
        sys.exit(str(error))
    sys.stdout.write(f"{FILE}\n")


if __name__ == "__main__":
    main()
