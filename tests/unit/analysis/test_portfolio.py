"""Choice of projects: the best of all subsets, the reasons, and the rules that clash."""

from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianpu.analysis.portfolio import Choice, District, Group, choose

FOUR = pl.DataFrame(
    {
        "project": ["甲", "乙", "丙", "丁"],
        "value": [10.0, 7.0, 6.0, 1.0],
        "land": [60.0, 40.0, 50.0, 1.0],
        "district": ["城关", "西固", "西固", "红古"],
    }
)


def row(choice: Choice, project: str) -> dict[str, Any]:
    return choice.projects.row(by_predicate=pl.col("project") == project, named=True)


# --- closed cases -----------------------------------------------------------------------------------------------


def test_the_best_pair_is_taken_not_the_best_single_one_by_one() -> None:
    choice = choose(FOUR, {"land": 100})
    assert choice.status == "optimal"
    assert choice.chosen == ["甲", "乙"]
    assert choice.value == 17
    assert choice.bound == pytest.approx(17)
    assert choice.budgets.row(0, named=True) | {"marginal_value": None} == {
        "factor": "land", "budget": 100, "used": 100, "left": 0, "marginal_value": None,
    }  # fmt: skip


def test_the_marginal_value_is_the_price_of_the_project_that_is_cut() -> None:
    # Relaxed: 丁 (1 per mu), 乙 (0.175), 甲 cut at 59 of 60 (10/60 a mu): one more mu is worth 1/6.
    choice = choose(FOUR, {"land": 100})
    assert choice.budgets["marginal_value"][0] == pytest.approx(1 / 6)
    assert row(choice, "丙")["shortfall"] == pytest.approx(50 / 6 - 6)
    assert row(choice, "甲")["shortfall"] == 0
    steps = choice.budget_steps(0.5).row(0, named=True)
    assert steps == {"factor": "land", "step": 50, "gain": 23 - 17, "loss": 17 - 8}


def test_a_project_that_is_out_is_told_what_stands_in_its_way() -> None:
    choice = choose(FOUR, {"land": 100}, groups=[Group("西固二选一", ["乙", "丙"], at_most=1)])
    assert row(choice, "丙")["reason"] == "land不足（需 50，余 0）；“西固二选一”已满（最多 1 个）"
    assert row(choice, "甲")["reason"] == ""


def test_what_it_would_cost_to_have_a_project_after_all() -> None:
    choice = choose(FOUR, {"land": 100})
    instead = choice.why("丙")
    assert (instead.possible, instead.loss) == (True, pytest.approx(17 - 14))  # 乙, 丙, 丁 = 14 instead of 17
    assert set(instead.leaves) == {"甲"}
    assert set(instead.enters) == {"丙", "丁"}
    out = choice.why("甲")
    assert not out.wanted_in
    assert out.loss == pytest.approx(3)
    never = choose(FOUR, {"land": 45}).why("甲")
    assert not never.possible
    assert set(never.clash) == {"land", "假设"}


def test_a_project_comes_with_what_it_needs() -> None:
    choice = choose(FOUR, {"land": 61}, precedence=[("甲", "丁"), ("乙", "丙")])
    assert choice.chosen == ["甲", "丁"]
    assert row(choice, "乙")["reason"].startswith("须连同前提 丙 一起；land不足（需 90，余 0）")


def test_a_project_worth_nothing_stays_out_for_that_reason() -> None:
    idle = FOUR.with_columns(value=pl.when(pl.col("project") == "丁").then(-1.0).otherwise("value"))
    assert row(choose(idle, {"land": 500}), "丁")["reason"] == "价值不大于 0"


def test_required_and_excluded_are_settled_beforehand() -> None:
    choice = choose(FOUR, {"land": 100}, required=["丙"], excluded=["丁"])
    assert choice.chosen == ["乙", "丙"]
    assert row(choice, "丁")["reason"] == "不选 丁"


def test_districts_get_their_number_and_their_share() -> None:
    choice = choose(FOUR, {"land": 100}, districts=[District("红古", at_least=1)])
    assert "丁" in choice.chosen
    choice = choose(FOUR, {"land": 150}, districts=[District("城关", "value", at_most=0.4)])
    share = FOUR.filter(pl.col("project").is_in(choice.chosen) & (pl.col("district") == "城关"))["value"].sum()
    assert share <= 0.4 * choice.value
    assert choose(FOUR, {"land": 100}, districts=[District("西固", "land", at_least=0.9)]).chosen == ["乙", "丙", "丁"]


def test_rules_that_clash_are_named_and_no_others() -> None:
    choice = choose(
        FOUR,
        {"land": 50},
        required=["乙"],
        groups=[Group("城关至少一个", ["甲"], at_least=1), Group("无关", ["丙", "丁"], at_most=1)],
    )
    assert choice.status == "infeasible"
    assert choice.clash["rule"].to_list() == ["land", "城关至少一个"]
    assert choice.clash["gives"][0] == pytest.approx(60 - 50)
    assert not choice.projects["chosen"].any()
    with pytest.raises(ValueError, match="没有可行的方案"):
        choice.why("甲")


def test_a_need_for_one_that_is_excluded_clashes_with_what_requires_it() -> None:
    choice = choose(FOUR, {"land": 500}, precedence=[("甲", "丁")], required=["甲"], excluded=["丁"])
    assert set(choice.clash["rule"]) == {"甲 需先有 丁", "必选 甲", "不选 丁"}
    assert set(choice.clash["kind"]) == {"precedence", "required", "excluded"}


def test_other_budgets_are_tried_without_telling_all_again() -> None:
    choice = choose(FOUR, {"land": 100})
    assert choice.with_budgets({"land": 151}).chosen == ["甲", "乙", "丙", "丁"]
    with pytest.raises(ValueError, match="没有这些要素预算：water"):
        choice.with_budgets({"water": 1})


# --- against all subsets ----------------------------------------------------------------------------------------


def made_up(seed: int) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Seven projects, two factors, and rules of every kind."""
    rng = np.random.default_rng(seed)
    names = [f"项目{i}" for i in range(7)]
    frame = pl.DataFrame(
        {
            "project": names,
            "value": rng.integers(-2, 20, 7).astype(float),
            "land": rng.integers(0, 10, 7).astype(float),
            "energy": rng.integers(0, 10, 7).astype(float),
            "district": rng.choice(["东", "西"], 7),
        }
    )
    rules = {
        "budgets": {"land": float(rng.integers(0, 30)), "energy": float(rng.integers(0, 30))},
        "precedence": [(names[i], names[j]) for i, j in rng.integers(0, 7, (2, 2)) if i != j],
        "groups": [Group("组", names[:4], int(rng.integers(0, 3)), int(rng.integers(2, 4)))],
        "districts": [District("东", at_least=float(rng.integers(0, 3))), District("西", "land", at_most=0.7)],
    }
    return frame, rules


def allowed(frame: pl.DataFrame, rules: dict[str, Any], picked: tuple[bool, ...]) -> bool:
    chosen = frame.filter(pl.Series(picked))
    held = set(chosen["project"])
    group = rules["groups"][0]
    west = chosen.filter(district="西")
    return (
        all(chosen[factor].sum() <= budget for factor, budget in rules["budgets"].items())
        and all(needs in held for project, needs in rules["precedence"] if project in held)
        and group.at_least <= len(held & set(group.projects)) <= group.at_most
        and chosen.filter(district="东").height >= rules["districts"][0].at_least
        and west["land"].sum() <= 0.7 * chosen["land"].sum() + 1e-9
    )


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 100_000))
def test_no_allowed_subset_is_better_and_none_is_allowed_when_it_says_so(seed: int) -> None:
    frame, rules = made_up(seed)
    value = frame["value"].to_numpy()
    worths = [value[list(p)].sum() for p in product([False, True], repeat=7) if allowed(frame, rules, p)]
    choice = choose(frame, **rules)
    if not worths:
        assert choice.status == "infeasible"
        assert choice.clash.height >= 1
        return
    assert choice.status == "optimal"
    assert choice.value == pytest.approx(max(worths))
    assert allowed(frame, rules, tuple(choice.projects["chosen"]))
    for name in frame["project"]:
        told = row(choice, name)
        assert told["chosen"] == (told["reason"] == "")


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 100_000))
def test_a_clash_is_as_small_as_can_be(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"p{i}" for i in range(6)]
    frame = pl.DataFrame({"project": names, "value": np.ones(6), "land": rng.integers(1, 9, 6).astype(float)})
    groups = [
        Group(f"g{k}", list(rng.choice(names, 3, replace=False)), int(rng.integers(0, 4)), 3) for k in range(4)
    ] + [Group(f"h{k}", list(rng.choice(names, 3, replace=False)), 0, int(rng.integers(0, 3))) for k in range(3)]
    budget = {"land": float(rng.integers(0, 25))}
    choice = choose(frame, budget, groups=groups)
    if choice.status != "infeasible":
        assert choice.clash.is_empty()
        return
    clash = set(choice.clash["rule"])

    def without(dropped: str | None) -> str:
        held = [group for group in groups if group.name in clash and group.name != dropped]
        return choose(frame, budget if "land" in clash and dropped != "land" else {}, groups=held).status

    assert without(None) == "infeasible"
    for rule in clash:
        assert without(rule) == "optimal"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"projects": FOUR.drop("value")}, "缺少列 value"),
        ({"projects": FOUR.clear()}, "空的"),
        ({"projects": pl.concat([FOUR, FOUR])}, "各不相同"),
        ({"projects": FOUR.with_columns(land=pl.lit(None, pl.Float64))}, "land 列应全是数字"),
        ({"projects": FOUR.with_columns(land=-pl.col("land"))}, "land 列有负数"),
        ({"budgets": {"land": -1}}, "land 的预算"),
        ({"precedence": [("甲", "甲")]}, "不能以自己为前提"),
        ({"precedence": [("甲", "戊")]}, "没有项目“戊”"),
        ({"groups": [Group("组", ["甲", "甲"])]}, "重复"),
        ({"groups": [Group("组", ["甲"], 2, 1)]}, "少于最少"),
        ({"districts": [District("城关", "water", 0.1)]}, "没有列 water"),
        ({"districts": [District("城关", "land", 1.5)]}, "0 与 1 之间"),
        ({"projects": FOUR.drop("district"), "districts": [District("城关", at_least=1)]}, "缺少列 district"),
        ({"gap": 2}, "gap"),
    ],
)
def test_input_that_makes_no_sense_is_refused_with_the_reason(change: dict[str, Any], words: str) -> None:
    given_ = {"projects": FOUR, "budgets": {"land": 100}} | change
    with pytest.raises(ValueError, match=words):
        choose(**given_)
