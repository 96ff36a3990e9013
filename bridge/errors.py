"""What can go wrong, for the person who must act.

::

    BridgeError                 what happened, to what, and what to do; has an exit code
    ├── ConfigError      78     bridge.toml or an environment variable is wrong
    ├── DataError        65     items, answers or a schema that cannot be used
    │   └── ModelError   65     a model file or an estimator that cannot be used
    ├── AuthError        77     the platform refused the key, or the key may not do this
    ├── PlatformError    69     the platform did not do what was asked
    │   └── Unreachable  69     no answer, after retries; the call may have been executed
    ├── ExecutionError   71     the workers of [execution] did not do their work
    ├── StoreError       74     the store cannot be read or written
    └── Locked           75     another run is at work; try later

Exit codes follow ``sysexits.h`` where it has one. 0 is success or nothing to do, 1 a bug in Bridge,
2 wrong usage of the command line.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AuthError",
    "BridgeError",
    "ConfigError",
    "DataError",
    "ExecutionError",
    "Locked",
    "ModelError",
    "PlatformError",
    "StoreError",
    "Unreachable",
]


class BridgeError(Exception):
    """Something that a person can act on.

    Args:
        what: one sentence: what happened, and to which item, field or file.
        fix: one sentence: what to do about it; empty where nothing can be done.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what} {self.fix}".strip()


class ConfigError(BridgeError):
    """The configuration cannot be used; names the field."""

    exit_code = 78


class DataError(BridgeError):
    """Items, answers or a label schema that cannot be used."""

    exit_code = 65


class ModelError(DataError):
    """A model file or a user's estimator that cannot be used."""


class AuthError(BridgeError):
    """The platform refused the credentials, or they do not allow what was asked."""

    exit_code = 77


class PlatformError(BridgeError):
    """The platform did not do what was asked, and asking again will not help at once."""

    exit_code = 69


class Unreachable(PlatformError):
    """No usable answer came back after all retries.

    The call may or may not have been executed: a writer asks the platform before it writes again.
    """


class ExecutionError(BridgeError):
    """The workers that ``[execution]`` names cannot be reached, or died again and again."""

    exit_code = 71


class StoreError(BridgeError):
    """The store cannot be read or written: corrupt, too new, disk full, or read-only."""

    exit_code = 74


class Locked(BridgeError):
    """Another run holds this loop."""

    exit_code = 75
