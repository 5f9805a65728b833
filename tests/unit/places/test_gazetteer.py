"""The places of China: every level, every path, and boundaries that a page can draw."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianpu.places.gazetteer import (
    PlaceRow,
    Shape,
    Simplifier,
    boundary,
    boundary_file,
    inner_point,
    places,
    prepare,
    short_name,
    zones,
)


@pytest.fixture(scope="module")
def rows() -> dict[str, PlaceRow]:
    return {p.code: p for p in places()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("places")
    prepare(folder)
    return folder


def contains(geometry: dict, lng: float, lat: float) -> bool:
    """Even–odd rule over all rings."""
    inside = False
    for polygon in geometry["coordinates"]:
        for ring in polygon:
            for (ax, ay), (bx, by) in pairwise(ring):
                if (ay > lat) != (by > lat) and lng < ax + (lat - ay) * (bx - ax) / (by - ay):
                    inside = not inside
    return inside


# ── the tree ──


def test_the_nation_has_34_provinces_333_prefectures_and_some_2850_counties(rows):
    kinds = Counter(p.kind for p in rows.values())
    assert kinds["nation"] == 1
    assert kinds["province"] == 34
    mainland = [p for p in rows.values() if p.code < "700000"]
    municipalities = ("11", "12", "31", "50")
    prefectures = [
        p for p in mainland if p.kind == "city" and not p.code.startswith(municipalities) and p.code[2:4] != "90"
    ]
    assert len(prefectures) == 333
    assert 2840 <= sum(p.kind == "district" for p in mainland) <= 2860


def test_every_place_hangs_on_the_level_above_and_comes_after_it(rows):
    above = {"province": "nation", "city": "province", "district": "city", "zone": "city"}
    seen = set()
    for place in places():
        if place.kind == "nation":
            assert place.parent is None
        else:
            assert rows[place.parent].kind == above[place.kind]
            assert place.parent in seen
        seen.add(place.code)


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("620102", ["甘肃省", "兰州市", "城关区"]),
        ("110105", ["北京市", "北京市市辖区", "朝阳区"]),
        ("500229", ["重庆市", "重庆市辖县", "城口县"]),
        ("419001", ["河南省", "河南省直辖县级行政区划", "济源市"]),
        ("469007", ["海南省", "海南省直辖县级行政区划", "东方市"]),
        ("659001", ["新疆维吾尔自治区", "新疆维吾尔自治区直辖县级行政区划", "石河子市"]),
        ("620200", ["甘肃省", "嘉峪关市"]),
        ("710009", ["台湾省", "台北市"]),
        ("820000", ["澳门特别行政区"]),
    ],
)
def test_the_path_of_a_place(rows, code, path):
    names = []
    while code != "100000":
        names.insert(0, rows[code].name)
        code = rows[code].parent
    assert names == path


@pytest.mark.parametrize("code", ["620200", "441900", "442000", "460400"])
def test_cities_without_districts(rows, code):
    assert rows[code].kind == "city"
    assert not [p for p in rows.values() if p.parent == code]


def test_lanzhou_has_five_districts_three_counties_and_three_zones(rows):
    below = [p for p in rows.values() if p.parent == "620100"]
    assert [p.short_name for p in below if p.kind == "district"] == [
        "城关",
        "七里河",
        "西固",
        "安宁",
        "红古",
        "永登",
        "皋兰",
        "榆中",
    ]
    assert {p.short_name for p in below if p.kind == "zone"} == {"新区", "高新区", "经开区"}


def test_forest_and_ranch_areas_are_no_places(rows):
    assert not {"629700", "629800", "629900"} & rows.keys()


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("甘肃省", "甘肃"),
        ("新疆维吾尔自治区", "新疆"),
        ("内蒙古自治区", "内蒙古"),
        ("香港特别行政区", "香港"),
        ("兰州市", "兰州"),
        ("大兴安岭地区", "大兴安岭"),
        ("锡林郭勒盟", "锡林郭勒"),
        ("克孜勒苏柯尔克孜自治州", "克孜勒苏"),
        ("浦东新区", "浦东"),
        ("城关区", "城关"),
        ("积石山保安族东乡族撒拉族自治县", "积石山"),
        ("东乡族自治县", "东乡"),
        ("塔什库尔干塔吉克自治县", "塔什库尔干"),
        ("管城回族区", "管城"),
        ("文县", "文县"),
        ("东区", "东区"),
        ("阿拉善左旗", "阿拉善左旗"),
        ("井陉矿区", "井陉矿区"),
    ],
)
def test_short_names_are_those_that_people_say(name, short):
    assert short_name(name) == short


# ── zones ──


def test_a_zone_says_what_it_overlaps_and_that_it_has_no_boundary(rows):
    for zone in zones():
        assert zone.place.parent in rows
        assert all(rows[code].kind == "district" for code in zone.overlaps)
        assert "未公布边界" in zone.note


def test_zone_codes_of_ours_cannot_meet_a_code_of_the_state(rows):
    for zone in zones():
        assert zone.place.standard == zone.place.code.isdecimal()


def test_the_mark_of_a_zone_lies_in_a_district_that_it_overlaps(folder):
    districts = {f["properties"]["code"]: f["geometry"] for f in boundary(folder, "620100")["features"]}
    for zone in zones():
        assert any(contains(districts[code], zone.place.lng, zone.place.lat) for code in zone.overlaps), zone.place.name


# ── boundaries ──


def codes(collection: dict) -> list[str]:
    return [f["properties"]["code"] for f in collection["features"]]


def test_children_of_the_nation_a_province_and_a_city(folder, rows):
    provinces = [c for c in codes(boundary(folder, "100000")) if c]
    assert provinces == sorted(p.code for p in rows.values() if p.kind == "province")
    gansu = codes(boundary(folder, "620000"))
    assert {"620100", "620200", "623000"} <= set(gansu)
    assert codes(boundary(folder, "620100")) == sorted(
        p.code for p in rows.values() if p.parent == "620100" and p.kind == "district"
    )


def test_a_municipality_shows_its_districts_and_a_province_its_directly_administered_counties(folder):
    assert "110105" in codes(boundary(folder, "110000"))
    assert "419001" in codes(boundary(folder, "410000"))
    assert codes(boundary(folder, "419000")) == ["419001"]


def test_a_place_without_children_gives_its_own_outline(folder):
    for code in ("620200", "620102", "419001", "820000"):
        assert codes(boundary(folder, code)) == [code]


def test_all_districts_of_a_province_together_stay_below_400_kb(folder, rows):
    for province in (p for p in rows.values() if p.kind == "province"):
        path = boundary_file(folder, province.code, by="district")
        assert path.stat().st_size < 400_000, province.name
    assert len(codes(boundary(folder, "620000", by="district"))) == 87 + 3  # with the forest and ranch areas


def test_a_feature_carries_code_name_and_a_centre_inside(folder):
    for feature in boundary(folder, "620000", by="district")["features"]:
        assert set(feature["properties"]) == {"code", "name", "center"}
        assert contains(feature["geometry"], *feature["properties"]["center"]), feature["properties"]


def test_no_area_is_lost_by_simplifying(folder):
    for path in prepare(folder).iterdir():
        for feature in json.loads(path.read_bytes())["features"]:
            if feature["geometry"]["type"] == "MultiPolygon":
                for polygon in feature["geometry"]["coordinates"]:
                    assert all(len(ring) >= 4 and ring[0] == ring[-1] for ring in polygon), feature["properties"]


def test_the_sea_boundary_of_the_nation_is_drawn(folder):
    lines = [f for f in boundary(folder, "100000")["features"] if f["geometry"]["type"] == "MultiLineString"]
    latitudes = [p[1] for f in lines for line in f["geometry"]["coordinates"] for p in line]
    assert min(latitudes) < 5


@pytest.mark.parametrize("code", ["999999", "6201GX", "../../x", ""])
def test_an_unknown_code_is_refused_with_a_remedy(folder, code):
    with pytest.raises(KeyError, match="请核对行政区划代码"):
        boundary(folder, code)


def test_preparing_twice_keeps_the_files(folder):
    before = {p.name: p.stat().st_mtime_ns for p in prepare(folder).iterdir()}
    assert {p.name: p.stat().st_mtime_ns for p in prepare(folder).iterdir()} == before
    assert [p.name for p in folder.iterdir()] == [prepare(folder).name]  # nothing left aside


# ── simplification ──


def square(code: str, x: float, wiggle: list[float]) -> Shape:
    """A unit square whose left side, shared with the neighbour, wiggles."""
    n = len(wiggle)
    left = [[x + w, (i + 1) / (n + 1)] for i, w in enumerate(wiggle)]
    ring = [[x, 0.0], *left, [x, 1.0], [x + 1, 1.0], [x + 1, 0.0], [x, 0.0]]
    return Shape(code, code, {"type": "MultiPolygon", "coordinates": [[ring]]})


@given(st.lists(st.floats(-0.3, 0.3).map(lambda v: round(v, 4)), min_size=1, max_size=30), st.floats(0.0001, 0.5))
def test_neighbours_keep_one_common_border_at_every_tolerance(wiggle, tolerance):
    right = square("R", 0.0, wiggle)
    border = right.geometry["coordinates"][0][0][: len(wiggle) + 2]
    left = Shape("L", "L", {"type": "MultiPolygon", "coordinates": [[[*border, [-1.0, 1.0], [-1.0, 0.0], border[0]]]]})
    drawn = Simplifier([left, right]).at(tolerance)
    shared = [tuple(p) for p in drawn["R"]["coordinates"][0][0] if p[0] < 0.5]
    other = [tuple(p) for p in drawn["L"]["coordinates"][0][0] if p[0] > -0.5]
    assert set(shared) == set(other)
    assert {(0.0, 0.0), (0.0, 1.0)} <= set(shared)


@given(st.lists(st.floats(-0.3, 0.3).map(lambda v: round(v, 4)), min_size=3, max_size=30), st.floats(0.001, 0.3))
def test_no_dropped_point_lies_further_off_than_the_tolerance(wiggle, tolerance):
    shape = square("R", 0.0, wiggle)
    original = shape.geometry["coordinates"][0][0]
    kept = Simplifier([shape]).at(tolerance)["R"]["coordinates"][0][0]
    if len(kept) == 4:
        return  # the least triangle is kept whatever the tolerance
    for x, y in original:
        off = min(distance(x, y, a, b) for a, b in pairwise(kept))
        assert off <= tolerance + 2e-4


def distance(x: float, y: float, a: list[float], b: list[float]) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    t = max(0.0, min(1.0, ((x - a[0]) * dx + (y - a[1]) * dy) / length)) if length else 0.0
    return ((x - a[0] - t * dx) ** 2 + (y - a[1] - t * dy) ** 2) ** 0.5


def test_the_centre_of_a_horseshoe_lies_in_its_metal():
    horseshoe = [[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3], [0, 0]]
    lng, lat = inner_point([[horseshoe]])
    assert contains({"coordinates": [[horseshoe]]}, lng, lat)


@pytest.mark.realdata
def test_coordinates_are_cgcs2000_not_the_shifted_gcj02_of_the_reference(folder):
    """Lanzhou's districts of the DataV file (GCJ-02) lie some 0.0027° further east, the known shift in Gansu."""
    from support import lianpu_data

    reference = json.loads((lianpu_data() / "geo" / "lanzhou-districts-valid.geojson").read_bytes())
    east = {str(f["properties"]["adcode"]): eastmost(f["geometry"]) for f in reference["features"]}
    ours = {f["properties"]["code"]: eastmost(f["geometry"]) for f in boundary(folder, "620100")["features"]}
    shifts = sorted(east[code] - ours[code] for code in ours)
    assert shifts[len(shifts) // 2] == pytest.approx(0.0027, abs=0.001)


def eastmost(geometry: dict) -> float:
    return max(p[0] for polygon in geometry["coordinates"] for p in polygon[0])
