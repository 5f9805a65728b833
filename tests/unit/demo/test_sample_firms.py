"""The firms of the sample city as generated: invented, the same everywhere, and written so that they can be placed."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter

import polars as pl
import pytest

from lianpu.analysis.placement import Placer
from lianpu.chains.maps import shipped
from lianpu.demo import plan as planning
from lianpu.demo import words
from lianpu.demo.city import ABOVE_10K, sample_city
from lianpu.demo.plan import CITY_FIRMS, NATION_FIRMS, nation_counts
from lianpu.demo.reference import reference_frames
from lianpu.demo.words import DISTRICTS, ZONES
from lianpu.demo.writing import owners
from lianpu.enterprises.capital import parse_capital
from lianpu.enterprises.identity import check_uscc, is_branch, is_sample_uscc, name_key
from support import lianpu_data

PUBLISHED = ["兰州石化", "中车兰州机车有限公司", "宝方炭材", "甘肃德福", "兰州生物制品研究所"]


@pytest.fixture(scope="module")
def firms():
    return sample_city(shipped())


@pytest.fixture(scope="module")
def leaves():
    return {leaf.code: leaf for one in shipped() for leaf in one.leaves}


def test_the_city_is_the_same_in_every_process(firms):
    digest = "import hashlib;from lianpu.chains.maps import shipped;from lianpu.demo.city import sample_city;print(hashlib.sha256(repr(sample_city(shipped())).encode()).hexdigest())"
    here = hashlib.sha256(repr(firms).encode()).hexdigest()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run([sys.executable, "-c", digest], env=env, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == here


def test_every_code_is_right_reserved_for_samples_and_used_once(firms):
    assert all(check_uscc(firm.uscc).ok and is_sample_uscc(firm.uscc) for firm in firms)
    assert len({firm.uscc for firm in firms}) == len(firms) == CITY_FIRMS
    assert all(firm.uscc[2:8] == firm.district for firm in firms)


def test_every_firm_has_a_name_of_its_own_and_is_no_branch(firms):
    assert len({name_key(firm.name) for firm in firms}) == len(firms)
    assert not [firm.name for firm in firms if is_branch(firm.name)]


def test_every_address_lies_where_the_firm_is_said_to_be(firms):
    from lianpu.places.addresses import Resolver
    from lianpu.places.gazetteer import places

    found = Resolver(places()).resolve_many([firm.address for firm in firms])
    wrong = [
        (firm.address, place.code, place.zone)
        for firm, place in zip(firms, found, strict=True)
        if (place.code, place.zone) != (firm.district, firm.zone)
    ]
    assert wrong == []


def test_all_districts_and_zones_have_firms_and_xigu_has_most_of_the_refining(firms):
    assert {firm.district for firm in firms} == set(DISTRICTS.values())
    assert {firm.zone for firm in firms} == {None, *ZONES.values()}
    ethylene = Counter(firm.district for firm in firms if any(code.startswith("SH-21") for code, _ in firm.intents))
    assert ethylene.most_common(1)[0][0] == DISTRICTS["西固"]


def test_the_capital_reads_as_the_amount_meant(firms):
    assert all(parse_capital(firm.capital_text).cny_10k == firm.capital for firm in firms)


def test_industry_codes_have_the_form_of_the_standard(firms):
    assert all(re.fullmatch(r"\d{3,4}", firm.industry) for firm in firms)


def test_every_industrial_firm_has_figures_so_that_its_scale_is_known(firms, leaves):
    makers = [
        firm
        for firm in firms
        if firm.intents and firm.intents[0][1] == "makes" and "02" <= leaves[firm.intents[0][0]].io_sector <= "26"
    ]
    assert len(makers) > 900
    assert all(
        {"2020", "2021"} <= {period for name, period, _ in firm.figures if name == "revenue_10k_cny"} for firm in makers
    )
    revenue = [
        value for firm in firms for name, period, value in firm.figures if (name, period) == ("revenue_10k_cny", "2021")
    ]
    assert 350 <= sum(value >= ABOVE_10K for value in revenue) <= 550


def test_the_firms_of_the_published_report_are_there_and_say_that_their_values_are_invented(firms):
    named = [firm for firm in firms if "示例：除企业名称外均为虚构" in firm.scope]
    assert [firm.name for firm in named] == PUBLISHED
    assert {name for firm in named for name, _ in firm.names} >= {"兰石化", "生研所", "中车兰州机车"}


def test_a_third_of_the_firms_stand_outside_every_chain(firms):
    assert 0.3 < sum(not firm.intents for firm in firms) / len(firms) < 0.45


def test_every_chain_has_segments_of_every_level_and_empty_ones():
    level_of = planning.levels(shipped())
    for one in shipped():
        held = Counter(level_of.get(leaf.code) for leaf in one.leaves)
        assert set(held) == {None, *planning.LEVELS}, one.name


def test_a_profile_that_names_an_unknown_segment_is_refused(monkeypatch):
    monkeypatch.setattr(planning, "table", lambda _: {"levels": {"strong": {"SH": "9999"}}})
    with pytest.raises(ValueError, match=r"strong SH-9999"):
        planning.levels(shipped())


def test_a_name_never_says_the_product_of_a_segment_that_is_not_the_firms(firms):
    owned = owners(shipped())
    for firm in firms:
        if firm.intents and firm.name not in PUBLISHED:
            stem = re.sub(r"(?:股份|有限责任|有限)*公司$|厂$", "", firm.name)
            told = next((owned[stem[at:]] for at in range(len(stem) - 1) if stem[at:] in owned), None)
            assert told is None or firm.intents[0][0] in told, firm.name


def test_placement_finds_what_the_scopes_were_written_for(firms, leaves):
    taxonomy = pl.DataFrame(
        [(leaf.code, leaf.name, leaf.parent, leaf.filled_by) for leaf in leaves.values()],
        schema=["code", "name", "parent", "filled_by"],
        orient="row",
    )
    products = pl.DataFrame(
        [(word, code, 1 / len(codes)) for word, codes in owners(shipped()).items() for code in sorted(codes)],
        schema=["product", "code", "weight"],
        orient="row",
    )
    placed = Placer.fit(taxonomy, products).place(
        pl.DataFrame({"name": [firm.name for firm in firms], "scope": [firm.scope for firm in firms]})
    )
    filled = {
        (row, code)
        for row, code, role, score in placed.select("row", "code", "role", "score").iter_rows()
        if role == leaves[code].filled_by and score >= 0.5
    }
    meant = {(row, code) for row, firm in enumerate(firms) for code, _ in firm.intents}
    for role in ("makes", "serves", "researches", "trades"):
        found, wanted = ({pair for pair in pairs if leaves[pair[1]].filled_by == role} for pairs in (filled, meant))
        assert len(found & wanted) / len(found) > 0.95, f"precision of {role}"
        assert len(found & wanted) / len(wanted) > 0.93, f"recall of {role}"
    outside = {row for row, firm in enumerate(firms) if not firm.intents}
    assert len({row for row, _ in filled} & outside) < 0.01 * len(outside)


# ── the sample nation ──


def test_the_sample_nation_is_counted_by_the_rule_and_labelled(leaves):
    firms, placements, fingerprint = reference_frames(shipped())
    again = reference_frames(shipped())
    assert placements.equals(again[1])
    assert firms.equals(again[0])
    assert fingerprint == again[2]
    counts = dict(placements.group_by("segment").len().iter_rows())
    assert counts == nation_counts(shipped())
    assert firms.height == NATION_FIRMS
    assert firms["name"].str.starts_with("示例").all()
    assert all(
        role == leaves[code].filled_by for code, role in placements.select("segment", "role").unique().iter_rows()
    )


# ── against the real registry ──


@pytest.mark.realdata
def test_no_sample_firm_bears_the_name_of_a_real_one_nor_a_scope_copied_from_one(firms):
    folder = lianpu_data() / "registry"
    real = pl.concat(
        [pl.read_parquet(folder / f"{name}.parquet").select("name", "scope") for name in ("gansu", "national-sample")]
    )
    invented = [firm for firm in firms if firm.name not in PUBLISHED]
    keys = {name_key(name) for name in real["name"]}
    assert [firm.name for firm in invented if name_key(firm.name) in keys] == []
    # 房地产开发、商品房销售 is anybody's; what is longer would be a copy
    bare = re.compile(r"（[^（）]*）|\*")
    scopes = {bare.sub("", scope) for scope in real["scope"].drop_nulls()}
    assert [firm.scope for firm in invented if len(own := bare.sub("", firm.scope)) > 20 and own in scopes] == []


def test_a_share_is_read_as_word_and_weight():
    assert words.shares("城关50 七里河18") == (("城关", "七里河"), (50, 18))
    assert words.by_prefix({"": "a", "SH": "b", "SH-12": "c"}, "SH-1202") == "c"
    assert words.by_prefix({"": "a", "SH": "b"}, "XC-1101") == "a"
