"""The errors that compatkit raises on purpose.

    CompatkitError                anything below; exit code 2 on the command line
    ├── DataError                 a file or a row cannot be used as it is
    ├── ConfigError               an option, a policy or an argument is wrong
    └── MissingExtraError         an optional dependency is not installed

A message says where, what was found, what was expected and what to do.
"""

__all__ = ["CompatkitError", "ConfigError", "DataError", "MissingExtraError"]


class CompatkitError(Exception):
    """Base class of every error that compatkit raises on purpose."""


class DataError(CompatkitError):
    """A file or a row cannot be used as it is."""


class ConfigError(CompatkitError):
    """An option, a policy or an argument is wrong."""


class MissingExtraError(CompatkitError):
    """An optional dependency is needed and not installed; the message names the extra."""
