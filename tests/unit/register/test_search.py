"""Search finds what stands in the rows: no more, no less, and only for those who may see it."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lianpu.enterprises.identity import make_uscc, name_key
from lianpu.enterprises.models import Enterprise, EnterpriseFigure, EnterpriseName
from lianpu.places.models import Place
from lianpu.register import search as kit
from lianpu.register.declare import BoundColumn, registry
from lianpu.register.models import Change, SearchCursor, SearchIndex
from lianpu.register.rights import SYSTEM
from lianpu.register.search import finding, following, ids, keep_up, search, store, texts
from lianpu.register.testing import grant

FIRMS = registry["enterprises"]
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def firm(name: str, serial: int, **values: Any) -> Enterprise:
    return Enterprise.objects.create(uscc=make_uscc("620102", serial), name=name, name_key=name_key(name), **values)


def titles(words: str, user: Any = SYSTEM, **asked: Any) -> list[str]:
    return [hit.title for hit in search(user, words, registers=[FIRMS], **asked).hits]


@pytest.fixture
def named(db: None) -> None:
    """Firms whose names make a search think, indexed."""
    for serial, name in enumerate(
        [
            "兰州铝合金制品有限公司",
            "兰州铝业股份有限公司",
            "永登兰州铝合物资站",
            "重庆长安（集团）公司",
            "ABC科技有限公司",
            "铝业",
            "合兰州铝厂",  # has every pair of 兰州铝合… but one
        ],
        start=1,
    ):
        firm(name, serial)
    keep_up()


# -- what is found -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("铝合", ["永登兰州铝合物资站", "兰州铝合金制品有限公司"]),
        ("兰州 制品", ["兰州铝合金制品有限公司"]),
        ("制品 兰州 铝合", ["兰州铝合金制品有限公司"]),
        ("lzlh", ["兰州铝合金制品有限公司", "永登兰州铝合物资站"]),
        ("lanzhoulvhe", ["兰州铝合金制品有限公司", "永登兰州铝合物资站"]),
        ("lanzhoulvy", ["兰州铝业股份有限公司"]),
        ("zqca", ["重庆长安（集团）公司"]),
        ("cqca", ["重庆长安（集团）公司"]),
        ("chongqing", ["重庆长安（集团）公司"]),
        ("cajt", ["重庆长安（集团）公司"]),
        ("安(集", ["重庆长安（集团）公司"]),
        ("（集团）", ["重庆长安（集团）公司"]),
        ("abc", ["ABC科技有限公司"]),
        ("ＡＢＣ", ["ABC科技有限公司"]),
        ("bc科", ["ABC科技有限公司"]),
        ("独角兽", []),
        ("兰州 独角兽", []),
        ("重", ["重庆长安（集团）公司"]),
        ("庆", []),
        ("州 铝合", ["永登兰州铝合物资站", "兰州铝合金制品有限公司"]),
        ("", []),
        ("（）", []),
    ],
)
def test_words_are_found_in_names(named: None, words: str, found: list[str]) -> None:
    assert titles(words) == found


def test_a_single_character_is_told_to_be_looked_for_at_the_beginning_only(named: None) -> None:
    assert "开头" in search(SYSTEM, "重").notes[0]
    assert not search(SYSTEM, "重庆").notes


def test_the_whole_name_comes_first_then_its_beginning_then_its_inside_then_pinyin_then_long_texts(db: None) -> None:
    firm("甘肃驴业", 1)
    firm("某某公司", 2, scope="收购驴业和lvye")
    firm("甘肃绿叶驴业", 3)
    firm("驴业公司", 4)
    firm("驴业", 5)
    firm("绿叶公司", 6)
    keep_up()
    assert titles("驴业") == ["驴业", "驴业公司", "甘肃驴业", "甘肃绿叶驴业", "某某公司"]
    assert titles("lvye") == ["驴业", "绿叶公司", "驴业公司", "甘肃驴业", "甘肃绿叶驴业", "某某公司"]


def test_a_code_is_found_whole_or_in_part(firms: Mapping[str, Enterprise]) -> None:
    keep_up()
    for one in firms.values():
        assert [hit.pk for hit in search(SYSTEM, one.uscc).groups[0].hits] == [one.pk]
        assert one.pk in [hit.pk for hit in search(SYSTEM, one.uscc[4:].lower(), registers=[FIRMS]).hits]
    assert [hit.title for hit in search(SYSTEM, "620102").groups[0].hits] == ["城关区"], "the exact code goes first"


def test_a_hit_shows_where_the_words_stand(db: None) -> None:
    firm(
        "兰州铝业公司",
        1,
        scope="很长很长很长很长很长很长很长很长很长很长很长很长的经营范围，包括阳极板的制造" + "等" * 50,
    )
    keep_up()
    (hit,) = search(SYSTEM, "铝业 阳极", registers=[FIRMS]).hits
    assert [(piece.text, piece.is_match) for piece in hit.pieces] == [("兰州", False), ("铝业", True), ("公司", False)]
    (seen,) = hit.seen
    assert seen.label == "经营范围"
    assert [piece.text for piece in seen.pieces if piece.is_match] == ["阳极"]
    assert len("".join(piece.text for piece in seen.pieces)) < 80
    assert hit.url == f"/enterprises/{hit.pk}/"


def test_all_registers_are_searched_and_the_best_hit_leads(
    firms: Mapping[str, Enterprise], two_chains: Mapping[str, Any]
) -> None:
    EnterpriseName.objects.create(enterprise=firms["甲"], name="铝业老厂", name_key="铝业老厂", kind="former")
    keep_up()
    found = search(SYSTEM, "铝业")
    assert found.groups[0].register.slug == "chains", "铝业 is the whole name of a chain"
    assert {"enterprises", "enterprise-names", "segments"} <= {group.register.slug for group in found.groups}
    assert [one.title for one in search(SYSTEM, "企业").targets][:3] == ["企业", "企业名称", "企业指标"]
    assert [one.title for one in search(SYSTEM, "hjmc").targets] == []


# -- index and rows say the same ---------------------------------------------------------------------------------

characters = "兰州铝合金重庆长（）()-· 0167AbＣ"
texts_written = st.text(st.sampled_from(characters), min_size=1, max_size=12).map(str.strip).filter(bool)
words_typed = st.lists(
    st.text(st.sampled_from(characters.replace(" ", "") + "lzhqc"), min_size=1, max_size=4), min_size=1, max_size=3
)


def scanned(words: str) -> set[int]:
    """What reading every row gives."""
    judge = finding.Judge(finding.own_columns(FIRMS), finding.words_in(words))
    rows = finding.texts_of_rows.read(judge.columns, Enterprise.objects.all())
    return {pk for pk, row in rows.items() if judge(pk, row)} if judge.words else set()


@FEW
@given(names=st.lists(st.tuples(texts_written, texts_written), max_size=8), words=words_typed)
@example(names=[("兰州金州铝", "合")], words=["兰州铝"])
@example(names=[("重长", "重")], words=["chongzhang"])
@example(names=[("A0167167", "B")], words=["7167"])
def test_the_index_finds_what_reading_every_row_finds(db: None, names: list[tuple[str, str]], words: list[str]) -> None:
    with transaction.atomic():
        for serial, (name, scope) in enumerate(names, start=1):
            firm(name, serial, scope=scope)
        keep_up()
        typed = " ".join(words)
        hits = {hit.pk for hit in search(SYSTEM, typed, registers=[FIRMS], limit=100).hits}
        assert hits == scanned(typed)
        plain = [word for word in words if not word.isascii()]
        folded = [texts.fold(word) for word in plain]
        in_text = {
            one.pk
            for one in Enterprise.objects.all()
            if all(any(word in texts.fold(text) for text in (one.name, one.uscc, one.scope)) for word in folded)
        }
        if plain == words and any(len(texts.letters_of(word)) > 1 for word in folded):
            assert hits == in_text, "and that is what stands in the texts"
        transaction.set_rollback(True)


@FEW
@given(names=st.lists(st.tuples(texts_written, texts_written), max_size=8), words=words_typed)
def test_the_ids_for_a_list_are_those_that_comparing_every_row_gives(
    db: None, names: list[tuple[str, str]], words: list[str]
) -> None:
    columns = finding.own_columns(FIRMS)
    with transaction.atomic():
        for serial, (name, scope) in enumerate(names, start=1):
            firm(name, serial, scope=scope)
        keep_up()
        found = ids(FIRMS, words, 100, columns)
        if found is None:
            assert all(len(texts.letters_of(texts.fold(word))) < 2 for word in words), "then every list scans"
        else:
            assert sorted(found) == compared(words, columns)
        transaction.set_rollback(True)


def compared(words: list[str], columns: list[BoundColumn]) -> list[int]:
    rows = Enterprise.objects.all()
    for word in words:
        rows = rows.filter(reduce(or_, (kit.contains(one.path, word) for one in columns)))
    return sorted(rows.values_list("pk", flat=True))


def test_ids_follow_references_and_give_up_where_they_cannot_tell(firms: Mapping[str, Enterprise]) -> None:
    figures = registry["enterprise-figures"]
    columns = [one for one in figures.declared if one.column.search]
    for one in firms.values():
        EnterpriseFigure.objects.create(enterprise=one, indicator="staff", period="2021", value=1)
    assert ids(figures, ["铝业"], 100, columns) is None, "the firms are not indexed yet"
    keep_up()
    found = ids(figures, ["铝业", "甲"], 100, columns)
    assert found is None, "a single character needs every row"
    found = ids(figures, ["铝业", "示例"], 100, columns)
    assert found is not None
    assert {EnterpriseFigure.objects.get(pk=pk).enterprise.name for pk in found} == {
        "示例甲铝业有限公司",
        "示例己铝业有限公司",
    }
    assert ids(figures, ["示例"], 3, columns) is None, "too many"
    assert ids(FIRMS, ["兰州市城关"], 100, [FIRMS.by_name["place"]]) == sorted(
        one.pk for one in firms.values() if one.place.code == "620102"
    )
    assert ids(FIRMS, ["示例"], 100, [FIRMS.by_name["kind"]]) is None, "kinds are not indexed"


def test_common_words_are_answered_by_the_best_rows(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "ENOUGH", 5)
    Enterprise.objects.bulk_create(
        Enterprise(uscc=make_uscc("620102", i), name=f"某{'某' * (i % 7)}科技{i}公司", scope="科技") for i in range(60)
    )
    firm("科技", 61)
    firm("科技园", 62)
    firm("某某科技", 63)
    firm("某某某某某某某某某某某某", 64, scope="科技推广")
    keep_up()
    found = search(SYSTEM, "科技", registers=[FIRMS], limit=3)
    assert [hit.title for hit in found.hits] == ["科技", "科技园", "某某科技"]
    assert found.groups[0].more
    everything = search(SYSTEM, "科技", registers=[FIRMS], limit=1000)
    assert [hit.title for hit in everything.hits][:3] == ["科技", "科技园", "某某科技"]


# -- rights ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("enough", [1, 300])
@pytest.mark.parametrize("scan", [0, 20_000])
@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("", "甲乙丙丁戊己庚辛"),
        ("/100000/620000/620100/", "甲乙丙丁戊庚辛"),
        ("/100000/620000/620100/620111/", "甲乙"),
        ("/100000/620000/620100/620123/", ""),
    ],
)
def test_hits_come_only_from_rows_within_the_readers_scope(
    firms: Mapping[str, Enterprise], monkeypatch: pytest.MonkeyPatch, enough: int, scan: int, path: str, seen: str
) -> None:
    monkeypatch.setattr(finding, "ENOUGH", enough)
    monkeypatch.setattr(finding, "SCAN", scan)
    keep_up()
    reader = grant("reader", {"enterprises": ["view"]}, place_path=path)
    for words in ("示例", "sl", "有限公司"):
        found = search(reader, words, registers=[FIRMS])
        inside = {hit.title[2] for hit in found.hits}
        assert inside == set(seen) or (inside < set(seen) and found.groups[0].unsure and enough == 1)
    for letter, one in firms.items():
        assert bool(titles(one.uscc, reader)) == (letter in seen)
    nobody = grant("nobody", {"places": ["view"]})
    assert not titles("示例", nobody)
    assert not search(nobody, "企业").targets


def hide(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if the columns had been declared sensitive."""
    columns = [
        replace(one, column=replace(one.column, sensitivity="secret")) if one.name in names else one
        for one in FIRMS.declared
    ]
    monkeypatch.setitem(FIRMS.__dict__, "declared", columns)


@pytest.mark.parametrize("cleared", [True, False])
@pytest.mark.parametrize("indexed", [True, False])
def test_a_column_that_the_reader_may_not_see_gives_no_hits(
    firms: Mapping[str, Enterprise], monkeypatch: pytest.MonkeyPatch, cleared: bool, indexed: bool
) -> None:
    hide(monkeypatch, "uscc", "scope")
    if indexed:
        keep_up()
    reader = grant("reader", {"*": ["view"]}, clears=["secret"] if cleared else [])
    code = firms["甲"].uscc
    expected = ["示例甲铝业有限公司"] if cleared else []
    assert titles(code, reader) == expected
    assert titles("电解铝", reader) == expected
    assert titles("示例甲 电解铝", reader) == expected
    assert titles("示例甲", reader) == ["示例甲铝业有限公司"]
    named = search(reader, "铝业", registers=[FIRMS])
    assert all(seen.label == "经营范围" for hit in named.hits for seen in hit.seen) or cleared
    columns = [FIRMS.by_name["name"]]
    if indexed:
        assert ids(FIRMS, ["电解铝"], 100, columns) == []


# -- freshness ---------------------------------------------------------------------------------------------------


def test_a_change_is_found_at_once_and_the_old_text_no_more(named: None) -> None:
    changed = Enterprise.objects.get(name="铝业")
    for step in range(2):
        Enterprise.objects.filter(pk=changed.pk).update(name="钛业新材")
        Enterprise.objects.filter(name="ABC科技有限公司").delete()
        firm("新来的公司", 50) if not step else None
        assert titles("钛业") == ["钛业新材"]
        assert "铝业" not in titles("铝业")
        assert titles("abc") == []
        assert titles("新来") == ["新来的公司"]
        columns = finding.own_columns(FIRMS)
        assert ids(FIRMS, ["钛业"], 10, columns) == [changed.pk]
        assert ids(FIRMS, ["abc科技"], 10, columns) == []
        keep_up()
    assert not following.waiting().rows


def test_a_row_that_changed_often_does_not_hide_others(named: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "ENOUGH", 3)
    often = Enterprise.objects.get(name="铝业")
    for number in range(8):
        Enterprise.objects.filter(pk=often.pk).update(name=f"铝业{number}厂")
        keep_up()
    columns = finding.own_columns(FIRMS)
    for cap in range(1, 6):
        found = ids(FIRMS, ["铝业"], cap, columns)
        assert found is None or sorted(found) == compared(["铝业"], columns)
    assert titles("铝业") == ["铝业7厂", "兰州铝业股份有限公司"]


def test_the_index_follows_raw_sql_and_what_is_deleted_and_put_back(named: None) -> None:
    table = Enterprise._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET name = '镍都实业' WHERE name = '铝业'")
    keep_up()
    assert titles("镍都") == ["镍都实业"]
    gone = Enterprise.objects.get(name="镍都实业")
    pk = gone.pk
    gone.delete()
    keep_up()
    assert titles("镍都") == []
    gone.pk = pk
    gone.save(force_insert=True)
    keep_up()
    assert titles("镍都") == ["镍都实业"]


def test_an_index_that_lags_says_so_and_is_not_trusted_by_lists(named: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "WAITING_LIMIT", 2)
    for serial in range(60, 64):
        firm("后来铝业", serial)
    found = search(SYSTEM, "铝业")
    assert any("索引" in note for note in found.notes)
    assert found.groups[0].unsure
    assert ids(FIRMS, ["铝业"], 100, finding.own_columns(FIRMS)) is None
    keep_up()
    assert not search(SYSTEM, "铝业").notes


@pytest.mark.parametrize("scan", [100, 3])
def test_while_there_is_no_index_yet_the_rows_themselves_are_compared(
    firms: Mapping[str, Enterprise], monkeypatch: pytest.MonkeyPatch, scan: int
) -> None:
    """Few rows one by one; many by the database, which knows no pinyin, and that is said."""
    monkeypatch.setattr(finding, "SCAN", scan)
    by_name, by_scope = ["示例己铝业有限公司", "示例甲铝业有限公司"], ["示例丁商贸有限公司"]
    assert titles("铝业") == by_name
    assert titles("铝业 示例甲") == by_name[1:]
    assert titles("铝型材 新能源") == by_scope
    assert titles("示") == titles("示例")
    assert titles("例") == []
    assert titles("铝业", limit=1) == by_name[:1]
    assert [hit.title for hit in search(SYSTEM, firms["甲"].uscc[:16].lower(), registers=[FIRMS]).hits]
    found = search(SYSTEM, "sljly", registers=[FIRMS])
    assert [hit.title for hit in found.hits] == (by_name if scan == 100 else [])
    assert ["索引正在建立" in note for note in found.notes] == ([] if scan == 100 else [True])
    here = grant("here", {"enterprises": ["view"]}, place_path=firms["己"].place.path)
    assert titles("铝业", here) == by_name[:1]
    elsewhere = grant("elsewhere", {"enterprises": ["view"]}, place_path=firms["戊"].place.path)
    assert titles("铝业", elsewhere) == []


def test_filling_goes_on_where_it_was_broken_off(
    firms: Mapping[str, Enterprise], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "BATCH", 3)
    put, calls = store.put, []

    def die_at_the_second(register: Any, entries: Any, writing: int) -> None:
        if register is FIRMS:
            calls.append(len(entries))
            if len(calls) == 2:
                raise ConnectionError
        put(register, entries, writing)

    monkeypatch.setattr(store, "put", die_at_the_second)
    with pytest.raises(ConnectionError):
        keep_up()
    keep_up()
    assert calls == [3, 3, 3, 2], "the second batch again, the first not"
    assert len(titles("示例")) == len(firms)
    assert SearchIndex.objects.get(register="enterprises").rows == len(firms)


def test_nothing_new_is_nothing_to_do(named: None) -> None:
    assert keep_up() == 0
    before = list(SearchIndex.objects.values_list("writes", flat=True))
    keep_up()
    assert list(SearchIndex.objects.values_list("writes", flat=True)) == before


def test_other_columns_or_another_method_make_another_index(named: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "VERSION", texts.VERSION + 1)
    following.shape_of.cache_clear()
    assert titles("铝合"), "until then the rows are read"
    assert keep_up() == Enterprise.objects.count()
    assert titles("铝合")
    following.shape_of.cache_clear()


def test_an_index_full_of_old_entries_is_made_anew(named: None, monkeypatch: pytest.MonkeyPatch) -> None:
    SearchIndex.objects.filter(register="enterprises").update(stale=100_000)
    keep_up()
    assert SearchIndex.objects.get(register="enterprises").stale == 0
    assert titles("铝合")


def test_rebuilding_forgets_and_makes_anew(named: None) -> None:
    kit.rebuild([FIRMS])
    assert keep_up() == Enterprise.objects.count()
    assert titles("铝合")


def test_the_worker_follows_a_few_changes_and_has_a_job_fill(named: None) -> None:
    firm("工人铝厂", 80)
    following.tick()
    assert not following.waiting().rows
    kit.rebuild()
    following.tick()  # jobs run at once in tests
    assert SearchIndex.objects.get(register="enterprises").is_complete
    assert titles("工人") == ["工人铝厂"]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_late_is_not_passed_over() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    Place.objects.create(code="1", name="早来", full_name="早来", kind="city", path="/1/")
    keep_up()
    written, seen = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            Place.objects.create(code="2", name="慢来", full_name="慢来", kind="city", path="/2/")
            written.set()
            seen.wait(20)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(20)
    Place.objects.create(code="3", name="快来", full_name="快来", kind="city", path="/3/")
    keep_up()
    behind = SearchCursor.objects.get().change
    assert behind < Change.objects.latest("pk").pk, "the cursor waits for the transaction that is still open"
    seen.set()
    thread.join()
    keep_up()
    assert SearchCursor.objects.get().change == Change.objects.latest("pk").pk
    assert not following.waiting().rows
    for name in ("早来", "慢来", "快来"):
        assert [hit.title for hit in search(SYSTEM, name).hits] == [name]


@pytest.fixture(autouse=True)
def _fresh_tables(db: None) -> None:
    """A test that commits leaves its index behind; the next begins without."""
    SearchIndex.objects.all().delete()
    SearchCursor.objects.all().delete()


@pytest.mark.realdata
def test_the_whole_registry_of_a_province_is_searched_as_it_stands(gazetteer: Any) -> None:
    import polars

    from support import lianpu_data

    rows = polars.read_parquet(lianpu_data() / "registry" / "gansu.parquet").select("name", "scope").unique()
    Enterprise.objects.bulk_create(
        (
            Enterprise(uscc=make_uscc("620102", serial), name=name, name_key="", scope=scope or "")
            for serial, (name, scope) in enumerate(rows.iter_rows())
        ),
        batch_size=500,
    )
    keep_up()
    columns = finding.own_columns(FIRMS)
    for words in (["铝合"], ["兰州", "铝业"], ["有限责任"], ["甘肃", "科技"], ["农民专业合作社"]):
        found = ids(FIRMS, words, 100_000, columns)
        assert found is not None
        assert sorted(found) == compared(words, columns)
        assert found
    best = search(SYSTEM, "gsky", registers=[FIRMS], limit=50).hits
    assert best
    assert scanned("gsky") >= {hit.pk for hit in best}
