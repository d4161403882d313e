"""The version of Python in the Lambda runtime.

The compiler in package.json has to follow it: until then, every build says how.
docs/decisions/python-3.13.md says when to change it.

This module and those that build the code import no CDK, which takes seconds to load.
"""

PYTHON_VERSION = "3.13"
