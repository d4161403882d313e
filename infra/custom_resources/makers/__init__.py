"""The functions of the custom resources, which create secrets that CloudFormation cannot create."""
