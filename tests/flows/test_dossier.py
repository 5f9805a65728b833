"""The chain's book: what it tells, whom it names, and when it refuses."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from lianpu.chains.models import Chain, Finding, Placement, Product, Segment, SegmentFlow
from lianpu.chains.services import diagnose_place
from lianpu.chains.services.references import keep_reference
from lianpu.desk.dossier import FORMS, write_dossier
from lianpu.desk.dossier.charts import CHART_TYPE
from lianpu.desk.dossier.tables import share_out
from lianpu.desk.dossier.wording import ordinal
from lianpu.enterprises.models import Enterprise, EnterpriseFigure
from lianpu.places.models import Place
from lianpu.register.models import Grant, Role
from lianpu.register.rights import SYSTEM

SEGMENTS = (
    ("C1", "单体", "upstream"),
    ("C2", "树脂", "midstream"),
    ("C3", "助剂", "midstream"),
    ("C4", "管材", "downstream"),
)
EAST, WEST = "东区塑料管材有限公司", "西区单体化工有限公司"
HEAD = "远方树脂有限公司"
ELSEWHERE, BRANCH, AT_HOME = "远方树脂股份有限公司", "远方树脂有限公司临江分公司", "本城树脂有限公司"


class City:
    """A city of two districts with a chain of four segments, of which the resin is missing, and its diagnosis."""

    def __init__(self) -> None:
        self.province = place("510000", "岷州省", "province", None)
        self.city = place("510100", "临江市", "city", self.province)
        self.east = place("510101", "东区", "district", self.city)
        self.west = place("510102", "西区", "district", self.city)
        self.chain = Chain.objects.create(code="C", name="塑料", map_version="v1", summary="从单体到管材。")
        self.segments: dict[str, Segment] = {}
        for at, (code, name, stage) in enumerate(SEGMENTS):
            group = Segment.objects.create(
                code=f"{code}-G", name=f"{name}类", chain=self.chain, stage=stage, is_leaf=False, order=at * 2
            )
            self.segments[code] = Segment.objects.create(
                code=code, name=name, chain=self.chain, parent=group, stage=stage, is_key=code == "C2", order=at * 2 + 1
            )
        for source, target, via in (("C1", "C2", "单体"), ("C3", "C2", "引发剂"), ("C2", "C4", "管材料")):
            SegmentFlow.objects.create(source=self.segments[source], target=self.segments[target], via=via, weight=3)
        Product.objects.create(segment=self.segments["C2"], name="聚氯乙烯树脂", aliases=["树脂"])
        self.firm(WEST, "C1", self.west)
        self.firm("西区助剂厂", "C3", self.west)
        self.firm(EAST, "C4", self.east)

    def firm(self, name: str, segment: str, at: Place, **facts: Any) -> Enterprise:
        number = Enterprise.objects.count()
        held = Enterprise.objects.create(
            uscc=f"91510100{number:010d}",
            name=name,
            name_key=name,
            place=at,
            capital_10k_cny=100 * (number + 1),
            **facts,
        )
        Placement.objects.create(enterprise=held, segment=self.segments[segment], role="makes", confidence=0.9)
        return held

    def reference(self, *, is_sample: bool = False) -> None:
        names = [
            ELSEWHERE,
            BRANCH,
            AT_HOME,
            *(f"外地{segment}厂{n}" for segment in ("C1", "C3", "C4") for n in range(3)),
        ]
        held = ["C2"] * 3 + ["C1"] * 3 + ["C3"] * 3 + ["C4"] * 3
        firms = pl.DataFrame(
            {
                "firm": range(len(names)),
                "name": names,
                "uscc": [""] * len(names),
                "province": ["岷州" if name == AT_HOME else "东海" for name in names],
                "city": ["临江" if name == AT_HOME else "滨海" for name in names],
            }
        )
        placements = pl.DataFrame({"firm": range(len(names)), "segment": held, "role": "makes", "confidence": 0.9})
        keep_reference(
            user=SYSTEM,
            name="对照",
            firms=firms,
            placements=placements,
            source_hash="abc",
            model_version="m1",
            is_sample=is_sample,
        )

    def book(self, form: str = "docx", user: Any = SYSTEM) -> bytes:
        return write_dossier(user=user, chain=self.chain, place=self.city, form=form)


def place(code: str, name: str, kind: str, parent: Place | None) -> Place:
    path = f"{parent.path if parent else '/'}{code}/"
    return Place.objects.create(
        code=code, name=name, short_name=name[:-1], full_name=path, kind=kind, parent=parent, path=path
    )


@pytest.fixture
def city(db: None, settings: Any, tmp_path: Path) -> City:
    settings.LIANPU_HOME = tmp_path
    return City()


@pytest.fixture
def diagnosed(city: City) -> City:
    city.reference()
    diagnose_place(user=SYSTEM, place=city.city)
    return city


@pytest.fixture
def person(city: City) -> Callable[..., Any]:
    """A user with one role, within a place."""

    def make(at: Place, actions: dict[str, list[str]], clears: list[str]) -> Any:
        user = get_user_model().objects.create_user(f"u{Role.objects.count()}", password="Ab3-xyz-99")
        role = Role.objects.create(code=f"r{Role.objects.count()}", name="经办", actions=actions, clears=clears)
        Grant.objects.create(user=user, role=role, place_path=at.path)
        return user

    return make


def words(body: bytes, form: str) -> str:
    """Every word of a book."""
    if form == "docx":
        return "".join(node.text or "" for node in Document(io.BytesIO(body)).element.body.iter(qn("w:t")))
    book = load_workbook(io.BytesIO(body))
    return "\n".join(
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None
    )


@pytest.mark.parametrize("form", FORMS)
def test_book_tells_segments_states_and_findings(diagnosed: City, form: str) -> None:
    told = words(diagnosed.book(form), form)
    for _, name, _ in SEGMENTS:
        assert name in told
    for mark, label in (("○", "缺失"), ("◑", "均衡"), ("●", "优势")):
        assert mark in told
        assert label in told
    finding = Finding.objects.get(segment=diagnosed.segments["C2"])
    assert finding.kind == "fill"
    assert finding.explanation.partition("：")[2] in told
    assert "招引“树脂”生产企业" in told
    assert f"可先与{EAST}对接采购意向" in told
    assert "75.0%（3/4）" in told
    assert "示例" not in told


def test_word_form_is_a_paper_of_seven_parts(diagnosed: City) -> None:
    document = Document(io.BytesIO(diagnosed.book()))
    parts = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 1"]
    assert [part[:2] for part in parts] == ["一、", "二、", "三、", "四、", "五、", "六、", "七、"]
    fields = [node.text.strip() for node in document.element.body.iter(qn("w:instrText"))]
    assert any(field.startswith("TOC") for field in fields)
    assert "SEQ 表" in " ".join(fields)
    assert "SEQ 图" in " ".join(fields)
    assert document.sections[0].header.paragraphs[0].text.startswith("临江市塑料产业链档案")
    assert "PAGE" in "".join(node.text for node in document.sections[0].footer._element.iter(qn("w:instrText")))
    assert {section.page_width > section.page_height for section in document.sections} == {True, False}
    lists = [table for table in document.tables if table.style and table.style.name == "档案表"]
    assert lists
    assert all(table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None for table in lists)
    for style in ("Normal", "Heading 1", "表格文字"):
        assert document.styles[style].element.rPr.rFonts.get(qn("w:eastAsia")) in {"仿宋", "黑体", "宋体"}
    assert document.styles["正文缩进两字"].element.pPr.ind.get(qn("w:firstLineChars")) == "200"


def test_charts_are_drawn_by_word_and_carry_their_data(diagnosed: City) -> None:
    body = diagnosed.book()
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        assert not [name for name in package.namelist() if name.startswith("word/media/")]
    charts = [part for part in Document(io.BytesIO(body)).part.package.iter_parts() if part.content_type == CHART_TYPE]
    assert len(charts) >= 2
    first = charts[0]
    (sheet,) = (link.target_part for link in first.rels.values())
    rows = list(load_workbook(io.BytesIO(sheet.blob)).active.iter_rows(values_only=True))
    assert rows[0] == (None, "○缺失", "◔薄弱", "◑均衡", "●优势")
    assert {row[0] for row in rows[1:]} == {"上游", "中游", "下游"}
    assert sum(sum(row[1:]) for row in rows[1:]) == len(SEGMENTS)
    assert {row[0]: row[1] for row in rows[1:]} == {"上游": 0, "中游": 1, "下游": 0}


def test_promotion_targets_are_firms_elsewhere_that_can_invest(diagnosed: City) -> None:
    sheet = load_workbook(io.BytesIO(diagnosed.book("xlsx")))["招商目标"]
    rows = [row for row in sheet.iter_rows(min_row=5, values_only=True) if row[0]]
    found = [(row[1], row[3], row[5], row[6]) for row in rows]
    assert found == [("树脂", ELSEWHERE, "东海", "滨海"), ("树脂", HEAD, "东海", "滨海")]
    assert "名称即含该产品" in rows[0][7]
    assert f"据其分支{BRANCH}" in rows[1][7]


@pytest.mark.parametrize("form", FORMS)
def test_without_a_reference_the_book_says_that_nothing_was_compared(city: City, form: str) -> None:
    diagnose_place(user=SYSTEM, place=city.city)
    told = words(city.book(form), form)
    assert "未与任何总体比较" in told
    assert ELSEWHERE not in told


def test_workbook_has_a_sheet_a_list_and_takes_text_for_text(diagnosed: City) -> None:
    diagnosed.firm("=1+1", "C4", diagnosed.east)
    diagnose_place(user=SYSTEM, place=diagnosed.city)
    book = load_workbook(io.BytesIO(diagnosed.book("xlsx")))
    assert book.sheetnames == ["图谱状态", "图表", "健康度与对标", "诊断结论", "企业清单", "招商目标", "口径"]
    assert len(book["图表"]._charts) == 2
    assert all(book[name].freeze_panes for name in ("图谱状态", "诊断结论", "企业清单", "招商目标"))
    named = {cell.value: cell.data_type for (cell,) in book["企业清单"].iter_rows(min_row=5, min_col=2, max_col=2)}
    assert named["=1+1"] == "s"


def test_a_name_with_control_characters_does_not_break_the_paper(diagnosed: City) -> None:
    diagnosed.firm("管\x0b材\x01<厂>&", "C4", diagnosed.east)
    assert "管材<厂>&" in words(diagnosed.book(), "docx")


@pytest.mark.parametrize("form", FORMS)
def test_sample_firms_mark_the_whole_book_and_themselves(city: City, form: str) -> None:
    city.firm("虚构管材有限公司", "C4", city.east, is_sample=True)
    city.reference()
    diagnose_place(user=SYSTEM, place=city.city)
    told = words(city.book(form), form)
    assert "【示例】" in told
    assert "不得作为决策依据" in told
    assert "虚构管材有限公司（示例）" in told


def test_a_sample_reference_marks_the_book(city: City) -> None:
    city.reference(is_sample=True)
    diagnose_place(user=SYSTEM, place=city.city)
    told = words(city.book(), "docx")
    assert "【示例】" in told
    assert f"{ELSEWHERE}（示例）" in told


@pytest.mark.parametrize("form", FORMS)
def test_firms_outside_the_scope_are_counted_but_not_named(
    diagnosed: City, person: Callable[..., Any], form: str
) -> None:
    told = words(diagnosed.book(form, person(diagnosed.east, {"*": ["*"]}, [])), form)
    assert EAST in told
    assert WEST not in told
    assert "西区助剂厂" not in told
    assert "另有2家" in told


@pytest.mark.parametrize("form", FORMS)
def test_who_may_look_but_not_export_gets_no_names(diagnosed: City, person: Callable[..., Any], form: str) -> None:
    told = words(diagnosed.book(form, person(diagnosed.city, {"*": ["view"]}, [])), form)
    assert "树脂" in told
    assert EAST not in told
    assert WEST not in told


def test_who_may_not_see_findings_gets_no_book(diagnosed: City, person: Callable[..., Any]) -> None:
    with pytest.raises(PermissionDenied):
        diagnosed.book(user=person(diagnosed.city, {"enterprises": ["*"]}, []))


@pytest.mark.parametrize(("clears", "seen"), [(["figures"], True), ([], False)])
def test_revenue_is_for_those_cleared_for_figures(
    diagnosed: City, person: Callable[..., Any], clears: list[str], seen: bool
) -> None:
    firm = Enterprise.objects.get(name=WEST)
    EnterpriseFigure.objects.create(enterprise=firm, indicator="revenue_10k_cny", period="2021", value=7654321)
    body = diagnosed.book("xlsx", person(diagnosed.city, {"*": ["*"]}, clears))
    assert ("7654321" in words(body, "xlsx")) is seen
    first = load_workbook(io.BytesIO(body))["企业清单"]["B5"].value
    assert (first == WEST) is seen  # the largest by revenue where known, else by capital


def test_rejected_and_unsure_placements_are_not_listed(diagnosed: City) -> None:
    Placement.objects.filter(enterprise__name=EAST).update(state=Placement.Decision.REJECTED)
    Placement.objects.filter(enterprise__name=WEST).update(confidence=0.3)
    diagnose_place(user=SYSTEM, place=diagnosed.city)
    sheet = load_workbook(io.BytesIO(diagnosed.book("xlsx")))["企业清单"]
    assert [row[1] for row in sheet.iter_rows(min_row=5, values_only=True) if row[0]] == ["西区助剂厂"]


def test_the_forms_that_do_not_exist_are_refused_in_words(diagnosed: City) -> None:
    with pytest.raises(ValidationError, match=r"pdf.*docx、xlsx"):
        diagnosed.book("pdf")


@pytest.mark.parametrize("form", FORMS)
def test_without_a_diagnosis_the_command_to_run_is_told(city: City, form: str) -> None:
    with pytest.raises(ValidationError, match="lianpu diagnose --place 510100"):
        city.book(form)


def test_a_chain_that_came_after_the_diagnosis_asks_for_a_new_one(diagnosed: City) -> None:
    late = Chain.objects.create(code="D", name="新链")
    with pytest.raises(ValidationError, match=r"新链.*lianpu diagnose --place 510100"):
        write_dossier(user=SYSTEM, chain=late, place=diagnosed.city, form="docx")


lengths = st.lists(st.lists(st.integers(2, 14), min_size=1, max_size=16), min_size=1, max_size=5)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(lengths, min_size=1, max_size=4))
def test_the_map_shares_its_whole_width_among_the_stages(stages: list[list[list[int]]]) -> None:
    abreast = share_out(stages)
    assert len(abreast) == len(stages)
    assert min(abreast) >= 1
    assert 8 <= sum(abreast) <= 10


@pytest.mark.parametrize(("number", "said"), [(1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (41, "四十一")])
def test_ordinals_are_said_the_chinese_way(number: int, said: str) -> None:
    assert ordinal(number) == said


@pytest.mark.parametrize("form", FORMS)
def test_who_could_supply_whom_is_listed_for_what_is_to_be_strengthened(
    diagnosed: City, person: Callable[..., Any], form: str
) -> None:
    diagnosed.firm("东区树脂厂", "C2", diagnosed.east)
    diagnose_place(user=SYSTEM, place=diagnosed.city)
    assert Finding.objects.filter(kind="strengthen", segment__code="C2").exists()
    told = words(diagnosed.book(form), form)
    assert "本地供需配对" in told
    assert "强链位次在前" in told
    clerk = person(diagnosed.west, {"*": ["view", "export"]}, [])
    assert "强链位次在前" not in words(diagnosed.book(form, clerk), form), "the firms of another district"
