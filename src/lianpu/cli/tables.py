"""Tables for terminals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from lianpu.chains.models import Chain, DiagnosisRun, Finding, State


def width(text: str) -> int:
    """Columns a text takes on a terminal: Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


@dataclass(frozen=True)
class Table:
    """Rows with one head; the first column is text, the rest are figures."""

    heads: dict[str, str]
    rows: list[dict[str, Any]]

    def lines(self) -> Iterator[str]:
        shown = [list(self.heads.values()), *([str(row[name]) for name in self.heads] for row in self.rows)]
        widths = [max(width(row[i]) for row in shown) for i in range(len(self.heads))]
        for row in shown:
            first = row[0] + " " * (widths[0] - width(row[0]))
            yield "  ".join([first, *(" " * (w - width(t)) + t for t, w in zip(row[1:], widths[1:], strict=True))])


def state_table(run: DiagnosisRun) -> Table:
    """Chains × states of a run."""
    from django.db.models import Count

    counted = run.states.values_list("segment__chain__code", "state").annotate(n=Count("pk")).order_by()
    by_chain: dict[str, dict[str, int]] = {}
    for code, state, n in counted:
        by_chain.setdefault(code, {})[state] = n
    heads = {"chain": "产业链", "firms": "企业", "segments": "环节"} | {
        state.value: str(state.label) for state in State
    }
    heads |= {"completeness": "完整度"}
    rows = []
    for chain in Chain.objects.all():
        states = {state.value: by_chain.get(chain.code, {}).get(state.value, 0) for state in State}
        total = sum(states.values())
        present = total - states["missing"]
        figures = run.figures.get(chain.code, {})
        rows.append(
            {
                "chain": chain.name,
                "firms": figures.get("firms", 0),
                "segments": total,
                **states,
                "completeness": f"{present}/{total}",
            }
        )
    return Table(heads, rows)


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as plain rows."""
    return [
        {
            "rank": one.rank,
            "chain": one.chain.code,
            "kind": one.kind,
            "segment": one.segment.code,
            "name": one.segment.name,
            "state": one.state,
            "score": one.score,
            "sure": one.sure,
            "explanation": one.explanation,
            "parts": one.parts,
            "robustness": one.robustness,
            "best_rank": one.best_rank,
            "worst_rank": one.worst_rank,
            "turns": one.turns,
            "steadiness": one.steadiness,
        }
        for one in findings
    ]
