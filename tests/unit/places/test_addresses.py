"""Registry addresses and the places they lie in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianpu.places.addresses import Resolution, Resolver, aliases
from lianpu.places.gazetteer import places

ROWS = {p.code: p for p in places()}
RESOLVER = Resolver(places())
DISTRICTS = sorted(p.code for p in ROWS.values() if p.kind == "district" and p.standard)


def where(address: str | None, province: str | None = None, city: str | None = None, region: str | None = None) -> str:
    """The resolved place as its path of short names."""
    code = RESOLVER.resolve(address, province, city, region).code
    path = []
    while code and code != "100000":
        path.insert(0, ROWS[code].short_name)
        code = ROWS[code].parent
    return "/".join(path)


# ── how registries write ──


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("甘肃省兰州市西固区福利路街道1号", "甘肃/兰州/西固"),
        ("永登县河桥镇某村", "甘肃/兰州/永登"),
        ("兰州市城关区兰州市城关区高新雁南路1号", "甘肃/兰州/城关"),
        ("甘肃省天水市甘谷县甘谷县某乡", "甘肃/天水/甘谷"),
        ("甘肃省定西市岷 县某镇", "甘肃/定西/岷县"),
        ("兰州西固金沟乡某村", "甘肃/兰州/西固"),
        ("云南省昆明市嵩明小新街1号", "云南/昆明/嵩明"),
        ("中国甘肃省兰州市（安宁区）银安路", "甘肃/兰州/安宁"),
        ("北京市海淀区上地六街1号", "北京/北京/海淀"),
        ("河南省济源市北海大道", "河南/河南直辖/济源"),
        ("新疆石河子市北四路", "新疆/新疆直辖/石河子"),
        ("四川省内江市中区玉屏街", "四川/内江/市中"),
        ("甘肃省嘉峪关市五一南路1号", "甘肃/嘉峪关"),
        ("甘肃省酒泉路1号", "甘肃"),
    ],
)
def test_the_address_names_its_place(address, place):
    assert where(address) == place


def test_an_address_without_a_county_falls_back_to_the_city_column():
    found = RESOLVER.resolve("红城某村", "甘肃", "兰州")
    assert (found.code, found.level, found.basis) == ("620100", "city", "column")


def test_an_address_in_another_place_than_the_column_says_wins_and_is_flagged():
    found = RESOLVER.resolve("陕西省宝鸡市渭滨区经二路1号", "甘肃", "平凉")
    assert found.code == "610302"
    assert found.conflict
    assert not RESOLVER.resolve("平凉市崆峒区中山街", "甘肃", "平凉").conflict


@pytest.mark.parametrize(
    ("province", "city", "place"),
    [
        ("甘肃", "兰州", "甘肃/兰州"),
        ("甘肃省", "兰州市", "甘肃/兰州"),
        ("北京", "朝阳", "北京/北京/朝阳"),
        ("辽宁", "朝阳", "辽宁/朝阳"),
        ("吉林", "吉林", "吉林/吉林"),
        ("新疆", "伊犁哈萨克", "新疆/伊犁"),
        ("海南", "省直辖县", "海南/海南直辖"),
        ("上海", "闸北", "上海/上海/静安"),
        ("重庆", "市辖区", "重庆"),
        ("甘肃", None, "甘肃"),
        ("62", "0000", ""),
        (None, None, ""),
    ],
)
def test_province_and_city_columns_name_a_place(province, city, place):
    assert where(None, province, city) == place


# ── places of one name ──


@pytest.mark.parametrize(
    ("address", "province", "city", "place"),
    [
        ("城关区临夏路1号", "甘肃", "兰州", "甘肃/兰州/城关"),
        ("城关区江苏路1号", "西藏", "拉萨", "西藏/拉萨/城关"),
        ("西湖区文三路", "浙江", "杭州", "浙江/杭州/西湖"),
        ("西湖区抚生路", "江西", "南昌", "江西/南昌/西湖"),
        ("鼓楼区中山路", "江苏", None, ""),  # 南京 and 徐州 both have one
        ("南京市鼓楼区中山路", None, None, "江苏/南京/鼓楼"),
        ("吉林市船营区", "吉林", None, "吉林/吉林/船营"),
        ("临夏县土桥镇", "甘肃", "临夏", "甘肃/临夏/临夏"),
        ("白银银光路1号", "甘肃", None, "甘肃/白银"),
    ],
)
def test_columns_and_context_decide_between_places_of_one_name(address, province, city, place):
    found = where(address, province, city)
    assert found == (place or where(None, province, city))


def test_two_places_of_one_name_without_context_are_not_guessed():
    assert RESOLVER.resolve("鼓楼区中山路1号").code is None


# ── streets and buildings named after places ──


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("兰州市酒泉路1号", "甘肃/兰州"),
        ("兰州市西固东路1号", "甘肃/兰州"),
        ("北京路1号", "甘肃/兰州"),
        ("上海大厦1楼", "甘肃/兰州"),
        ("城关镇某街", "甘肃/兰州"),
        ("兰州市城关区临夏路1号", "甘肃/兰州/城关"),
        ("甘肃省兰州市城关区平凉路1号", "甘肃/兰州/城关"),
    ],
)
def test_a_street_or_building_named_after_a_place_is_not_that_place(address, place):
    assert where(address, "甘肃", "兰州") == place


def test_a_short_name_before_another_place_counts_even_when_it_looks_like_a_street():
    assert where("辽宁省大连市大连庄河市某街道") == "辽宁/大连/庄河"


def test_a_district_named_in_full_further_on_is_found():
    assert where("兰州市中山路1号（城关区公园旁）") == "甘肃/兰州/城关"


# ── former names ──


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("甘肃省平凉市华亭县东华镇", "甘肃/平凉/华亭"),
        ("安西县渊泉镇", "甘肃/酒泉/瓜州"),
        ("天水市北道区某镇", "甘肃/天水/麦积"),
        ("天水市张川县某路", "甘肃/天水/张家川"),
        ("张家川县恭门镇", "甘肃/天水/张家川"),
        ("天祝县某镇", "甘肃/武威/天祝"),
        ("肃南县红湾寺镇", "甘肃/张掖/肃南"),
        ("积石山县吹麻滩镇", "甘肃/临夏/积石山"),
        ("陇南地区武都县城关镇", "甘肃/陇南/武都"),
        ("甘南州夏河县拉卜楞镇", "甘肃/甘南/夏河"),
        ("庆阳市庆阳县驿马镇", "甘肃/庆阳/庆城"),
        ("江苏省吴江市松陵镇", "江苏/苏州/吴江"),
        ("南京市白下区某街", "江苏/南京/秦淮"),
        ("北京市宣武区广安门外", "北京/北京/西城"),
        ("襄樊市襄阳区某路", "湖北/襄阳/襄州"),
        ("内蒙古包头市昆区某大街", "内蒙古/包头/昆都仑"),
        ("新疆巴州库尔勒市", "新疆/巴音郭楞/库尔勒"),
        ("中国（上海）自由贸易试验区某路1号", "上海/上海/浦东"),
    ],
)
def test_former_and_other_names_lead_to_the_place_of_today(address, place):
    assert where(address) == place


def test_every_alias_leads_to_a_place():
    assert {code for codes in aliases().values() for code in codes} <= ROWS.keys()


def test_no_alias_hides_the_full_name_of_a_place_of_today_in_the_same_city():
    today = {(p.name, p.code[:4]): p.code for p in ROWS.values()}
    for name, codes in aliases().items():
        for code in codes:
            assert today.get((name, code[:4]), code) == code, name


# ── functional zones ──


@pytest.mark.parametrize(
    ("address", "code", "zone"),
    [
        ("甘肃省兰州市兰州新区黄河大道1号", "620100", "620171"),
        ("永登县中川镇某村", "620121", "620171"),
        ("甘肃省兰州市兰州新区高新园区某大厦", "620100", "620171"),
        ("兰州市城关区高新雁南路1号", "620102", "6201GX"),
        ("兰州高新技术产业开发区某孵化园", "620100", "6201GX"),
        ("甘肃省兰州市安宁区经济技术开发区1号", "620105", "6201JK"),
        ("榆中县某经济开发区", "620123", None),
        ("甘肃省兰州市城关区某路1号高新大厦", "620102", None),
        ("甘肃省白银市高新技术产业开发区", "620400", None),
        ("甘肃省天水市经济技术开发区", "620500", None),
    ],
)
def test_lanzhou_s_zones_are_recognised_beside_the_district(address, code, zone):
    found = RESOLVER.resolve(address, "甘肃", None)
    assert (found.code, found.zone) == (code, zone)


# ── the registration authority ──


def test_the_registration_authority_names_the_district_where_the_address_does_not():
    found = RESOLVER.resolve("河桥镇某村", "甘肃", "兰州", region="620121")
    assert (found.code, found.basis) == ("620121", "registration")


def test_the_registration_authority_never_overrules_an_address():
    assert RESOLVER.resolve("永登县河桥镇", "甘肃", "兰州", region="620102").code == "620121"
    assert RESOLVER.resolve("河桥镇某村", "甘肃", "兰州", region="620502").code == "620100"
    assert RESOLVER.resolve("河桥镇某村", "甘肃", "兰州", region="999999").code == "620100"


# ── evidence ──


def test_spans_point_into_the_address_as_given():
    address = "甘肃省 定西市岷 县某镇"
    found = RESOLVER.resolve(address)
    assert [(address[a:b], ROWS[code].name) for a, b, code in found.spans] == [
        ("甘肃省", "甘肃省"),
        ("定西市", "定西市"),
        ("岷 县", "岷县"),
    ]


# ── algebra ──


@given(st.sampled_from(DISTRICTS), st.sampled_from(["", "12号", "人民路1号", "解放东路88号3楼"]))
def test_the_full_path_of_any_district_resolves_to_it(code, rest):
    found = RESOLVER.resolve(full_path(code) + rest)
    assert (found.code, found.basis) == (code, "address")


@given(st.sampled_from(DISTRICTS), st.sampled_from(DISTRICTS))
def test_a_full_path_is_believed_whatever_the_columns_say(code, other):
    province, city = (ROWS[c].name for c in lineage(other)[1:3])
    found = RESOLVER.resolve(full_path(code), province, city)
    assert found.code == code


@given(st.text(max_size=30), st.sampled_from(DISTRICTS))
def test_resolving_the_resolved_name_changes_nothing(noise, code):
    first = RESOLVER.resolve(full_path(code) + noise)
    again = RESOLVER.resolve(full_path(first.code or code))
    assert again.code == first.code


@given(
    st.text(max_size=40), st.sampled_from(["甘肃", "", None, "无此省"]), st.sampled_from(["兰州", "", None, "无此市"])
)
def test_no_text_breaks_the_resolver(address, province, city):
    found = RESOLVER.resolve(address, province, city)
    assert found.code is None or found.code in ROWS
    assert all(0 <= a < b <= len(address) for a, b, _ in found.spans)


@given(st.lists(st.tuples(st.sampled_from(DISTRICTS), st.booleans()), max_size=8))
def test_many_at_once_are_the_same_as_one_by_one(picks):
    addresses = [full_path(code) if whole else ROWS[code].name + "1号" for code, whole in picks]
    cities = [ROWS[lineage(code)[2]].name for code, _ in picks]
    one_by_one: list[Resolution] = [RESOLVER.resolve(a, None, c) for a, c in zip(addresses, cities, strict=True)]
    assert RESOLVER.resolve_many(addresses, None, cities) == one_by_one


def lineage(code: str) -> list[str]:
    """Codes from the nation down to a place."""
    line = [code]
    while (parent := ROWS[line[0]].parent) is not None:
        line.insert(0, parent)
    return line


def full_path(code: str) -> str:
    """The names from the province down, without the levels that nobody writes."""
    return "".join(ROWS[c].name for c in lineage(code)[1:] if not is_silent(c))


def is_silent(code: str) -> bool:
    """市辖区, 县 and 直辖县级行政区划."""
    return ROWS[code].kind == "city" and (code[2:4] == "90" or code[:2] in ("11", "12", "31", "50"))


# ── real data ──


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "district", "city", "agreement", "same_authority"),
    [("gansu", 0.93, 0.999, 0.999, 0.995), ("national-sample", 0.80, 0.995, 0.998, 0.98)],
)
def test_shares_on_the_real_registry(file, district, city, agreement, same_authority):
    """Resolved to district and city; agreement with the city column when it is hidden; and with the district whose
    authority registered the firm, which the resolver did not see."""
    import polars as pl

    from support import lianpu_data

    frame = pl.read_parquet(lianpu_data() / "registry" / f"{file}.parquet")
    addresses, provinces, cities, codes = (frame[c].to_list() for c in ("address", "province", "city", "uscc"))
    found = RESOLVER.resolve_many(addresses, provinces, cities)
    assert sum(r.level == "district" for r in found) / len(found) >= district
    assert sum(r.level in ("district", "city") for r in found) / len(found) >= city

    agree = []
    for blind, province, name in zip(RESOLVER.resolve_many(addresses, provinces), provinces, cities, strict=True):
        column = RESOLVER.column_place(province, name)
        if column and ROWS[column].kind != "province" and blind.level in ("district", "city"):
            agree.append(column in lineage(blind.code) or blind.code in lineage(column))
    assert sum(agree) / len(agree) >= agreement

    authority = [
        r.code == code[2:8]
        for r, code in zip(found, codes, strict=True)
        if r.level == "district" and len(code) == 18 and code[2:8] in ROWS and ROWS[code[2:8]].kind == "district"
    ]
    assert sum(authority) / len(authority) >= same_authority
