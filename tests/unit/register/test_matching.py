"""Cells that name rows in words of their own: taken, asked, decided once, remembered, taken back."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise, EnterpriseFigure
from lianpu.register.declare import registry
from lianpu.register.exporting import write_csv
from lianpu.register.importing import Plan, commit, make_plan
from lianpu.register.importing.planning import Instructions
from lianpu.register.matching import BY_LIKENESS, decide, forget
from lianpu.register.models import Change, MatchDecision
from lianpu.register.rights import SYSTEM
from lianpu.register.services import save_row
from lianpu.register.testing import grant, signed_in
from lianpu.register.undo import revert

FIGURES = registry["enterprise-figures"]
HEADS = ["企业名称", "指标", "期间", "数值"]
UNSURE = "示例甲铝业股份有限公司"
Send = Callable[..., Plan]


@pytest.fixture
def send(tmp_path: Path, firms: Mapping[str, Enterprise]) -> Send:
    """Plan the import of one figure a text, in the register of figures."""

    def plan(texts: Sequence[str], user: Any = SYSTEM, rejected: frozenset[str] = frozenset()) -> Plan:
        path = tmp_path / "报送.csv"
        with path.open("wb") as out:
            write_csv(out, HEADS, [[text, "税收（万元）", f"{2000 + at}", "3"] for at, text in enumerate(texts)])
        return make_plan(FIGURES, path, user, told=Instructions(rejected=rejected))

    return plan


def outcomes(plan: Plan) -> list[str]:
    return [row.outcome for row in plan.rows]


def test_a_name_that_says_the_same_is_taken_and_the_sender_sees_it(
    send: Send, firms: Mapping[str, Enterprise], tmp_path: Path
) -> None:
    plan = send([firms["甲"].name, "示例甲铝業公司"])
    assert outcomes(plan) == ["new", "new"]
    assert not plan.questions
    (correction,) = plan.corrections
    assert (correction.line, correction.column, correction.why) == (3, "enterprise", BY_LIKENESS)
    assert firms["甲"].uscc in correction.new
    assert "示例甲铝業公司" in plan.rows[1].note
    commit(plan, user=SYSTEM, result_folder=tmp_path)
    assert set(EnterpriseFigure.objects.values_list("enterprise", flat=True)) == {firms["甲"].pk}


def test_who_rejects_likenesses_is_asked_instead(send: Send) -> None:
    plan = send(["示例甲铝業公司"], rejected=frozenset({f"enterprise|{BY_LIKENESS}"}))
    assert outcomes(plan) == ["faulty"]
    assert [question.text for question in plan.questions] == ["示例甲铝業公司"]


def test_what_is_unsure_is_one_question_for_all_its_lines(send: Send, firms: Mapping[str, Enterprise]) -> None:
    plan = send([UNSURE, firms["乙"].name, UNSURE, "毫无关系的名字"])
    assert outcomes(plan) == ["faulty", "new", "faulty", "faulty"]
    (question,) = plan.questions
    assert (question.text, list(question.lines), question.column.name) == (UNSURE, [2, 4], "enterprise")
    assert question.proposals[0].id == firms["甲"].pk
    assert question.proposals[0].why
    assert firms["甲"].uscc in plan.faults[0].remedy
    assert "请填写其代码或全称" in plan.faults[-1].remedy


def test_the_same_file_twice_asks_nothing_the_second_time(
    send: Send, firms: Mapping[str, Enterprise], tmp_path: Path
) -> None:
    other = "示例乙炭素股份有限公司"
    texts = [UNSURE, other, firms["丙"].name]
    first = send(texts)
    assert len(first.questions) == 2
    for question, target in zip(first.questions, (firms["甲"].pk, None), strict=True):
        decide(user=SYSTEM, register=FIGURES, column=question.column.name, text=question.text, target=target)
    second = send(texts)
    assert second.questions == []
    assert outcomes(second) == ["new", "faulty", "new"]
    assert "已认定" in second.faults[0].reason
    commit(second, user=SYSTEM, result_folder=tmp_path)
    assert outcomes(send(texts)) == ["same", "faulty", "same"]
    assert EnterpriseFigure.objects.filter(enterprise=firms["甲"]).count() == 1


@pytest.mark.parametrize("written", ["示例甲铝业 股份有限公司", " 示例甲铝业股份有限公司　", "示例甲铝业股份有限公司"])
def test_a_decision_holds_for_the_text_however_it_is_spaced(
    send: Send, firms: Mapping[str, Enterprise], written: str
) -> None:
    decide(user=SYSTEM, register=FIGURES, column="enterprise", text=UNSURE, target=firms["甲"].pk)
    assert outcomes(send([written])) == ["new"]


def test_a_confirmed_text_is_known_in_other_registers_and_compared_like_a_name(
    send: Send, firms: Mapping[str, Enterprise]
) -> None:
    names = registry["enterprise-names"]
    decide(user=SYSTEM, register=names, column="enterprise", text="陇原有色冶炼总厂", target=firms["甲"].pk)
    plan = send(["陇原有色冶炼总厂", "陇原有色冶练总厂"])
    assert outcomes(plan) == ["new", "faulty"]
    assert plan.questions[0].proposals[0].id == firms["甲"].pk
    decide(user=SYSTEM, register=FIGURES, column="enterprise", text="陇原有色冶炼总厂", target=None)
    assert outcomes(send(["陇原有色冶炼总厂"])) == ["faulty"], "what is said of the column itself goes first"


def test_a_firm_registered_later_under_the_name_goes_before_the_decision(
    send: Send, firms: Mapping[str, Enterprise]
) -> None:
    decide(user=SYSTEM, register=FIGURES, column="enterprise", text=UNSURE, target=None)
    assert outcomes(send([UNSURE])) == ["faulty"]
    cells = {"name": UNSURE, "uscc": make_uscc("620111", 900)}
    made = save_row(register=registry["enterprises"], user=SYSTEM, values=cells)
    plan = send([UNSURE])
    assert outcomes(plan) == ["new"]
    assert plan.rows[0].values["enterprise"] == made.pk


def test_a_decision_for_a_firm_that_is_gone_no_longer_counts(send: Send, firms: Mapping[str, Enterprise]) -> None:
    text = "示例丙型材股份有限公司"
    decide(user=SYSTEM, register=FIGURES, column="enterprise", text=text, target=firms["丙"].pk)
    firms["丙"].delete()
    assert outcomes(send([text])) == ["faulty"]


def test_a_decision_is_recorded_forgotten_and_brought_back(send: Send, firms: Mapping[str, Enterprise]) -> None:
    decision = decide(
        user=SYSTEM, register=FIGURES, column="enterprise", text=UNSURE, target=firms["甲"].pk, reason="电话核实"
    )
    changed = decide(user=SYSTEM, register=FIGURES, column="enterprise", text=UNSURE, target=firms["乙"].pk)
    assert changed.pk == decision.pk
    changes = Change.objects.filter(model="register.matchdecision").order_by("pk")
    assert [(c.action, c.user) for c in changes] == [("insert", "命令行"), ("update", "命令行")]
    assert changes[0].reason == "电话核实"
    forget(user=SYSTEM, decision=changed, reason="认错了")
    assert not MatchDecision.objects.exists()
    assert len(send([UNSURE]).questions) == 1
    gone = Change.objects.filter(model="register.matchdecision", action="delete")
    assert gone.get().reason == "认错了"
    revert(gone, user=SYSTEM, reason="没有认错")
    assert MatchDecision.objects.get().target == firms["乙"].pk
    assert not send([UNSURE]).questions


def test_who_may_not_import_decides_nothing(firms: Mapping[str, Enterprise]) -> None:
    reader = grant("reader", {"*": ["view"]})
    with pytest.raises(PermissionDenied):
        decide(user=reader, register=FIGURES, column="enterprise", text=UNSURE, target=None)
    decision = decide(user=SYSTEM, register=FIGURES, column="enterprise", text=UNSURE, target=None)
    with pytest.raises(PermissionDenied):
        forget(user=reader, decision=decision)
    assert MatchDecision.objects.count() == 1


def test_firms_outside_a_persons_scope_are_neither_shown_nor_chosen(
    send: Send, firms: Mapping[str, Enterprise]
) -> None:
    inside, outside = firms["甲"].place, firms["丙"].place
    assert inside is not None
    assert outside is not None
    person = grant("bureau", {"*": ["*"]}, ["figures"], place_path=inside.path)
    hidden = "示例丙型材公司"
    for text in (hidden, "示例丙型材股份有限公司"):
        plan = send([text], person)
        assert plan.questions == []
        assert plan.corrections == []
        assert firms["丙"].name not in str(plan.faults[0])
    assert send([hidden]).corrections, "to others it is known"
    with pytest.raises(PermissionDenied):
        decide(user=person, register=FIGURES, column="enterprise", text=hidden, target=firms["丙"].pk)
    assert len(send([UNSURE], person).questions) == 1


@pytest.mark.parametrize(
    ("column", "text", "target"),
    [
        ("value", "甲", 1),
        ("nothing", "甲", 1),
        ("enterprise", "  ", None),
        ("enterprise", "长" * 201, None),
        ("enterprise", "甲", 999999),
    ],
)
def test_what_cannot_be_decided_is_refused(
    firms: Mapping[str, Enterprise], column: str, text: str, target: int | None
) -> None:
    with pytest.raises(ValidationError):
        decide(user=SYSTEM, register=FIGURES, column=column, text=text, target=target)
    assert not MatchDecision.objects.exists()


def test_a_form_knows_decisions_and_takes_nothing_by_likeness(firms: Mapping[str, Enterprise]) -> None:
    cells = {"enterprise": UNSURE, "indicator": "税收（万元）", "period": "2021", "value": "3"}
    for text in (UNSURE, "示例甲铝业公司"):
        with pytest.raises(ValidationError, match=f"有相近的.*{firms['甲'].name} {firms['甲'].uscc}"):
            save_row(register=FIGURES, user=SYSTEM, values=cells | {"enterprise": text})
    elsewhere = grant("elsewhere", {"*": ["*"]}, ["figures"], place_path=firms["丙"].place.path)  # type: ignore[union-attr]
    for text, user in (("毫无关系的名字", SYSTEM), (UNSURE, elsewhere)):
        with pytest.raises(ValidationError, match=r"找不到这个.*；请填写其代码或全称"):
            save_row(register=FIGURES, user=user, values=cells | {"enterprise": text})
    decide(user=SYSTEM, register=FIGURES, column="enterprise", text=UNSURE, target=firms["甲"].pk)
    made = save_row(register=FIGURES, user=SYSTEM, values=cells)
    assert made.enterprise_id == firms["甲"].pk  # type: ignore[attr-defined]


def test_loose_readings_are_counted_with_a_sample(tmp_path: Path, firms: Mapping[str, Enterprise]) -> None:
    path = tmp_path / "报送.csv"
    with path.open("wb") as out:
        rows = [[firms["甲"].name, "税收（万元）", period, "约3000"] for period in ("2021", "2022")]
        write_csv(out, HEADS, [*rows, [firms["甲"].name, "税收（万元）", "2023", "3000"]])
    plan = make_plan(FIGURES, path, SYSTEM)
    (reading,) = plan.readings
    assert (reading.column, reading.count, reading.line, reading.value) == ("value", 2, 2, "约3000")
    assert "约数" in reading.how


def test_a_new_row_by_a_form_is_saved_and_told_of_what_it_may_be_once_more(firms: Mapping[str, Enterprise]) -> None:
    clerk = signed_in(grant("clerk", {"enterprises": ["*"]}))
    cells = {"uscc": make_uscc("620102", 777), "reason": "新设"}
    for name, told in ((firms["甲"].name, "名称相同而代码不同"), ("示例壬科技有限公司", "")):
        page = clerk.post("/enterprises/new/", cells | {"name": name}, follow=True).content.decode()
        assert Enterprise.objects.filter(uscc=cells["uscc"], name=name).exists()
        assert ("疑似重复" in page) is bool(told)
        assert told in page
        Enterprise.objects.filter(uscc=cells["uscc"]).delete()
