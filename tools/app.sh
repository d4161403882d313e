#!/bin/sh
# Runs the CDK app with the project's own Python, from any shell: cdk.json names this script.
if [ ! -e .venv/.complete ]; then
    echo 'Run `make setup` first: it installs what the CDK app needs into this folder.' >&2
    exit 1
fi
exec .venv/bin/python -m infra.bundling.cloud_assembly
