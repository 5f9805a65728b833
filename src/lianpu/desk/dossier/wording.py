"""The sentences of a dossier that are no list: overall judgement, notes on method, numbers in words."""

from collections.abc import Sequence

from lianpu.chains.models import State
from lianpu.chains.wording import PART_MEANINGS, PART_NAMES
from lianpu.desk.dossier.facts import Advice, Book, Row

_DIGITS = "零一二三四五六七八九"


def ordinal(number: int) -> str:
    """1..99 in Chinese: 一, 十, 十二, 二十一."""
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十") + (_DIGITS[ones] if ones else "")


def number(value: float | None, places: int = 2) -> str:
    """A figure for a table; a dash where there is none."""
    return "—" if value is None else f"{value:,.{places}f}"


def expected(value: float | None) -> str:
    """An expected number of firms: whole from ten on, and never a bare zero for what is only rare."""
    if value is not None and 0 < value < 0.05:
        return "<0.1"
    return number(value, 0 if value is not None and value >= 10 else 1)


def quotient(row: Row) -> str:
    """Location quotient with its interval: 0.29（0.01–1.40）."""
    state = row.state
    if state.lq is None:
        return "—"
    if state.lq_low is None:
        return number(state.lq)
    high = "∞" if state.lq_high is None else number(state.lq_high, 2 if state.lq_high < 100 else 0)
    return f"{number(state.lq)}（{number(state.lq_low)}–{high}）"


def share(part: float, whole: float) -> str:
    """61.7%（37/60）."""
    return f"{part / whole:.1%}（{part:g}/{whole:g}）" if whole else "—"


def quoted(names: Sequence[str]) -> str:
    return "".join(f"“{name}”" for name in names)


# -- 一、总体判断 ----------------------------------------------------------------------------------
def judgement(book: Book) -> list[str]:
    """The paragraphs of the overall judgement; the first begins with the verdict."""
    return [text for text in (_verdict(book), _strengths(book), _gaps(book), _urgent(book)) if text]


def _verdict(book: Book) -> str:
    figures = book.figures
    filled, segments = figures["filled"], figures["segments"]
    stages = "、".join(f"{stage}{sum(numbers)}个" for stage, numbers in book.stage_states)
    compared = f"以{book.reference_name}（{book.run.reference.rows}家企业）为对照，" if book.run.reference else ""
    return (
        f"{book.place.name}{book.chain.name}产业链{_degree(figures['weighted_rate'])}。图谱共设末级环节{segments}个（{stages}）。{compared}"
        f"现有{filled}个环节有企业布局，涉及企业{figures['firms']}家；环节完整度为{share(filled, segments)}，"
        f"按关键程度加权的完整度为{share(figures['weight_filled'], figures['weight'])}，"
        f"有区位优势或规上企业的环节占{share(figures['strong_or_large'], segments)}。"
        f"其中优势环节{_count(book, State.STRONG)}个、均衡{_count(book, State.BALANCED)}个、"
        f"薄弱{_count(book, State.WEAK)}个、缺失{_count(book, State.MISSING)}个。"
    )


def _degree(rate: float) -> str:
    if rate >= 0.8:
        return "环节基本齐备，重点在做强"
    if rate >= 0.5:
        return "骨架已具备，缺口较多"
    if rate >= 0.2:
        return "布局零散，断点较多"
    return "尚处起步阶段，多数环节有待建立"


def _count(book: Book, state: State) -> int:
    return len(book.by_state[state])


def _strengths(book: Book) -> str:
    by_code = {row.segment.code: row for row in book.rows}
    strongest = [by_code[code] for code in book.figures.get("strongest") or [] if code in by_code]
    if not strongest:
        return "目前没有区位商达到优势线的环节，宜先集中力量培育一两个有基础的环节。"
    told = "、".join(f"“{row.segment.name}”（{row.state.firms}家，区位商{number(row.state.lq)}）" for row in strongest)
    if all(row.state.sure for row in strongest):
        return f"优势主要在{told}，区位商区间均在1以上，判断可靠。"
    doubt = "其中部分" if any(row.state.sure for row in strongest) else "但这些"
    return f"优势主要在{told}。{doubt}环节企业家数不多，区位商的区间仍包含1，是否真为优势宜以产值数据印证。"


def _gaps(book: Book) -> str:
    missing = [row for row in book.rows if row.state.state == State.MISSING]
    if not missing:
        return "各环节均有企业布局，没有空白环节。"
    most, numbers = max(book.stage_states, key=lambda item: item[1][0])
    key = [row.segment.name for row in missing if row.segment.is_key]
    text = f"缺失环节以{most}为多（{numbers[0]}个，占{most}{sum(numbers)}个环节的{numbers[0] / sum(numbers):.0%}）"
    if key:
        text += f"，其中关键环节{len(key)}个：{quoted(key[:6])}{'等' if len(key) > 6 else ''}"
    figures = book.figures
    if figures.get("breaks"):
        text += (
            f"。缺失环节连成{figures['empty_runs']}片，有{figures['breaks']}片处在已有环节之间的供应通道上，构成断点"
        )
    return text + "。"


def _urgent(book: Book) -> str:
    if not book.advice:
        return ""
    top = book.advice[:3]
    items = "；".join(f"{_digit(at)}是{_short(one)}" for at, one in enumerate(top, start=1))
    counts = "、".join(
        f"{label}{n}项"
        for label, n in (
            (label, sum(one.finding.kind == kind for one in book.advice))
            for kind, label in (("fill", "补链"), ("extend", "延链"), ("strengthen", "强链"))
        )
        if n
    )
    urgent = "最迫切的一项" if len(top) == 1 else f"最迫切的{_digit(len(top))}项"
    return f"诊断共提出建议{len(book.advice)}项（{counts}）。{urgent}：{items}。"


def _digit(value: int) -> str:
    return ordinal(value)


def _short(one: Advice) -> str:
    """One finding in half a sentence."""
    finding, state = one.finding, one.row.state
    facts = {reason["code"]: reason for reason in finding.reasons}
    users = facts.get("feeds_present")
    want = f"，本地{users['firms']}家下游企业需要它" if users else ""
    if finding.state == State.MISSING:
        held = "本地尚无企业"
    elif state.firms == 1:
        held = "本地只有1家企业"
    else:
        held = f"本地有{state.firms}家企业"
    should = f"，按对照占比应有约{expected(state.expected)}家" if (state.expected or 0) >= 0.05 else ""
    return f"{finding.get_kind_display()}“{finding.segment.name}”（{held}{should}{want}）"


# -- 七、口径说明 ----------------------------------------------------------------------------------
def versions(book: Book) -> list[tuple[str, str]]:
    """What the book was made from, item by item."""
    run, reference = book.run, book.run.reference
    said = run.versions
    rows = [
        ("诊断", f"第{run.pk}号，{_when(book)}" + (f"，经办：{run.by}" if run.by else "")),
        ("地区", f"{book.place.full_name}（{book.place.code}）"),
        (
            "产业链图谱",
            f"{book.chain.name}，版本{said.get('maps', {}).get(book.chain.code) or book.chain.map_version or '未注明'}",
        ),
    ]
    if reference:
        rows.append(
            (
                "对照库",
                f"{reference.name}{'（示例）' if reference.is_sample else ''}：企业{reference.rows}家，挂上产业链{reference.placed}家",
            )
        )
        rows.append(
            ("对照库版本", f"{said.get('reference') or '未注明'}（挂链模型{said.get('reference_model') or '未注明'}）")
        )
    else:
        rows.append(("对照库", "无。未与任何总体比较，状态只依企业有无判定"))
    cuts = run.rules
    if cuts:
        rows.append(
            (
                "规则参数",
                f"薄弱线{cuts.get('weak_below')}，优势线{cuts.get('strong_from')}，挂链把握下限{cuts.get('min_confidence')}，"
                f"区间置信水平{cuts.get('level', 0):.0%}，集中度警戒线{cuts.get('thin_hhi')}，重要流向权重下限{cuts.get('link_weight')}",
            )
        )
    rows.append(("诊断时挂链企业", f"{run.firms}家（全部产业链），其中本链{book.figures.get('firms', 0)}家"))
    return rows


def _when(book: Book) -> str:
    from django.utils import timezone

    at = timezone.localtime(book.run.at)
    return f"{at.year}年{at.month}月{at.day}日"


def date_of(book: Book) -> str:
    """The day of the diagnosis in words."""
    return _when(book)


def method_notes(book: Book) -> list[tuple[str, str]]:
    """How to read the figures: label and text."""
    cuts = book.run.rules
    weak, strong = cuts.get("weak_below", 0.8), cuts.get("strong_from", 1.25)
    notes = [
        (
            "计数",
            "企业按经营范围自动挂链，从事该环节所要求的活动（如生产环节要求生产，只销售不计）且把握不低于下限的才计入；人工否定的不计。"
            "一家企业可在几个环节上各计一次。名单来自登记信息，用于对接前应逐户核实。",
        ),
        (
            "区位商",
            "本地该环节企业占本地挂链企业的比重，除以对照库的同一比重；大于1为相对集中。括号内为区间，家数越少区间越宽。应有数即按对照库比重推算的本地企业数。",
        ),
        (
            "状态",
            f"○缺失：没有企业；◔薄弱：区位商低于{weak}，或已知没有规上企业；●优势：区位商不低于{strong}（规上数据齐备时还须有规上企业）；◑均衡：介于其间。"
            "“待核”指区间跨过判断线，家数太少，尚不足以下结论。",
        ),
        ("集中度", "赫芬达尔指数（HHI），各企业份额的平方和，1为独家；规模未知时按各家相等计，是可能的最小值。"),
        ("完整度", "有企业的环节数与全部环节数之比；加权时关键环节计2、其余计1。各比率均列分子分母。"),
        (
            "得分",
            "各构成分量在0至1之间，按括号内权重加总，只用于排序："
            + "；".join(f"{PART_NAMES[k]}指{v}" for k, v in PART_MEANINGS.items())
            + "。",
        ),
    ]
    if book.gaps:
        notes.append(
            (
                "招商目标",
                "取自对照库中从事该缺失环节的外地公司（不含本市企业与分支机构），按挂链把握、名称是否即含该产品、是否专做、是否股份制或集团企业排序，"
                "每省至多三家。未核对其经营状况与投资意愿。",
            )
        )
    if book.withheld:
        notes.append(
            (
                "名单范围",
                f"企业名单只列您有权导出的企业，另有{book.withheld}家计入状态而未列名；各环节状态与家数按全地区计。",
            )
        )
    if book.has_sample:
        notes.append(("示例", "本档案含示例数据（标“示例”的企业或对照库系虚构），只供试用，不得作为决策依据。"))
    notes.append(
        ("局限", "现按企业家数判断，未计产值与产能；一家大企业与一家小企业同计一家，宜结合规上数据与行业专家意见使用。")
    )
    return notes
