"""A place beside cities of the reference and beside itself: within what the reader may see, each number with its rows."""

import datetime as dt
import io
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pytest
from click.testing import CliRunner
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from lianpu.chains.models import Chain, DiagnosisRun, ReferenceFirm, Segment
from lianpu.chains.services import diagnose_place, place_enterprises
from lianpu.chains.services.references import keep_reference, reference_frame
from lianpu.cli.main import main
from lianpu.desk.comparing import Comparison, compare
from lianpu.desk.comparing.result import Row
from lianpu.desk.dossier import write_dossier
from lianpu.enterprises.models import Enterprise
from lianpu.places.models import Place
from lianpu.register.declare import registry
from lianpu.register.listing import Listing, params_of
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant

# name, province, city, segments; the whole of 滨海 makes what 兰州 makes, 羊城 cars, 商城 sells
REFERENCE = [
    ("滨海铝厂", "东海", "滨海", ["LV-2101", "LV-1101"]),
    ("滨海二铝厂", "东海", "滨海", ["LV-2101"]),
    ("滨海炭素厂", "东海", "滨海", ["LV-2102"]),
    ("羊城整车厂", "岭南", "羊城", ["QC-3101"]),
    ("羊城二整车厂", "岭南", "羊城", ["QC-3101"]),
    ("浦东铝厂", "上海", "浦东", ["LV-2101"]),
    ("黄浦型材厂", "上海", "黄浦", ["LV-3101"]),
    ("滨海县铝厂", "江北", "滨海", ["LV-2101"]),
    ("商城铝业经营部", "岭南", "商城", []),
]


@pytest.fixture
def city(
    firms: Mapping[str, Enterprise], two_chains: Mapping[str, Segment], gazetteer: Mapping[str, Place], home: object
) -> DiagnosisRun:
    """兰州 with its firms placed, and diagnosed against nine firms of five cities."""
    place_enterprises(user=SYSTEM)
    numbered = list(enumerate(REFERENCE))
    rows = [(number, name, "", province, town) for number, (name, province, town, _codes) in numbered]
    stand = [(number, code, "makes", 0.9) for number, (*_who, codes) in numbered for code in codes]
    keep_reference(
        user=SYSTEM,
        name="对照",
        firms=pl.DataFrame(rows, schema=["firm", "name", "uscc", "province", "city"], orient="row"),
        placements=pl.DataFrame(
            [*stand, (8, "LV-2101", "trades", 0.9)], schema=["firm", "segment", "role", "confidence"], orient="row"
        ),
        source_hash="abc",
        model_version="m1",
        is_sample=False,
    )
    return diagnose_place(user=SYSTEM, place=gazetteer["620100"])


def of_chain(user: Any, run: DiagnosisRun, code: str = "LV", **asked: Any) -> Comparison:
    return compare(user, run, chain=Chain.objects.get(code=code), **asked)


def by_measure(found: Comparison) -> dict[str, Row]:
    return {row.measure: row for row in found.rows}


def told(row: Row) -> list[tuple[float | None, float | None]]:
    return [(cell.numerator, cell.denominator) for cell in row.cells]


def test_figures_of_the_place_stand_beside_those_of_the_cities(city: DiagnosisRun) -> None:
    found = of_chain(SYSTEM, city, asked=["东海滨海", "上海"])
    assert [(side.label, side.base) for side in found.sides] == [("兰州市", 5), ("东海滨海", 3), ("上海", 2)]
    rows = by_measure(found)
    assert told(rows["completeness"]) == [(4, 5), (3, 5), (2, 5)]
    assert (rows["completeness"].rank, rows["completeness"].of) == (1, 3)
    assert rows["completeness"].median == pytest.approx(0.5)
    assert told(rows["resilience_firms"]) == [(0, 4), (1, 3), (0, 2)]
    assert told(rows["innovation_research"]) == [(1, 4), (0, 3), (0, 2)]
    # 电解铝 needs alumina (3), anodes (3) and research (1); profiles need aluminium (3)
    assert told(rows["local_sourcing"]) == [(7, 10), (6, 7), (3, 10)]
    segments = {row.segment.code: row for row in found.segments}
    assert [cell.firms for cell in segments["LV-2101"].cells] == [1, 2, 1]
    assert [cell.firms for cell in segments["LV-1101"].cells] == [0, 1, 0]
    assert (segments["LV-1101"].have, segments["LV-1101"].asked, segments["LV-1101"].lacked) == (1, 2, False)


def opened(url: str, user: Any = SYSTEM) -> Listing:
    """The list that an address of a page opens, as this reader sees it."""
    at = urlsplit(url)
    return Listing(registry[at.path.strip("/")], user, params_of(QueryDict(at.query)))


def test_every_number_opens_to_just_its_rows(city: DiagnosisRun) -> None:
    for code in ("LV", "QC"):
        found = of_chain(SYSTEM, city, code, asked=["东海滨海", "上海", "羊城"], before=dt.date(2030, 1, 1))
        for side in found.sides:
            assert opened(side.base_url).count == side.base if side.base else side.kind == "before"
        for row in found.segments:
            assert all(opened(cell.url).count == cell.firms for cell in row.cells if cell.firms)
        for row in (one for one in found.rows if one.measure != "completeness_even"):
            for cell in row.cells:
                for number, url in ((cell.numerator, cell.numerator_url), (cell.denominator, cell.denominator_url)):
                    if not number:
                        continue
                    listed = opened(url)
                    if row.measure == "local_sourcing":
                        assert sum(listed.rows.values_list("weight", flat=True)) == number
                    else:
                        assert (listed.count, listed.errors) == (number, [])


def test_cities_most_alike_are_suggested_and_sellers_are_no_city_of_makers(
    city: DiagnosisRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lianpu.desk.comparing.result.LEAST_FIRMS", 2)
    found = compare(SYSTEM, city)
    assert [(one.key, one.firms) for one in found.cities] == [
        ("上海", 2), ("东海滨海", 3), ("岭南羊城", 2), ("江北滨海", 1),
    ]  # fmt: skip
    assert [one.key for one, _cosine in found.suggested] == ["上海", "东海滨海", "岭南羊城"]
    assert [side.key for side in found.peers] == ["上海", "东海滨海", "岭南羊城"]
    assert compare(SYSTEM, city, asked=[""]).peers == []


def test_a_city_is_found_by_its_name_and_an_ambiguous_one_is_asked_for_in_full(city: DiagnosisRun) -> None:
    found = compare(SYSTEM, city, asked=["羊城市", "滨海", "商城"])
    assert [side.key for side in found.peers] == ["岭南羊城"]
    assert found.problems == [
        "“滨海”可指多个城市：东海滨海、江北滨海。请写全。",
        "对照库里没有做产业链的城市“商城”，请从列表中选。",
    ]


def test_an_earlier_day_counts_firms_founded_by_then(
    city: DiagnosisRun, firms: Mapping[str, Enterprise], client: Client
) -> None:
    Enterprise.objects.filter(pk=firms["甲"].pk).update(founded=dt.date(2010, 5, 1))
    Enterprise.objects.filter(pk=firms["乙"].pk).update(founded=dt.date(2020, 5, 1))
    found = of_chain(SYSTEM, city, asked=[""], before=dt.date(2015, 1, 1))
    assert [side.kind for side in found.sides] == ["here", "before"]
    assert told(by_measure(found)["completeness"]) == [(4, 5), (1, 5)]
    assert (found.undated, found.anchor) == (3, dt.date(2020, 5, 1))
    assert opened(by_measure(found)["innovation_research"].cells[1].denominator_url).count == 1


def test_a_clerk_of_one_district_is_told_of_its_firms_alone(
    city: DiagnosisRun, gazetteer: Mapping[str, Place], client: Client
) -> None:
    clerk = grant("clerk", {"*": ["view", "export"]}, place_path=gazetteer["620111"].path)
    found = of_chain(clerk, city, asked=["上海"])
    assert told(by_measure(found)["completeness"]) == [(2, 5), (2, 5)]
    assert not found.whole
    assert opened(found.sides[0].base_url, clerk).count == found.sides[0].base == 2
    client.force_login(clerk)
    assert "只计您范围内" in client.get("/compare/?chain=LV").content.decode()


def test_whoever_sees_one_chain_compares_that_chain_alone(city: DiagnosisRun, client: Client) -> None:
    officer = grant("officer", {"*": ["view"]}, chain_code="QC")
    found = compare(officer, city, asked=["东海滨海", "羊城"])
    assert {row.chain.code for row in found.rows} == {"QC"}
    assert [side.key for side in found.peers] == ["岭南羊城"]  # 滨海 makes nothing of this chain
    # the aluminium that castings need is another chain's: its flow is not in the figure
    assert told(by_measure(found)["local_sourcing"])[0] == (None, None)
    client.force_login(officer)
    page = client.get("/compare/").content.decode()
    assert "汽车铝铸件" in page
    assert "铝业" not in page


def test_who_may_not_see_references_is_shown_no_city(city: DiagnosisRun) -> None:
    seen = ("placements", "segments", "segment-flows", "chains", "enterprises", "diagnosis-runs")
    found = of_chain(grant("narrow", {slug: ["view"] for slug in seen}), city)
    assert (found.peers, found.has_reference) == ([], False)
    assert told(by_measure(found)["completeness"]) == [(4, 5)]


def test_the_page_compares_names_what_is_missing_and_gives_its_tables_away(
    city: DiagnosisRun, admin_client: Client
) -> None:
    page = admin_client.get("/compare/?chain=LV&peer=东海滨海&add=羊城").content.decode()
    assert "岭南羊城" in page
    assert "规模不同" in page or "同等企业数" in page
    assert "中位数" in admin_client.get("/compare/?peer=上海").content.decode()
    assert "不是日期" in admin_client.get("/compare/?before=去年").content.decode()
    sheet = admin_client.get("/compare/figures.csv?chain=LV&peer=东海滨海").content
    rows = pl.read_csv(io.BytesIO(sheet)).rows(named=True)
    assert (rows[0]["指标"], rows[0]["兰州市分子"], rows[0]["东海滨海分子"], rows[0]["位次"]) == ("完整度", 4.0, 3.0, 1)
    listed = pl.read_csv(io.BytesIO(admin_client.get("/compare/segments.csv?chain=LV&peer=上海").content))
    assert dict(listed.select("代码", "上海企业数").iter_rows())["LV-3101"] == 1
    assert admin_client.get("/compare/segments.csv").status_code == 404
    panel = admin_client.get("/desk/LV/health/").content.decode()
    assert ">4</a>/" in panel
    assert "/desk/LV/health/" in admin_client.get("/desk/LV/").content.decode()


def test_files_ask_for_the_right_to_export(city: DiagnosisRun, client: Client) -> None:
    client.force_login(grant("reader", {"*": ["view"]}))
    assert client.get("/compare/?chain=LV").status_code == 200
    assert client.get("/compare/figures.xlsx").status_code == 403


def test_empty_states_say_what_to_do(city: DiagnosisRun, admin_client: Client) -> None:
    ReferenceFirm.objects.all().delete()
    old = admin_client.get("/compare/?chain=LV&peer=上海").content.decode()
    assert "对照库由旧版载入" in old
    assert "/reference-firms/?" not in old
    DiagnosisRun.objects.update(reference=None)
    assert "lianpu reference load" in admin_client.get("/compare/?chain=LV").content.decode()
    DiagnosisRun.objects.all().delete()
    assert "lianpu diagnose" in admin_client.get("/compare/").content.decode()


def test_more_cities_ask_no_more_of_the_database(city: DiagnosisRun, admin_client: Client) -> None:
    def asked(address: str) -> int:
        admin_client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            admin_client.get(address)
        return len(seen)

    assert asked("/compare/?chain=LV&peer=上海") == asked(
        "/compare/?chain=LV&peer=上海&peer=东海滨海&peer=江北滨海&peer=岭南羊城"
    )


def test_commands_and_books_tell_the_same_figures(city: DiagnosisRun, gazetteer: Mapping[str, Place]) -> None:
    answer = CliRunner().invoke(main, ["compare", "--chain", "LV", "--peer", "东海滨海", "--json"])
    assert answer.exit_code == 0, answer.output
    said = json.loads(answer.stdout)
    first = said["figures"][0]
    assert (first["measure"], [side["numerator"] for side in first["sides"]]) == ("completeness", [4, 3])
    refused = CliRunner().invoke(main, ["compare", "--peer", "商城"])
    assert (refused.exit_code, "没有做产业链的城市" in refused.stderr) == (1, True)
    book = write_dossier(user=SYSTEM, chain=Chain.objects.get(code="LV"), place=gazetteer["620100"], form="xlsx")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_name("健康度与对标").to_python()
    assert [sheet[4][at] for at in (0, 2, 4, 5)] == ["完整度", "兰州市", 4, 5]


def test_a_reference_loaded_anew_has_its_rows_once(city: DiagnosisRun) -> None:
    assert ReferenceFirm.objects.count() == len(REFERENCE)
    assert city.reference is not None
    frame = reference_frame(city.reference)
    keep_reference(
        user=SYSTEM, name="对照", firms=frame.select("firm", "name", "uscc", "province", "city").unique("firm").filter(pl.col("firm") < 2),
        placements=frame.filter(pl.col("firm") < 2).select("firm", "segment", "role", "confidence"), source_hash="d", model_version="m1",
        is_sample=False,
    )  # fmt: skip
    assert ReferenceFirm.objects.count() == 2
