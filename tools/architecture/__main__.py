"""Draws docs/architecture.svg from the templates: ``make diagram``."""

import sys

from infra.spec.paths import DOCS
from infra.spec.stages import STAGES
from tools.architecture.boxes import UnknownResource
from tools.architecture.drawing import draw
from tools.templates import given_template

FILE = DOCS / "architecture.svg"


def main() -> None:
    """Draw the diagram."""
    templates = {name: given_template(stage) for name, stage in STAGES.items()}
    try:
        FILE.write_text(draw(templates))
    except UnknownResource as error:
        sys.exit(str(error))
    sys.stdout.write(f"{FILE}\n")


if __name__ == "__main__":
    main()
