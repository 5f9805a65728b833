"""A scenario as a workbook: its projects, and before and after of everything that the page shows."""

from collections.abc import Iterator, Sequence
from io import BytesIO

from lianpu.desk.scenario.outcome import Outcome, investment_of
from lianpu.register.exporting import write_book

Sheet = tuple[str, Sequence[str], list[list[object]]]


def workbook(outcome: Outcome, name: str = "", why: str = "") -> bytes:
    """The .xlsx file; words are those of the register, whatever language the page was read in."""
    out = BytesIO()
    write_book(out, _sheets(outcome, name, why))
    return out.getvalue()


def _sheets(outcome: Outcome, name: str, why: str) -> Iterator[Sheet]:
    run = outcome.run
    about: list[list[object]] = [
        ["情景", name or "未保存"],
        ["理由", why],
        ["诊断", f"{run.place.full_name} 第{run.pk}号（{run.at:%Y-%m-%d}），对照 {run.reference or '无'}"],
        ["说明", "假定所选项目均按所报环节投产，其余不变；推演不改动任何登记。"],
        ["项目数", len(outcome.arrivals)],
        ["总投资与签约额（万元）", outcome.investment],
        ["达产年产值（万元）", outcome.output],
        ["填报产值的项目数", outcome.stated],
        ["已有环节（前）", outcome.filled[0]],
        ["已有环节（后）", outcome.filled[1]],
        ["全部环节", outcome.filled[2]],
        ["投入产出表", str(outcome.drawn.table or "未载入")],
    ]
    if outcome.chosen.unknown:
        about.append(["台账上找不到的编号", "、".join(outcome.chosen.unknown)])
    yield "说明", ["项目", "内容"], about
    yield (
        "所选项目",
        ["编号", "项目", "业主或投资方", "环节", "阶段", "投资（万元）", "达产年产值（万元）"],
        [
            [
                one.item.code,
                one.item.name,
                one.owner,
                "、".join(f"{segment.name}（{segment.code}）" for segment in one.segments),
                one.item.get_stage_display(),
                investment_of(one),
                one.output,
            ]
            for one in outcome.arrivals
        ],
    )
    yield (
        "环节变化",
        ["产业链", "环节代码", "环节", "原状态", "新状态", "原企业数", "新企业数", "由哪些项目"],
        [
            [
                one.segment.chain.name,
                one.segment.code,
                one.segment.name,
                one.told[0][2],
                one.told[1][2],
                one.firms_before,
                one.firms_after,
                "、".join(arrival.item.name for arrival in one.arrivals) or "无（其他企业增加，占比相对变化）",
            ]
            for one in outcome.segments
        ],
    )
    yield (
        "健康度变化",
        ["产业链", "指标", "原分子", "原分母", "新分子", "新分母", "变化（百分点）", "新增环节", "减去环节"],
        [
            [
                one.chain.name,
                one.label,
                *one.before[:2],
                *one.after[:2],
                None if one.points is None else round(one.points, 2),
                "、".join(segment.name for segment in one.gained),
                "、".join(segment.name for segment in one.lost),
            ]
            for one in outcome.health
        ],
    )
    words = {"answered": "不再成立", "new": "新出现", "moved": "位次变动"}
    yield (
        "结论变化",
        ["产业链", "环节", "类别", "变化", "原位次", "新位次", "说明"],
        [
            [one.chain.name, one.segment.name, one.kind_word, words[one.change], one.rank_before, one.rank_after, one.words]
            for one in outcome.findings
        ],
    )  # fmt: skip
    yield (
        "要素需求",
        ["要素", "需求量", "已落实", "尚缺", "填报的项目数", "所选项目数"],
        [
            [one.label, one.needed, one.secured, one.lacking, one.stated, len(outcome.chosen.projects)]
            for one in outcome.factors
        ],
    )
    yield (
        "投入拉动",
        [
            "部门",
            "名称",
            "新增产值（万元）",
            "直接投入（万元）",
            "完全拉动（万元）",
            "占该部门产出",
            "本地已有环节",
            "本地缺失环节",
        ],
        [
            [
                one.sector,
                one.label,
                round(one.added, 2),
                round(one.direct, 2),
                round(one.total, 2),
                None if one.of_output is None else round(one.of_output, 8),
                "、".join(segment.name for segment in one.present),
                "、".join(segment.name for segment in one.absent),
            ]
            for one in outcome.draws
        ],
    )
