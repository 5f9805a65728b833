"""The registers of the ledger, of progress and of dispatch; found and loaded like any context's."""

from lianpu.projects.registers import dispatch, ledger, parts, progress

__all__ = ["dispatch", "ledger", "parts", "progress"]
