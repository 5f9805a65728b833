"""The kit's own tables: who may do what, what was changed, and what each import did."""

from lianpu.register.models.changes import Actor, Change
from lianpu.register.models.imports import ImportRun
from lianpu.register.models.rights import Grant, Role

__all__ = ["Actor", "Change", "Grant", "ImportRun", "Role"]
