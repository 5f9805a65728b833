"""Findings in Chinese, short and with their numbers, for the official who reads them."""

from collections.abc import Iterable, Mapping
from typing import Any

KIND_NAMES = {"fill": "补链", "extend": "延链", "strengthen": "强链"}
STATE_NAMES = {"missing": "缺失", "weak": "薄弱", "balanced": "均衡", "strong": "优势"}


def explain(finding: Mapping[str, Any], names: Mapping[str, str], *, reference: str = "全国") -> str:
    """One Chinese sentence or two for a row of ``Diagnosis.findings`` (as a dict).

    ``names``: segment code → Chinese name; an unknown code stands for itself. ``reference``: what the place was
    compared to, as it is to be called.
    """
    facts = {reason["code"]: reason for reason in finding["reasons"]}
    name = _name(finding["segment"], names)
    opening = f"{KIND_NAMES[finding['kind']]}：{name}"
    if finding["kind"] == "strengthen":
        clauses = _strengthen(finding, facts, names, reference)
    else:
        clauses = _gap(finding, facts, names, reference)
    return opening + "。".join(clause for clause in [*clauses, *_common(facts)] if clause) + "。"


def _gap(finding: Mapping[str, Any], facts: Mapping[str, Any], names: Mapping[str, str], reference: str) -> list[str]:
    expected = f"按{reference}占比应有{_expected(finding['expected'])}"
    if finding["sure"]:
        doubt = f"{expected}，缺口明确"
    elif finding["expected"] >= 1:
        doubt = f"{expected}，家数少，缺口尚待核实"
    else:
        doubt = f"但按{reference}占比也不足1家，是否短板待研判"
    absent = f"本地尚无企业，{doubt}"
    key = "（关键环节）" if "key_segment" in facts else ""
    around = []
    if "after_strong" in facts:
        around.append(f"可由本地优势环节{_listed(facts['after_strong'], names)}向下游延伸")
    if "before_strong" in facts:
        around.append(f"可由本地优势环节{_listed(facts['before_strong'], names)}向上游延伸")
    suppliers, users = facts.get("fed_by_present"), facts.get("feeds_present")
    if suppliers and "after_strong" not in facts:
        around.append(f"上游{_listed(suppliers, names)}已有{suppliers['firms']}家企业")
    if users and "before_strong" not in facts:
        around.append(f"下游{_listed(users, names)}有{users['firms']}家企业需要它")
    return [f"{key}{absent}", "，".join(around), _chance(facts, reference)]


def _chance(facts: Mapping[str, Any], reference: str) -> str:
    if "likely" not in facts:
        return ""
    likely, usual = facts["likely"]["value"], facts["usually"]["value"]
    return f"按{reference}的进入规律，五年内进入的可能约{likely:.0%}（缺失环节平均{usual:.0%}）"


def _strengthen(
    finding: Mapping[str, Any], facts: Mapping[str, Any], names: Mapping[str, str], reference: str
) -> list[str]:
    key = "（关键环节）" if "key_segment" in facts else ""
    how = []
    if "single_supplier" in facts:
        how.append("本地只有1家企业")
    else:
        how.append(f"本地有{finding['n']}家企业")
    if "below_reference" in facts:
        doubt = "" if finding["sure"] else "，家数少，仅供参考"
        how.append(f"按{reference}占比应有{_expected(finding['expected'])}（区位商{finding['lq']:.2f}{doubt}）")
    if "none_above_scale" in facts:
        how.append("尚无规模以上企业")
    if "concentrated" in facts:
        how.append(f"规模集中，最大一家占{facts['concentrated']['value']:.0%}")
    users = facts.get("feeds_present")
    depend = f"下游{_listed(users, names)}的{users['firms']}家企业需要它" if users else ""
    return [f"{key}{'，'.join(how)}", depend]


def _common(facts: Mapping[str, Any]) -> Iterable[str]:
    if "others_only" in facts:
        yield f"另有{facts['others_only']['firms']}家企业只做相关的其他业务（如只销售、不生产）"
    if "to_review" in facts:
        yield f"另有{facts['to_review']['firms']}家疑似企业把握不足，待人工核实"


def _name(code: str, names: Mapping[str, str]) -> str:
    return f"“{names.get(code, code)}”"


def _listed(reason: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Up to three names, then how many they are."""
    codes = reason["segments"]
    shown = "".join(_name(code, names) for code in codes[:3])
    return shown if len(codes) <= 3 else f"{shown}等{len(codes)}个环节"


def _expected(value: float) -> str:
    """约 3.2 家; whole firms from ten on."""
    return f"约{value:.0f}家" if value >= 10 else f"约{value:.1f}家"
