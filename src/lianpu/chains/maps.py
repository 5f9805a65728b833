"""Chain maps as data: read the files of ``chains/data``, check them, name every fault.

``python -m lianpu.chains.maps`` prints all faults of the shipped maps and a count of what they hold.
"""

import hashlib
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parent / "data"
STAGES = ("upstream", "midstream", "downstream", "support")
ROLES = ("makes", "trades", "serves", "researches")
LEAVES, PRODUCTS = (25, 60), (5, 20)
# Words that any trader lists as a whole class of goods decide nothing.
TOO_GENERAL = frozenset(
    [
        "配件",
        "材料",
        "设备",
        "产品",
        "机械",
        "零件",
        "技术",
        "服务",
        "原料",
        "化工产品",
        "化工原料",
        "建筑材料",
        "建材",
        "五金",
        "五金交电",
        "机电产品",
        "机电设备",
        "电子产品",
        "金属材料",
        "食品",
        "百货",
        "日用百货",
        "矿产品",
        "农产品",
        "农副产品",
        "机械设备",
        "电器",
        "劳保用品",
        "办公用品",
    ]
)


@dataclass(frozen=True)
class SegmentRow:
    """One node of a map. A group has no products and is not a leaf."""

    code: str
    name: str
    chain: str
    parent: str
    stage: str
    is_leaf: bool
    is_key: bool = False
    filled_by: str = "makes"
    gbt4754: tuple[str, ...] = ()
    io_sector: str = ""
    fed_from: str = ""
    products: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FlowRow:
    source: str
    target: str
    via: str
    weight: int
    note: str


@dataclass(frozen=True)
class ChainMap:
    """One file: a chain, its segments in the file's order, and the flows it declares."""

    code: str
    name: str
    name_en: str
    tier: str
    summary: str
    version: str
    segments: tuple[SegmentRow, ...]
    flows: tuple[FlowRow, ...]

    @property
    def leaves(self) -> list[SegmentRow]:
        return [segment for segment in self.segments if segment.is_leaf]


ORDER = ("SH", "XC", "ZB", "DX", "YS", "JC", "YC", "SW", "XN", "HB", "QS", "QN")


@cache
def shipped() -> tuple[ChainMap, ...]:
    """The twelve maps that come with the system, in the city's order."""
    maps = [load(path) for path in sorted(DATA.glob("*.yaml"))]
    return tuple(sorted(maps, key=lambda one: (ORDER.index(one.code) if one.code in ORDER else len(ORDER), one.code)))


def load(path: Path) -> ChainMap:
    """Read one map; a missing field raises ``ValueError`` naming the file and the node."""
    data = path.read_bytes()
    raw = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 — safe, and ten times faster
    try:
        segments = tuple(_segments(raw))
        flows = tuple(
            FlowRow(str(f["from"]), str(f["to"]), str(f["via"]), int(f.get("weight", 2)), str(f.get("note", "")))
            for f in raw.get("flows") or []
        )
        return ChainMap(
            str(raw["code"]),
            str(raw["name"]),
            str(raw.get("name_en", "")),
            str(raw.get("tier", "")),
            str(raw.get("summary", "")).strip(),
            hashlib.sha256(data).hexdigest()[:12],
            segments,
            flows,
        )
    except KeyError as missing:
        raise ValueError(f"{path.name}: 缺少 {missing}") from missing


def _segments(raw: Mapping[str, Any]) -> Iterator[SegmentRow]:
    for group in raw["groups"]:
        yield SegmentRow(group["code"], group["name"], raw["code"], "", group["stage"], is_leaf=False)
        for one in group["segments"]:
            yield SegmentRow(
                code=one["code"],
                name=one["name"],
                chain=raw["code"],
                parent=group["code"],
                stage=group["stage"],
                is_leaf=True,
                is_key=bool(one.get("key", False)),
                filled_by=one.get("filled_by", "makes"),
                gbt4754=tuple(str(code) for code in one.get("gbt4754") or ()),
                io_sector=str(one["io"]),
                fed_from=str(one.get("fed_from") or ""),
                products={str(k): tuple(str(a) for a in v or ()) for k, v in (one.get("products") or {}).items()},
                shared={str(k): str(v or "") for k, v in (one.get("shared") or {}).items()},
            )


def faults(maps: tuple[ChainMap, ...]) -> list[str]:
    """Every rule that the maps break, in words; an empty list is a clean bill."""
    leaves = {leaf.code: leaf for one in maps for leaf in one.leaves}
    found = [fault for one in maps for fault in _shape(one)]
    found += _vocabulary(leaves)
    flows = [flow for one in maps for flow in one.flows]
    found += [
        f"流向 {f.source}→{f.target}（{f.via}）：环节 {end} 不存在"
        for f in flows
        for end in (f.source, f.target)
        if end not in leaves
    ]
    found += [f"流向 {f.source}→{f.target}（{f.via}）：重要程度应为1、2、3" for f in flows if f.weight not in (1, 2, 3)]
    twice = Counter((f.source, f.target, f.via) for f in flows)
    found += [f"流向 {a}→{b}（{via}）重复" for (a, b, via), n in twice.items() if n > 1]
    touched = {end for f in flows for end in (f.source, f.target)}
    fed = {f.target for f in flows}
    for leaf in leaves.values():
        if leaf.code not in touched:
            found.append(f"{leaf.code} {leaf.name}：孤立，没有任何流向")
        if leaf.code not in fed and not leaf.fed_from:
            found.append(f"{leaf.code} {leaf.name}：无来料，也未说明外部来源（fed_from）")
    found += [f"物料流成环而无说明（note）：{'→'.join(cycle)}" for cycle in _cycles(flows)]
    return found


def _shape(one: ChainMap) -> Iterator[str]:
    group_form, leaf_form = re.compile(rf"{one.code}-([1-4])\d"), re.compile(rf"{one.code}-[1-4]\d{{3}}")
    codes = Counter(segment.code for segment in one.segments)
    yield from (f"{code}：代码重复" for code, n in codes.items() if n > 1)
    if not LEAVES[0] <= len(one.leaves) <= LEAVES[1]:
        yield f"{one.code} {one.name}：末级环节{len(one.leaves)}个，应为{LEAVES[0]}–{LEAVES[1]}个"
    for stage in STAGES:
        if not any(segment.stage == stage for segment in one.segments):
            yield f"{one.code} {one.name}：没有 {stage} 的环节"
    for segment in one.segments:
        form = leaf_form if segment.is_leaf else group_form
        if not form.fullmatch(segment.code) or (segment.is_leaf and not segment.code.startswith(segment.parent)):
            yield f"{segment.code} {segment.name}：代码不合规则"
        if segment.stage not in STAGES or segment.filled_by not in ROLES:
            yield f"{segment.code} {segment.name}：stage 或 filled_by 不在选项之内"
        if not segment.is_leaf:
            continue
        if segment.stage in STAGES and segment.code[3] != str(STAGES.index(segment.stage) + 1):
            yield f"{segment.code} {segment.name}：代码首位与位置不符"
        if not re.fullmatch(r"0[1-9]|[1-3]\d|4[0-2]", segment.io_sector):
            yield f"{segment.code} {segment.name}：投入产出部门 {segment.io_sector} 不存在"
        if not segment.gbt4754 or any(not re.fullmatch(r"\d{3,4}", code) for code in segment.gbt4754):
            yield f"{segment.code} {segment.name}：国民经济行业代码缺失或不合规则"
        count = len(segment.products) + len(segment.shared)
        if not PRODUCTS[0] <= count <= PRODUCTS[1]:
            yield f"{segment.code} {segment.name}：产品{count}个，应为{PRODUCTS[0]}–{PRODUCTS[1]}个"


def _vocabulary(leaves: Mapping[str, SegmentRow]) -> Iterator[str]:
    homes: dict[str, list[str]] = defaultdict(list)
    for leaf in leaves.values():
        terms = [term for name, aliases in leaf.products.items() for term in (name, *aliases)]
        for term in terms:
            if len(term) < 2:
                yield f"{leaf.code} {leaf.name}：词“{term}”过短"
            # 建材, 金属材料 say nothing of what a works makes, and all of what their trade sells
            if term in TOO_GENERAL and leaf.filled_by != "trades":
                yield f"{leaf.code} {leaf.name}：词“{term}”过泛"
            homes[term].append(leaf.code)
    for term, codes in homes.items():
        if len(codes) > 1:
            yield f"产品或别名“{term}”出现在多处：{'、'.join(codes)}（保留一处，余处用 shared 说明原因）"
    names = {name for leaf in leaves.values() for name in leaf.products}
    for leaf in leaves.values():
        for name, reason in leaf.shared.items():
            if name not in names:
                yield f"{leaf.code} {leaf.name}：共用产品“{name}”没有归属环节"
            if not reason:
                yield f"{leaf.code} {leaf.name}：共用产品“{name}”未说明原因"
            if name in leaf.products:
                yield f"{leaf.code} {leaf.name}：“{name}”既列为产品又列为共用"


def _cycles(flows: list[FlowRow]) -> list[list[str]]:
    """One cycle for every knot of flows that bear no note (a noted flow closes a cycle on purpose)."""
    after: dict[str, list[str]] = defaultdict(list)
    for flow in flows:
        if not flow.note:
            after[flow.source].append(flow.target)
    done: set[str] = set()
    found = []
    for start in sorted(after):
        path: list[str] = []
        on_path: dict[str, int] = {}
        walk: list[tuple[str, Iterator[str]]] = []

        def enter(node: str, path: list[str] = path, on_path: dict[str, int] = on_path, walk: list[Any] = walk) -> None:
            on_path[node] = len(path)
            path.append(node)
            walk.append((node, iter(after.get(node, ()))))

        if start not in done:
            enter(start)
        while walk:
            node, rest = walk[-1]
            following = next(rest, None)
            if following is None:
                walk.pop()
                path.pop()
                del on_path[node]
                done.add(node)
            elif following in on_path:
                found.append([*path[on_path[following] :], following])
            elif following not in done:
                enter(following)
    return found


def main() -> int:
    """Print what the shipped maps hold and every fault; exit code 1 where there is one."""
    maps = shipped()
    for one in maps:
        products = sum(len(leaf.products) for leaf in one.leaves)
        terms = sum(1 + len(aliases) for leaf in one.leaves for aliases in leaf.products.values())
        print(
            f"{one.code} {one.name}: 环节{len(one.leaves)} 产品{products} 用词{terms} 流向{len(one.flows)} 版本{one.version}"
        )
    total = sum(len(leaf.products) for one in maps for leaf in one.leaves)
    wrong = faults(maps)
    print(f"合计: 链{len(maps)} 产品{total} 差错{len(wrong)}")
    for fault in wrong:
        print(fault)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
