#!/bin/sh
# Checks or mends uv.lock after a change of the project's name:
#   uv_lock.sh check   fails if uv would skip packages without a word
#   uv_lock.sh write   mends uv.lock, and takes over the changes of pyproject.toml
#
# The markers of uv.lock name a dependency group as group-<length>-<project>-<group>, where the
# length is that of the project's name. uv believes markers of another name or length: neither
# `uv lock` nor `uv lock --check` mends or reports them, and `uv sync` installs nothing for them.
set -eu

name=$(sed -n '/^name = /{s/^name = "\([^"]*\)"$/\1/p;q;}' pyproject.toml)

check() {
    if grep -o "'group-[0-9][^']*'" uv.lock | grep -qv "^'group-${#name}-$name-"; then
        printf '%s\n' "uv.lock belongs to a project of another name than $name. Run \`make lock\`." >&2
        exit 1
    fi
}

write() {
    groups=$(grep -o '{ group = "[^"]*" }' pyproject.toml | cut -d'"' -f2 | sort -u | paste -sd'|' -)
    sed -E "s/'group-[0-9]+-[^']*-($groups)'/'group-${#name}-$name-\1'/g" uv.lock >uv.lock.new
    mv uv.lock.new uv.lock
    .venv/bin/uv --quiet lock
}

"$1"
