"""The verbs of the ledger: revise totals, answer findings, dispatch a month, push problems, keep the standings."""

from lianpu.projects.services.dispatch import (
    accept,
    call_up,
    close_round,
    open_round,
    remind,
    remind_when_due,
    save_month,
    send_back,
    submit,
)
from lianpu.projects.services.ledger import answer, revise_total, withdraw_answer
from lianpu.projects.services.problems import close, escalate, escalate_overdue, handle, reopen
from lianpu.projects.services.production import enter_production, settle_production
from lianpu.projects.services.standing import current_month, keep_up, refresh

__all__ = [
    "accept",
    "answer",
    "call_up",
    "close",
    "close_round",
    "current_month",
    "enter_production",
    "escalate",
    "escalate_overdue",
    "handle",
    "keep_up",
    "open_round",
    "refresh",
    "remind",
    "remind_when_due",
    "reopen",
    "revise_total",
    "save_month",
    "send_back",
    "settle_production",
    "submit",
    "withdraw_answer",
]
