"""``make new`` and ``make entity``: python -m tools.new_service --help."""

import argparse
import subprocess
import sys
from pathlib import Path

from common.entities import ENTITIES
from infra.spec.paths import PROJECT
from infra.spec.service import REGION
from tools.new_service.copy import NewService, write_copy
from tools.new_service.entity import add_entity
from tools.new_service.words import UnfitName, Words


def main(arguments: list[str] | None = None) -> None:
    """Run the command line.

    Raises:
        SystemExit: A name cannot be used, or a command failed.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.new_service", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    entity = commands.add_parser("entity", help="Add an entity beside those of this project")
    service = commands.add_parser("service", help="Write a copy with another entity")
    service.add_argument("--name", required=True, help="The service's name, such as parcel-desk")
    service.add_argument("--region", default=REGION)
    service.add_argument("--dir", type=Path, help="The new folder; default: ../NAME")
    for command in (entity, service):
        command.add_argument("--entity", required=True, help="The noun, such as order or line-item")
        command.add_argument("--plural", help="The plural, unless it follows from the noun")
    options = parser.parse_args(arguments)
    try:
        words = Words.of(options.entity, options.plural or None)
        if options.command == "entity":
            _add(words)
        else:
            folder = (options.dir or PROJECT.parent / options.name).resolve()
            _copy(NewService(options.name, options.region, words), folder)
    except UnfitName as error:
        sys.exit(str(error))


def _add(words: Words) -> None:
    paths = add_entity(PROJECT, words, [entity.folder.name for entity in ENTITIES])
    # Another process: this one has imported the entities before.
    subprocess.run(
        (sys.executable, "-m", "tools.compile_schemas"), check=True, stdout=subprocess.DEVNULL
    )
    for path in paths:
        _print(str(path))
    _print("Edit these files; then run `make documents` and `make test`.")


def _copy(service: NewService, folder: Path) -> None:
    _print(f"Writing {folder}")
    write_copy(service, folder)
    # The tests read the list of files from git. The history is the copy's own.
    _run(folder, "git", "init", "--quiet")
    _run(folder, "make", "--no-print-directory", "setup")
    _run(folder, ".venv/bin/uv", "--quiet", "lock")
    _run(folder, "make", "--no-print-directory", "documents")
    _run(folder, "git", "add", "--all")
    _print(f"Done. Next: cd {folder} && make run")


def _run(folder: Path, *command: str) -> None:
    _print(f"$ {' '.join(command)}")
    # The environment of this project's make is not that of the copy's.
    if subprocess.run(command, cwd=folder, check=False).returncode:  # noqa: S603
        sys.exit(f"{' '.join(command)} failed in {folder}; see above.")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
