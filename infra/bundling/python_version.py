"""The version of Python in the Lambda runtime.

This module and those that build the code import no CDK, which takes seconds to load.
"""

PYTHON_VERSION = "3.13"
