"""The whole service on this machine, deployed to an embedded AWS by the CDK's own CLI."""
