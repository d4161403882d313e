"""Copy this project under another name, with another entity in place of its entities."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common.entities import ENTITIES
from infra.spec.paths import PROJECT
from infra.spec.service import REGION, SERVICE_NAME, SERVICE_SUMMARY, check_name, check_region
from tools import statuses
from tools.cost import write_tables
from tools.new_service.entity import ENTITIES as ENTITIES_FOLDER
from tools.new_service.entity import add_entity
from tools.new_service.words import UnfitName, Words

_LEFT_OUT = (
    # These are about this project and its entities. A copy gets its own README and change log.
    "CHANGELOG.md",
    "README.md",
    "docs/client.md",
    "docs/make-it-yours.md",
    "docs/mission.md",
    "tests/infra/test_mission.py",
    "tests/infra/new_service/",
    "tests/local/run/test_make_new.py",
    # make writes these anew.
    "docs/architecture.svg",
    "docs/openapi.json",
)
"""The files and folders that a copy does not get."""

_BUILT = frozenset(
    {
        *(".build", ".hypothesis", ".local", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
        *(".venv", "__pycache__", "cdk.out", "node_modules"),
    }
)
"""The folders that git ignores."""

_VERBATIM = ("LICENSE",)
"""The licence names its authors in each copy."""

_ROOMS = (
    str(ENTITIES_FOLDER),
    *(f"tests/{kind}/entities" for kind in ("unit", "infra", "local")),
)
"""The folders that have a folder for each entity."""


@dataclass(frozen=True)
class NewService:
    """The names of a copy."""

    name: str
    """The service's name, such as ``parcel-desk``."""

    region: str

    entity: Words

    def check(self) -> None:
        """Check the names.

        Raises:
            UnfitName: AWS would refuse resources with these names.
        """
        try:
            check_name(self.name)
            check_region(self.region)
        except ValueError as error:
            raise UnfitName(str(error)) from error


def write_copy(service: NewService, folder: Path) -> None:
    """Write the copy, without its generated files.

    Args:
        service: The names of the copy.
        folder: The folder of the copy, which is new or empty.

    Raises:
        UnfitName: A name is not possible, or the folder has files.
    """
    service.check()
    if folder.exists() and any(folder.iterdir()):
        raise UnfitName(f"{folder} is not empty.")
    for path in _files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / path, target)
        if str(path) not in _VERBATIM:
            _rename(target, service)
    # `make documents` writes the tables of the new entity.
    write_tables(folder / statuses.PAGE.relative_to(PROJECT), "", statuses.NAME)
    add_entity(folder, service.entity)
    for name in ("README.md", "CHANGELOG.md"):
        words = {"title": _title(service.name), "name": service.name, "region": service.region}
        (folder / name).write_text(service.entity.fill(f"{name}.template", **words))


def _files() -> Iterator[Path]:
    """Yield the files of this project that a copy gets."""
    rooms = tuple(f"{room}/{entity.folder.name}/" for room in _ROOMS for entity in ENTITIES)
    pages = tuple(f"docs/{entity.collection}.md" for entity in ENTITIES)
    for name in _sources():
        if not name.startswith((*_LEFT_OUT, *rooms, *pages)) and (PROJECT / name).is_file():
            yield Path(name)


def _sources() -> Iterator[str]:
    """Yield the files of this project that are neither installed nor built."""
    listing = subprocess.run(
        ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"),  # noqa: S607
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listing.returncode == 0:
        yield from filter(None, listing.stdout.split("\0"))
        return
    # The project was downloaded without its history.
    for folder, folders, names in os.walk(PROJECT):
        folders[:] = [name for name in folders if name not in _BUILT]
        for name in names:
            yield Path(folder, name).relative_to(PROJECT).as_posix()


def _rename(file: Path, service: NewService) -> None:
    """Replace the service's name and region in a file, if it is text."""
    try:
        text = file.read_text()
    except UnicodeDecodeError:
        return
    # uv counts the letters of a project's name in the markers of its groups.
    renamed = re.sub(
        rf"group-{len(SERVICE_NAME)}-{SERVICE_NAME}-",
        f"group-{len(service.name)}-{service.name}-",
        text,
    )
    for spell in (str, _title, _pascal, _snake):
        renamed = renamed.replace(spell(SERVICE_NAME), spell(service.name))
    renamed = renamed.replace(f"--region {REGION}", f"--region {service.region}")
    if file.match("infra/spec/service.py"):
        renamed = renamed.replace(f'"{REGION}"', f'"{service.region}"')
        renamed = renamed.replace(SERVICE_SUMMARY, f"A service that keeps {service.entity.plural}")
    if file.suffix == ".svg":
        # The names of resources in a picture of a deployed stage.
        renamed = renamed.replace(_lower(SERVICE_NAME), _lower(service.name))
        for entity in ENTITIES:
            renamed = renamed.replace(entity.plural_type_name, service.entity.type_name)
            renamed = renamed.replace(f">{entity.plural}<", f">{service.entity.plural}<")
    if renamed != text:
        file.write_text(renamed)


def _title(name: str) -> str:
    return name.replace("-", " ").title()


def _pascal(name: str) -> str:
    return _title(name).replace(" ", "")


def _lower(name: str) -> str:
    return name.replace("-", "")


def _snake(name: str) -> str:
    return name.replace("-", "_")
