"""Every register of the house passes the suite that the kit gives; ``tests/architecture`` sees that none is left out."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from lianpu.enterprises.identity import make_uscc
from lianpu.register.testing import ComputedSuite, RegisterSuite, SensitiveColumns

A, B, C, D = (make_uscc("620102", serial) for serial in range(501, 505))


class TestPlaces(RegisterSuite):
    slug = "places"
    rows = [
        {
            "code": code,
            "name": name,
            "short_name": short,
            "full_name": full,
            "kind": "县区级",
            "path": f"/100000/620000/620100/{code}/",
            "longitude": "103.5",
            "latitude": 36.0611,
            "note": note,
        }
        for code, name, short, full, note in [
            ("620191", "甲区", "甲", "甘肃省兰州市甲区", "测试用"),
            ("620192", "乙区", "乙", "甘肃省兰州市乙区", "=1+1"),
            ("620193", "丙区", "丙", "甘肃省兰州市丙区", ""),
        ]
    ]
    bad_cells = {
        "kind": "乡级",
        "parent": "并无此地",
        "longitude": "东经",
        "code": "1234567890123",
        "full_name": "甘肃省兰州市甲区",
    }
    change = ("note", "更名")


class TestEnterprises(RegisterSuite):
    slug = "enterprises"
    rows = [
        {
            "name": "示例甲铝业有限公司",
            "uscc": A,
            "place": "甘肃省金昌市金川区",
            "address": "甘肃省金昌市金川区新华路1号",
            "founded": "2021-03-15",
            "kind": "有限责任公司",
            "industry_code": "3216",
            "capital_text": "1000万人民币",
            "capital_10k_cny": "1,000",
            "scope": "电解铝的生产、销售（依法须经批准的项目除外）\n第二行",
            "status": "存续",
            "is_sample": "是",
        },
        {
            "name": "示例乙炭素有限公司",
            "uscc": B,
            "place": "620103",
            "founded": "2020年1月",
            "capital_10k_cny": "1.2亿",
            "scope": "=HYPERLINK(1)",
            "status": "停业",
            "is_sample": "是",
        },
        {
            "name": "示例丙商贸有限公司",
            "uscc": C,
            "place": "甘肃省兰州市城关区",
            "zone": "兰州新区",
            "address": "-",
            "founded": "43905",
            "capital_10k_cny": "0.0001",
            "scope": "'=已加撇号的文字",
        },
    ]
    bad_cells = {
        "uscc": A[:-1] + ("0" if A[-1] != "0" else "1"),
        "place": "并无此地",
        "founded": "去年",
        "capital_10k_cny": "12345678901234567890",
        "industry_code": "32160",
        "status": "歇业",
        "is_sample": "也许",
        "scope": "文字已坏�",
    }
    change = ("scope", "铝锭的生产")

    @pytest.fixture
    def surroundings(self, gazetteer: Mapping[str, Any]) -> None:
        """Places."""


class TestEnterpriseNames(RegisterSuite):
    slug = "enterprise-names"
    rows = [
        {"enterprise": "示例己铝业有限公司", "name": "示例己冶炼厂", "kind": "曾用名"},
        {"enterprise": "示例甲铝业有限公司", "name": "甲铝", "kind": "简称"},
        {"enterprise": "示例乙炭素有限公司", "name": "乙炭素厂", "kind": "曾用名"},
    ]
    bad_cells = {"enterprise": "并无此企业", "kind": "艺名", "name": "长" * 201}
    change = ("kind", "别名")

    @pytest.fixture
    def surroundings(self, firms: Mapping[str, Any]) -> None:
        """Firms."""


class TestEnterpriseFigures(RegisterSuite, SensitiveColumns):
    slug = "enterprise-figures"
    rows = [
        {
            "enterprise": "示例己铝业有限公司",
            "indicator": "主营业务收入（万元）",
            "period": "2021",
            "value": "33,012.5",
        },
        {"enterprise": "示例甲铝业有限公司", "indicator": "主营业务收入（万元）", "period": "2021", "value": "44012"},
        {"enterprise": "示例甲铝业有限公司", "indicator": "从业人员（人）", "period": "2021", "value": "321"},
        {"enterprise": "示例乙炭素有限公司", "indicator": "税收（万元）", "period": "2021-06", "value": "0.0001"},
    ]
    bad_cells = {"enterprise": "并无此企业", "indicator": "利润", "value": "很多", "period": "那一年"}
    change = ("value", "34000")

    @pytest.fixture
    def surroundings(self, firms: Mapping[str, Any]) -> None:
        """Firms."""


class TestEnterpriseMerges(ComputedSuite):
    slug = "enterprise-merges"

    @pytest.fixture
    def surroundings(self, firms: Mapping[str, Any]) -> None:
        from lianpu.enterprises.models import EnterpriseMerge

        for number, (firm, code, why) in enumerate([("己", A, "同一家"), ("丁", B, ""), ("甲", C, "重复登记")]):
            EnterpriseMerge.objects.create(
                old_id=9000 + number,
                old_uscc=code,
                old_name=f"示例旧{firm}有限公司",
                into=firms[firm],
                act=number,
                by="王某",
                at=dt.datetime(2026, 3, number + 1, 8, 30, tzinfo=dt.UTC),
                why=why,
            )


class TestChains(RegisterSuite):
    slug = "chains"
    rows = [
        {"code": "JA", "name": "甲链", "name_en": "Chain A", "tier": "支柱", "summary": "甲", "order": "1"},
        {"code": "JB", "name": "乙链", "tier": "培育", "summary": "第一行\n第二行", "order": "2"},
        {"code": "JC", "name": "丙链", "order": "3"},
    ]
    bad_cells = {"order": "40000", "code": "过长的代码", "name": "长" * 41}
    change = ("tier", "千亿级")


class TestSegments(RegisterSuite):
    slug = "segments"
    rows = [
        {
            "code": code,
            "name": name,
            "chain": chain,
            "stage": "中游",
            "is_leaf": "是",
            "is_key": key,
            "filled_by": "生产",
            "gbt4754": "3216、3252",
            "io_sector": "14",
            "fed_from": "外购",
            "order": "90",
        }
        for code, name, chain, key in [
            ("LV-2190", "高纯铝", "铝业", "√"),
            ("LV-2191", "再生铝", "LV", "×"),
            ("QC-3190", "专用车", "汽车", "否"),
        ]
    ]
    bad_cells = {"chain": "并无此链", "parent": "XX-99", "stage": "河边", "is_key": "也许", "order": "-1"}
    change = ("name", "改名的环节")

    @pytest.fixture
    def surroundings(self, two_chains: Mapping[str, Any]) -> None:
        from lianpu.chains.models import Product, Segment, SegmentFlow

        for model in (SegmentFlow, Product):
            model.objects.all().delete()
        Segment.objects.filter(is_leaf=True).delete()
        Segment.objects.all().delete()


class TestProducts(RegisterSuite):
    slug = "products"
    rows = [
        {"name": "铝电解多功能天车", "aliases": "多功能天车；铝用天车", "segment": "LV-2101", "shared_reason": ""},
        {"name": "铝合金门窗型材", "aliases": "门窗型材", "segment": "铝型材"},
        {"name": "铝制电池壳", "aliases": "", "segment": "QC-1101"},
    ]
    bad_cells = {"segment": "XX-0000", "name": "长" * 61}
    change = ("aliases", "多功能天车、电解天车")

    @pytest.fixture
    def surroundings(self, two_chains: Mapping[str, Any]) -> None:
        from lianpu.chains.models import Product

        Product.objects.all().delete()


class TestSegmentFlows(RegisterSuite):
    slug = "segment-flows"
    rows = [
        {"source": "LV-1101", "target": "LV-2101", "via": "氧化铝", "weight": "不可缺", "note": "管道"},
        {"source": "LV-2101", "target": "LV-3101", "via": "铝液", "weight": "2"},
        {"source": "QC-1101", "target": "QC-3101", "via": "轮毂", "weight": "有益"},
    ]
    bad_cells = {"source": "XX-0000", "weight": "4", "via": "长" * 61}
    change = ("weight", "重要")

    @pytest.fixture
    def surroundings(self, two_chains: Mapping[str, Any]) -> None:
        from lianpu.chains.models import SegmentFlow

        SegmentFlow.objects.all().delete()


class TestPlacements(ComputedSuite):
    slug = "placements"

    @pytest.fixture
    def surroundings(self, firms: Mapping[str, Any], two_chains: Mapping[str, Any]) -> None:
        from lianpu.chains.models import Placement

        span = {"start": 0, "end": 3, "text": "氧化铝", "activity": "makes", "source": "scope"}
        for firm, code, role, sure in [
            ("己", "LV-1101", "makes", 0.8731),
            ("丁", "LV-2101", "trades", 0.5),
            ("庚", "QC-1101", "makes", 0.91),
        ]:
            Placement.objects.create(
                enterprise=firms[firm], segment=two_chains[code], role=role, confidence=sure, evidence=[span]
            )


class TestOutsideFirms(ComputedSuite):
    slug = "outside-firms"

    @pytest.fixture
    def surroundings(self, firms: Mapping[str, Any]) -> None:
        from lianpu.chains.models import OutsideFirm

        for day, (letter, by) in enumerate([("己", "张三"), ("丁", "李四"), ("辛", "张三")], start=1):
            moment = dt.datetime(2026, 3, day, 9, tzinfo=dt.UTC)
            OutsideFirm.objects.create(enterprise=firms[letter], decided_by=by, decided_at=moment, why=f"第{day}号")


class TestPlacementModels(ComputedSuite):
    slug = "placement-models"

    @pytest.fixture
    def surroundings(self, db: None) -> None:
        from lianpu.chains.models import PlacementModel

        for day, (state, accuracy) in enumerate([("refused", 0.61), ("kept", 0.82), ("in_use", 0.9)], start=1):
            PlacementModel.objects.create(
                model_version=f"{day:016x}",
                file=f"placer-{day}.zip",
                state=state,
                trained_at=dt.datetime(2026, 3, day, 9, tzinfo=dt.UTC),
                trained_by="张三",
                firms=100 * day,
                labels=150 * day,
                outside=20 * day,
                accuracy=accuracy,
                accuracy_used=0.8,
                maps="0" * 12,
            )


class TestReferences(ComputedSuite):
    slug = "references"

    @pytest.fixture
    def surroundings(self, db: None) -> None:
        from lianpu.chains.models import Reference

        for name, rows in [("全国抽样", 200_000), ("甘肃", 13_910), ("示例对照", 5_000)]:
            Reference.objects.create(
                name=name, file=f"{name}.parquet", rows=rows, placed=rows // 3, source_hash="0" * 64, model_version="1"
            )


@pytest.fixture
def reference_rows(two_chains: Mapping[str, Any]) -> None:
    """Three firms of a reference, each on a segment."""
    from lianpu.chains.models import Reference, ReferenceFirm, ReferencePlacement

    kept = Reference.objects.create(
        name="全国抽样", file="a.parquet", rows=3, placed=3, source_hash="0" * 64, model_version="1"
    )
    for name, city, code in [("甲厂", "佛山", "LV-2101"), ("乙厂", "温州", "LV-2102"), ("丙厂", "苏州", "QC-3101")]:
        firm = ReferenceFirm.objects.create(reference=kept, name=name, province="某省", city=city)
        ReferencePlacement.objects.create(firm=firm, segment=two_chains[code], role="makes", confidence=0.9)


class TestReferenceFirms(ComputedSuite):
    slug = "reference-firms"

    @pytest.fixture
    def surroundings(self, reference_rows: None) -> None:
        """Three firms."""


class TestReferencePlacements(ComputedSuite):
    slug = "reference-placements"

    @pytest.fixture
    def surroundings(self, reference_rows: None) -> None:
        """Three placements."""


@pytest.fixture
def run(gazetteer: Mapping[str, Any]) -> Any:
    from lianpu.chains.models import DiagnosisRun

    made = [
        DiagnosisRun.objects.create(
            place=gazetteer[code], by="boss", rules={"min_confidence": 0.5}, firms=firms, is_latest=firms != 3
        )
        for code, firms in [("620300", 3), ("620300", 4), ("620100", 7)]
    ]
    return made[-1]


class TestDiagnosisRuns(ComputedSuite):
    slug = "diagnosis-runs"

    @pytest.fixture
    def surroundings(self, run: Any) -> None:
        """Three runs."""


class TestSegmentStates(ComputedSuite):
    slug = "segment-states"

    @pytest.fixture
    def surroundings(self, run: Any, two_chains: Mapping[str, Any]) -> None:
        from lianpu.chains.models import SegmentState

        for code, state, firms, lq in [
            ("LV-1101", "weak", 1, 0.4444),
            ("LV-2101", "strong", 12, 2.125),
            ("QC-3101", "missing", 0, None),
        ]:
            SegmentState.objects.create(
                run=run,
                segment=two_chains[code],
                state=state,
                firms=firms,
                lq=lq,
                above_scale=firms or None,
                basis="lq",
            )


class TestFindings(ComputedSuite):
    slug = "findings"

    @pytest.fixture
    def surroundings(self, run: Any, two_chains: Mapping[str, Any]) -> None:
        from lianpu.chains.models import Finding

        for code, kind, state, rank, score in [
            ("LV-1101", "fill", "missing", 1, 0.71234),
            ("LV-2101", "strengthen", "weak", 2, 0.5),
            ("QC-3101", "extend", "missing", 1, 0.25),
        ]:
            segment = two_chains[code]
            Finding.objects.create(
                run=run,
                chain=segment.chain,
                segment=segment,
                place=run.place,
                kind=kind,
                state=state,
                rank=rank,
                score=score,
                parts=[{"name": "need", "value": 0.5, "weight": 0.3}],
                evidence={"segments": [code], "firms": [], "flows": []},
                explanation=f"{segment.name}需要补上",
            )
