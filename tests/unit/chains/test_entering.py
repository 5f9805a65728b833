"""A reference with founding years teaches which segments places come to have; the diagnosis uses it and says so."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from lianpu.chains.models import Finding, Reference, Robustness, Segment
from lianpu.chains.queries import segment_frame
from lianpu.chains.services import diagnose_place, entry_of, load_reference, place_enterprises, references
from lianpu.chains.services.entering import model_file
from lianpu.chains.services.references import keep_reference
from lianpu.chains.wording import steadiness
from lianpu.enterprises.models import Enterprise
from lianpu.places.models import Place
from lianpu.register.rights import SYSTEM


def nation(*, cities: int = 40, years: bool = True) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Firms of made-up cities and where they stand: each city lacks some segments in 2014, and half of these come."""
    rng = np.random.default_rng(7)
    leaves = segment_frame().select("code", "filled_by").rows()
    rows = []
    for city in range(cities):
        for code, role in leaves:
            had, comes = rng.random() < 0.6, rng.random() < 0.5
            rows += [(f"省{city % 8}", f"市{city}", code, role, 1990 + n) for n in range(20 if had else 0)]
            if comes:
                rows.append((f"省{city % 8}", f"市{city}", code, role, 2019))
    frame = pl.DataFrame(rows, schema=["province", "city", "segment", "role", "year"], orient="row")
    frame = frame.with_row_index("firm").with_columns(
        pl.col("firm").cast(pl.Int64), name=pl.lit("某厂"), uscc=pl.lit("")
    )
    firms = frame.select("firm", "name", "uscc", "province", "city", pl.col("year").cast(pl.Int32))
    return (
        firms if years else firms.drop("year"),
        frame.select("firm", "segment", "role", confidence=pl.lit(0.9)),
    )


def keep(firms: pl.DataFrame, placements: pl.DataFrame) -> Reference:
    return keep_reference(
        user=SYSTEM,
        name="对照",
        firms=firms,
        placements=placements,
        source_hash="abc",
        model_version="m1",
        is_sample=False,
    )


@pytest.fixture
def placed(firms: Mapping[str, Enterprise], two_chains: Mapping[str, Segment], home: Path) -> None:
    place_enterprises(user=SYSTEM)


@pytest.mark.usefixtures("placed")
class TestTheReference:
    def test_founding_years_teach_a_model_that_is_kept_with_its_check(self) -> None:
        held = keep(*nation())
        facts = held.entry_figures
        assert (facts["from"], facts["to"], facts["places"]) == (2014, 2019, 40)
        assert held.entry_version == facts["version"] != ""
        assert 0.3 < facts["usual"] < 0.7, "half of what was lacking came"
        assert facts["told"] == pytest.approx(facts["usual"], abs=0.15)
        assert model_file(Path(held.file)).is_file()

    def test_the_same_firms_give_the_same_version_and_others_another(self) -> None:
        first = keep(*nation()).entry_version
        assert keep(*nation()).entry_version == first
        firms, placements = nation()
        later = firms.with_columns(year=pl.col("year") + 1)
        assert keep(later, placements).entry_version != first

    def test_without_years_it_says_that_there_is_none(self) -> None:
        keep(*nation())
        held = keep(*nation(years=False))
        assert held.entry_version == ""
        assert held.entry_figures["why"] == "对照库没有注册日期"
        assert not model_file(Path(held.file)).exists(), "the earlier model goes with the firms that taught it"

    def test_a_load_that_dies_leaves_the_reference_as_it_stood(self, monkeypatch: pytest.MonkeyPatch) -> None:
        held = keep(*nation())
        files = (Path(held.file), model_file(Path(held.file)))
        before = [file.read_bytes() for file in files]
        firms, placements = nation()
        monkeypatch.setattr(references, "_keep_rows", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            keep(firms.with_columns(year=pl.col("year") + 1), placements)
        held.refresh_from_db()
        assert Path(held.file) == files[0]
        assert [file.read_bytes() for file in files] == before

    def test_files_that_no_reference_names_any_more_are_removed_once_the_new_ones_are_kept(
        self, home: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        first, folder = keep(*nation()), home / "references"
        underway, left = folder / "underway.parquet", folder / "left.parquet"
        for file in (underway, left):
            file.touch()
        os.utime(left, (0, 0))  # by a load that died long ago
        with django_capture_on_commit_callbacks() as waiting:
            held = keep(*nation())
        assert Path(first.file).is_file(), "readers have it until the new row is committed"
        for once in waiting:
            once()
        assert set(folder.iterdir()) == {Path(held.file), model_file(Path(held.file)), underway}

    def test_a_few_cities_are_too_few(self) -> None:
        held = keep(*nation(cities=5))
        assert held.entry_version == ""
        assert "只有 5 个" in held.entry_figures["why"]

    def test_a_year_is_read_however_the_date_is_written(self, tmp_path: Path) -> None:
        file = tmp_path / "对照.csv"
        dates = ["1998-03-02", "1999年3月", "20010302", "2002/3/1", "不详", ""]
        rows = [(f"外地{n}号公司", "氧化铝的生产", day) for n, day in enumerate(dates)]
        pl.DataFrame(rows, schema=["企业名称", "经营范围", "成立日期"], orient="row").write_csv(file)
        held = load_reference(user=SYSTEM, path=file, name="日期")
        years = pl.read_parquet(held.file).sort("firm")["year"].to_list()
        assert years == [1998, 1999, 2001, 2002, None, None]


@pytest.mark.usefixtures("placed")
class TestTheDiagnosis:
    def test_gaps_are_scored_by_the_probability_and_the_run_says_whose(self, gazetteer: Mapping[str, Place]) -> None:
        held = keep(*nation())
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        assert run.versions["entry"]["version"] == held.entry_version
        told = entry_of(run)
        assert told is not None
        chances = dict(told.select("segment", "probability").iter_rows())
        gaps = [one for one in run.findings.select_related("segment") if one.state == "missing"]
        assert gaps
        for one in gaps:
            reasons = {reason["code"]: reason["value"] for reason in one.reasons}
            assert reasons["likely"] == pytest.approx(chances[one.segment.code])
            assert reasons["usually"] == pytest.approx(held.entry_figures["usual"])
            assert {"likely"} <= {part["name"] for part in one.parts} - {"kin"}
            assert "五年内进入的可能" in one.explanation
        assert {one.segment.code for one in gaps} <= set(chances)

    def test_without_founding_years_kin_stays_the_guess(self, gazetteer: Mapping[str, Place]) -> None:
        keep(*nation(years=False))
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        assert run.versions["entry"] == {}
        assert entry_of(run) is None
        names = {part["name"] for one in run.findings.filter(state="missing") for part in one.parts}
        assert "kin" in names
        assert "likely" not in names

    def test_a_register_larger_than_any_place_that_taught_is_brought_down_to_it(
        self, gazetteer: Mapping[str, Place]
    ) -> None:
        keep(*nation())
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        first = entry_of(run)
        Reference.objects.update(entry_figures=run.reference.entry_figures | {"largest": 1})
        run.refresh_from_db()
        brought_down = entry_of(run)
        assert first is not None
        assert brought_down is not None
        assert brought_down["segment"].sort().equals(first["segment"].sort()), "what is there stays there"
        assert not brought_down.equals(first)

    def test_robust_or_fragile_is_kept_in_words(self, gazetteer: Mapping[str, Place]) -> None:
        keep(*nation())
        run = diagnose_place(user=SYSTEM, place=gazetteer["620100"])
        found = list(Finding.objects.filter(run=run))
        assert found
        for one in found:
            assert one.best_rank <= one.rank <= one.worst_rank
            assert (one.robustness == Robustness.FRAGILE) == bool(one.turns)
            assert one.steadiness.startswith("易变：" if one.turns else "稳健：")


TURN = {"kind": "fill", "part": "need", "change": -0.2, "rank": 5}


@pytest.mark.parametrize(
    ("turns", "best", "worst", "words"),
    [
        ([], 2, 2, "稳健：任一权重增减20%，位次不变（第2位）。"),
        ([], 1, 3, "稳健：任一权重增减20%，位次在第1至第3位之间，不进出前3位。"),
        ([TURN], 2, 5, "易变：“本地需求”权重减20%，由第2位变为第5位。"),
        (
            [TURN | {"kind": "extend", "part": "likely", "change": 0.2, "rank": 4}],
            2,
            4,
            "易变：“延链的进入可能”权重增20%，由第2位变为第4位。",
        ),
        (
            [TURN | {"rank": rank} for rank in (4, 5, 6, 7)],
            2,
            7,
            "易变：“本地需求”权重减20%，由第2位变为第7位；“本地需求”权重减20%，由第2位变为第6位；"
            "“本地需求”权重减20%，由第2位变为第5位；另有1种增减也会使它进出前3位。",
        ),
    ],
)
def test_the_words_name_weight_change_and_ranks(turns: list[Any], best: int, worst: int, words: str) -> None:
    assert steadiness("fill", 2, best, worst, turns) == words
