"""The functions behind the custom resources: they make secrets that CloudFormation cannot make."""
