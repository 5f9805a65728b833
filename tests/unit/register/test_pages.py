"""Pages of the kit beyond a single register: import desk, runs, dictionary, listing addresses."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise
from lianpu.register.declare import registry
from lianpu.register.listing import Listing
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in

A, B = make_uscc("620102", 701), make_uscc("620103", 702)
FILE = f"企业名称,统一社会信用代码,所属县区\n示例甲,{A},620102\n示例乙,{B},并无此地\n"


def test_computed_registers_take_no_files(gazetteer: Mapping[str, Any], home: Path) -> None:
    client = signed_in(grant("all", {"*": ["*"]}))
    assert client.get("/placements/import/").status_code == 404
    assert client.post("/placements/new/", {"role": "makes"}).status_code == 422


def test_the_dictionary_shows_what_the_reader_may_see(db: None) -> None:
    page = signed_in(grant("reader", {"enterprises": ["view"], "enterprise-figures": ["view"]})).get("/dictionary/")
    text = page.content.decode()
    assert "统一社会信用代码" in text
    assert 'id="enterprise-figures"' in text
    assert 'id="placements"' not in text
    assert "<code>value</code>" not in text


def test_an_unknown_register_is_not_found(admin_client: Client) -> None:
    assert admin_client.get("/nothing-of-ours/").status_code == 404


class TestListing:
    @pytest.mark.parametrize("page", ["0", "-1", "x", "²", "99999999999999999999", "2"])
    def test_odd_page_numbers_show_a_page(self, firms: Mapping[str, Any], page: str) -> None:
        listing = Listing(registry["enterprises"], SYSTEM, {"page": page, "size": "5"})
        assert 1 <= listing.page <= listing.pages == 2
        assert listing.page_rows

    @pytest.mark.parametrize("size", ["0", "x", "²", "100000000000"])
    def test_odd_sizes_are_bounded(self, firms: Mapping[str, Any], size: str) -> None:
        assert 1 <= Listing(registry["enterprises"], SYSTEM, {"size": size}).size <= 200

    def test_a_place_filter_takes_in_districts_and_zones(self, firms: Mapping[str, Any]) -> None:
        def found(code: str) -> str:
            rows = Listing(registry["enterprises"], SYSTEM, {"f.place": code}).rows
            return "".join(row.name[2] for row in rows)

        zone = firms["庚"].zone.code
        assert found("620100") == "甲乙丙丁戊庚辛"
        assert found("620111,620302") == "甲乙己"
        assert found(zone) == "庚"
        assert found("999999") == ""

    def test_ranges_of_numbers_and_days(self, firms: Mapping[str, Any]) -> None:
        for number, firm in enumerate(firms.values()):
            Enterprise.objects.filter(pk=firm.pk).update(capital_10k_cny=number, founded=f"2020-01-{number + 1:02}")

        def count(**params: str) -> int:
            return Listing(registry["enterprises"], SYSTEM, {k.replace("_", "."): v for k, v in params.items()}).count

        assert (
            Listing(registry["enterprises"], SYSTEM, {"f.capital_10k_cny.from": "3", "f.capital_10k_cny.to": "5"}).count
            == 3
        )
        assert count(f_founded_from="2020-01-07") == 2
        assert count(f_founded="2020-01-07") == 1

    def test_a_moment_is_filtered_by_its_day(self, db: None) -> None:
        from django.utils import timezone

        from lianpu.chains.models import Reference

        Reference.objects.create(name="甲", file="a", rows=1, placed=1, source_hash="0", model_version="1")
        today = f"{timezone.localtime():%Y-%m-%d}"
        for params, n in [
            ({"f.loaded_at": today}, 1),
            ({"f.loaded_at.from": today}, 1),
            ({"f.loaded_at.to": "2020-01-01"}, 0),
        ]:
            assert Listing(registry["references"], SYSTEM, params).count == n

    def test_search_needs_every_word(self, firms: Mapping[str, Any]) -> None:
        register = registry["enterprises"]
        assert Listing(register, SYSTEM, {"q": "铝锭"}).count == 2
        assert Listing(register, SYSTEM, {"q": "铝锭 商贸"}).count == 1
        assert Listing(register, SYSTEM, {"q": "100%"}).count == 0
        assert Listing(register, SYSTEM, {"q": "_"}).count == 0

    def test_words_of_a_list_are_found(self, two_chains: Mapping[str, Any]) -> None:
        for word, n in [("铝锭", 1), ("铝", 5), ("并无此词", 0)]:
            assert Listing(registry["products"], SYSTEM, {"f.aliases": word}).count == n, word

    def test_chosen_columns_and_totals(self, firms: Mapping[str, Any]) -> None:
        Enterprise.objects.update(capital_10k_cny="1.5")
        listing = Listing(registry["enterprises"], SYSTEM, {"cols": "capital_10k_cny,name"})
        assert [column.name for column in listing.columns] == ["capital_10k_cny", "name"]
        assert [(total.text, total.filled) for total in listing.totals] == [("12", 8), ("", 0)]
        assert listing.headers()[0].direction == ""

    def test_rows_that_point_at_one_row(self, firms: Mapping[str, Any], two_chains: Mapping[str, Any]) -> None:
        chain = two_chains["LV-11"].chain
        assert Listing(registry["segments"], SYSTEM, {"at.chain": str(chain.pk)}).count == 9
        wrong = Listing(registry["segments"], SYSTEM, {"at.chain": "x"})
        assert wrong.count == 13
        assert wrong.errors
