"""The whole service on this machine: an embedded AWS, deployed to by the real CDK CLI."""
