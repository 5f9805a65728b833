"""The kit's own tables: who may do what, what was changed, and what each import did."""

from lianpu.register.models.access import ApiToken, KeptAnswer
from lianpu.register.models.accounts import Account, AccountEvent, PastPassword
from lianpu.register.models.changes import Actor, Change, Follower, Seal
from lianpu.register.models.custom import CustomField, Extensible
from lianpu.register.models.imports import ImportFolder, ImportRun, SenderMap
from lianpu.register.models.jobs import Job, Tick
from lianpu.register.models.lists import OpeningView, SavedView
from lianpu.register.models.matching import MatchDecision
from lianpu.register.models.notes import Attachment, Note
from lianpu.register.models.rights import Grant, Role
from lianpu.register.models.search import SearchCursor, SearchIndex

__all__ = [
    "Account",
    "AccountEvent",
    "Actor",
    "ApiToken",
    "Attachment",
    "Change",
    "CustomField",
    "Extensible",
    "Follower",
    "Grant",
    "ImportFolder",
    "ImportRun",
    "Job",
    "KeptAnswer",
    "MatchDecision",
    "Note",
    "OpeningView",
    "PastPassword",
    "Role",
    "SavedView",
    "Seal",
    "SearchCursor",
    "SearchIndex",
    "SenderMap",
    "Tick",
]
