"""The synthesized templates of the stages."""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.spec.paths import PROJECT
from infra.spec.service import REGION
from infra.spec.stages import Stage

Template = Mapping[str, Any]
"""A CloudFormation template."""


def template_of(stage: Stage) -> Template:
    """Synthesize the template of a stage, which takes some seconds."""
    # Importing the CDK is slow, and a caller that has a template does not need it.
    from aws_cdk import App, Environment

    from infra.stack import ServiceStack

    context = json.loads((PROJECT / "cdk.json").read_text())["context"]
    with tempfile.TemporaryDirectory() as folder:
        # No caller needs the assets.
        context["aws:cdk:disable-asset-staging"] = True
        # The CDK's command line sets it, too.
        context["aws:cdk:enable-path-metadata"] = True
        app = App(
            analytics_reporting=False,
            # `make synth` validates the templates, which takes as long as the rest of it.
            builtin_cloud_formation_validation=False,
            context=context,
            outdir=folder,
        )
        ServiceStack(app, stage.stack, stage=stage, env=Environment(region=REGION))
        template: Template = app.synth().get_stack_by_name(stage.stack).template
    return template


def given_template(stage: Stage) -> Template:
    """Return a stage's template from the folder that the command line names, if it names one.

    ``make synth`` writes the folder ``cdk.out``.
    """
    folders = sys.argv[1:]
    if not folders:
        return template_of(stage)
    template: Template = json.loads(
        Path(folders[0], stage.name, f"{stage.stack}.template.json").read_text()
    )
    return template
