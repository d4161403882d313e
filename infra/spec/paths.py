"""The folders of this repository. No other module computes where the repository's root is."""

from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
"""The root of the repository."""

FUNCTION_SOURCES = PROJECT / "functions"
"""One folder per function, each with its ``handler.py``."""

COMMON = PROJECT / "layers" / "common" / "python" / "common"
"""The package that the layer adds to the third-party packages."""

CUSTOM_RESOURCES = PROJECT / "infra" / "custom_resources"
"""The code that runs on AWS while the stack is deployed."""

DOCS = PROJECT / "docs"

BUILD = PROJECT / ".build"
"""Everything that is built. It may be deleted at any time between builds."""

RUN_FOLDER = PROJECT / ".local"
"""The files of the local run."""
