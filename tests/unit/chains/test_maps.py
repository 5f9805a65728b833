"""Chain maps: the shipped ones break no rule, every rule is kept by the validator, loading is settled after one time."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from lianpu.chains.maps import STAGES, ChainMap, FlowRow, SegmentRow, faults, load, shipped
from lianpu.chains.models import Chain, DiagnosisRun, Placement, Product, Segment, SegmentFlow, SegmentState
from lianpu.chains.services import load_maps
from lianpu.register import exporting, importing
from lianpu.register.declare import registry
from lianpu.register.models import Change
from lianpu.register.rights import SYSTEM


def small_map(code: str = "JA", leaves: int = 28) -> ChainMap:
    """A faultless map of ``leaves`` segments, seven a stage, each fed by the one before it."""
    segments: list[SegmentRow] = []
    names: list[str] = []
    for at in range(leaves):
        stage = at * 4 // leaves
        group = f"{code}-{stage + 1}1"
        if not any(segment.code == group for segment in segments):
            segments.append(SegmentRow(group, f"{code}组{stage}", code, "", STAGES[stage], is_leaf=False))
        leaf = f"{group}{at % 10}{at // 10}"
        names.append(leaf)
        products = {f"{leaf}产品{n}": (f"{leaf}别名{n}",) for n in range(5)}
        fed = "外购" if at == 0 else ""
        segments.append(
            SegmentRow(
                leaf,
                f"环节{at}",
                code,
                group,
                STAGES[stage],
                True,
                at % 3 == 0,
                "makes",
                ("3216",),
                "14",
                fed,
                products,
            )
        )
    flows = tuple(FlowRow(a, b, "料", 2, "") for a, b in pairwise(names))
    return ChainMap(code, f"{code}链", "", "", "", "v1", tuple(segments), flows)


def with_leaf(one: ChainMap, at: int, **changed: Any) -> ChainMap:
    """The map with one leaf changed."""
    old = one.leaves[at]
    return replace(one, segments=tuple(replace(s, **changed) if s is old else s for s in one.segments))


def with_flow(one: ChainMap, *more: FlowRow) -> ChainMap:
    return replace(one, flows=(*one.flows, *more))


def back(one: ChainMap, note: str = "") -> FlowRow:
    """A flow from the third leaf back to the first: it closes a cycle."""
    return FlowRow(one.leaves[2].code, one.leaves[0].code, "回用", 1, note)


def test_the_shipped_maps_break_no_rule() -> None:
    assert faults(shipped()) == []


def test_the_shipped_maps_are_the_citys_twelve_with_three_thousand_products() -> None:
    assert len(shipped()) == 12
    assert all(25 <= len(one.leaves) <= 60 for one in shipped())
    assert sum(len(leaf.products) for one in shipped() for leaf in one.leaves) >= 3000
    crossing = [f for one in shipped() for f in one.flows if f.source[:2] != f.target[:2]]
    assert crossing


def test_the_small_map_is_faultless() -> None:
    assert faults((small_map(), small_map("JB"))) == []


Spoil = Callable[[ChainMap], ChainMap]
SPOILT: list[tuple[str, Spoil]] = [
    ("代码重复", lambda m: replace(m, segments=(*m.segments, m.segments[-1]))),
    ("末级环节20个", lambda _: small_map(leaves=20)),
    ("末级环节64个", lambda _: small_map(leaves=64)),
    ("没有 support 的环节", lambda m: replace(m, segments=tuple(s for s in m.segments if s.stage != "support"))),
    ("代码不合规则", lambda m: with_leaf(m, 3, code="JA-1")),
    ("stage 或 filled_by", lambda m: with_leaf(m, 3, filled_by="sells")),
    ("代码首位与位置不符", lambda m: with_leaf(m, 0, stage="support")),
    ("投入产出部门 43 不存在", lambda m: with_leaf(m, 0, io_sector="43")),
    ("投入产出部门 00 不存在", lambda m: with_leaf(m, 0, io_sector="00")),
    ("国民经济行业代码", lambda m: with_leaf(m, 0, gbt4754=("32",))),
    ("国民经济行业代码", lambda m: with_leaf(m, 0, gbt4754=())),
    ("产品1个", lambda m: with_leaf(m, 0, products={"独苗": ()})),
    ("产品21个", lambda m: with_leaf(m, 0, products={f"多{n}": () for n in range(21)})),
    ("过短", lambda m: with_leaf(m, 0, products={**m.leaves[0].products, "铝": ()})),
    ("过泛", lambda m: with_leaf(m, 0, products={**m.leaves[0].products, "某物": ("设备",)})),
    ("出现在多处", lambda m: with_leaf(m, 0, products=m.leaves[1].products)),
    ("没有归属环节", lambda m: with_leaf(m, 0, shared={"无主": "理由"})),
    ("未说明原因", lambda m: with_leaf(m, 0, shared={next(iter(m.leaves[1].products)): ""})),
    ("既列为产品又列为共用", lambda m: with_leaf(m, 0, shared={next(iter(m.leaves[0].products)): "理由"})),
    ("不存在", lambda m: with_flow(m, FlowRow(m.leaves[0].code, "JA-4999", "x", 2, ""))),
    ("重要程度", lambda m: with_flow(m, FlowRow(m.leaves[0].code, m.leaves[5].code, "x", 4, ""))),
    ("重复", lambda m: with_flow(m, m.flows[0])),
    ("孤立", lambda m: replace(m, flows=m.flows[:-1])),
    ("也未说明外部来源", lambda m: with_leaf(m, 0, fed_from="")),
    ("成环而无说明", lambda m: with_flow(m, back(m))),
    ("成环而无说明", lambda m: with_flow(m, FlowRow(m.leaves[1].code, m.leaves[1].code, "自用", 1, ""))),
]


@pytest.mark.parametrize(("word", "spoil"), SPOILT)
def test_every_kind_of_fault_is_found(word: str, spoil: Spoil) -> None:
    found = faults((spoil(small_map()), small_map("JB")))
    assert any(word in fault for fault in found), found


def test_a_cycle_with_a_reason_is_allowed_and_flows_may_cross_chains() -> None:
    one, other = small_map(), small_map("JB")
    crossing = FlowRow(one.leaves[0].code, other.leaves[0].code, "料", 3, "")
    assert faults((with_flow(one, back(one, "废料回用"), crossing), other)) == []


def test_a_cycle_across_chains_is_found() -> None:
    one, other = small_map(), small_map("JB")
    there = FlowRow(one.leaves[0].code, other.leaves[0].code, "料", 3, "")
    home = FlowRow(other.leaves[2].code, one.leaves[0].code, "料", 3, "")
    assert any("成环" in fault for fault in faults((with_flow(one, there), with_flow(other, home))))


def test_a_file_with_a_missing_field_is_named(tmp_path: Path) -> None:
    file = tmp_path / "坏.yaml"
    file.write_text("code: JA\nname: 甲\ngroups: [{code: JA-11, name: 组}]\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"坏\.yaml.*stage"):
        load(file)


@pytest.mark.django_db
class TestLoading:
    def test_the_shipped_maps_load_once_and_export_and_import_unchanged(self, tmp_path: Path) -> None:
        assert load_maps(user=SYSTEM) == [one.name for one in shipped()]
        assert Segment.objects.filter(is_leaf=True).count() == sum(len(one.leaves) for one in shipped())
        assert SegmentFlow.objects.count() == sum(len(one.flows) for one in shipped())
        before = Change.objects.count()
        assert load_maps(user=SYSTEM) == []
        assert Change.objects.count() == before
        for slug in ("chains", "segments", "products", "segment-flows"):
            register = registry[slug]
            path = tmp_path / f"{slug}.csv"
            path.write_bytes(exporting.export(register, register.base(), exporting.exportable(register.bound), "csv"))
            plan = importing.make_plan(register, path, SYSTEM)
            assert [str(fault) for fault in plan.faults[:3]] == []
            assert [row.changes for row in plan.rows if row.changes][:3] == []
            assert set(plan.counts) == {importing.SAME}

    def test_a_new_version_writes_only_what_differs(self) -> None:
        maps = [small_map(), small_map("JB")]
        load_maps(user=SYSTEM, maps=maps)
        ids = dict(Segment.objects.values_list("code", "pk"))
        before = Change.objects.count()
        renamed = replace(with_leaf(maps[0], 4, name="新名"), version="v2")
        assert load_maps(user=SYSTEM, maps=[renamed, maps[1]]) == ["JA链"]
        assert dict(Segment.objects.values_list("code", "pk")) == ids
        assert Segment.objects.get(code=maps[0].leaves[4].code).name == "新名"
        made = Change.objects.order_by("pk")[before:]
        assert sorted(change.model for change in made) == ["chains.chain", "chains.segment"]

    def test_what_left_the_map_leaves_the_registers_with_what_was_computed_of_it(self, gazetteer: Any) -> None:
        one, other = small_map(), small_map("JB")
        load_maps(user=SYSTEM, maps=[one, other])
        gone = one.leaves[-1].code
        run = DiagnosisRun.objects.create(place=gazetteer["620100"])
        SegmentState.objects.create(run=run, segment=Segment.objects.get(code=gone), state="missing", firms=0)
        shorter = replace(
            one,
            version="v2",
            segments=one.segments[:-1],
            flows=tuple(f for f in one.flows if gone not in (f.source, f.target)),
        )
        load_maps(user=SYSTEM, maps=[shorter, other])
        assert not Segment.objects.filter(code=gone).exists()
        assert not Product.objects.filter(name__startswith=gone).exists()
        assert not SegmentFlow.objects.filter(target__code=gone).exists()

    def test_a_segment_on_which_people_decided_may_not_go(self, firms: Any) -> None:
        one, other = small_map(), small_map("JB")
        load_maps(user=SYSTEM, maps=[one, other])
        leaf = Segment.objects.get(code=one.leaves[-1].code)
        Placement.objects.create(enterprise=firms["甲"], segment=leaf, role="makes", confidence=1, state="confirmed")
        shorter = replace(one, version="v2", segments=one.segments[:-1], flows=one.flows[:-1])
        with pytest.raises(ValidationError, match=leaf.name):
            load_maps(user=SYSTEM, maps=[shorter, other])
        assert Segment.objects.filter(pk=leaf.pk).exists()
        assert Chain.objects.get(code="JA").map_version == "v1"

    def test_faulty_maps_are_not_loaded(self) -> None:
        with pytest.raises(ValidationError, match="未载入"):
            load_maps(user=SYSTEM, maps=[with_leaf(small_map(), 0, io_sector="43")])
        assert not Chain.objects.exists()

    def test_shared_products_carry_their_aliases_and_reason(self) -> None:
        one, other = small_map(), small_map("JB")
        name, words = next(iter(other.leaves[0].products.items()))
        load_maps(user=SYSTEM, maps=[with_leaf(one, 0, shared={name: "两链共用"}), other])
        shared = Product.objects.get(name=name, segment__chain__code="JA")
        assert shared.aliases == list(words)
        assert shared.shared_reason == "两链共用"
