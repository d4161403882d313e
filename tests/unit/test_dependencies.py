"""The versions of the Node packages."""

import json

from infra.spec.paths import PROJECT


def test_every_node_package_is_pinned() -> None:
    versions = json.loads((PROJECT / "package.json").read_text())["devDependencies"].values()
    assert [version for version in versions if not version[0].isdigit()] == []
