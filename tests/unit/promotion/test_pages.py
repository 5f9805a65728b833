"""Funnel, ranking and stale leads as pages: what a number says is what its list shows."""

import datetime as dt
import html
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client

from lianpu.promotion.models import FundsArrival, Lead, PromotionTarget
from lianpu.register.declare import registry
from lianpu.register.listing import Listing
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in

pytestmark = pytest.mark.django_db
LINK = re.compile(r'<a href="/(leads|funds-arrivals)/\?([^"]*)">([\d,.]+)</a>')
SUM = {"leads": "signed_10k_cny", "funds-arrivals": "amount_10k_cny"}


@pytest.fixture
def year(leads: Mapping[str, Lead], lead: Any, came: Any) -> None:
    """Three leads on their way, two signed in 甲区 (one begun, with money), one of nobody's, one given up."""
    signed = {"signed": "2024-03-05", "unit": "甲区", "origin": "abroad"}
    begun = lead("S1", amount=500, started="2024-06-01", place=leads["L2"].place, chain=leads["L2"].chain, **signed)
    lead("S2", amount=300, land_on=dt.date(2024, 4, 1), **signed)
    lead("S3", amount=200, signed="2024-11-05")
    lead("S4", unit="甲区", withdrawn_on=dt.date(2024, 4, 1), withdrawn_why="改投他处")
    came(begun, "2024-06", 120, "abroad")
    came(begun, "2024-06", 55, "local")
    PromotionTarget.objects.create(year=2024, unit="甲区", arrived_10k_cny=100, signed_10k_cny=1000)


def shown(text: str) -> Iterator[tuple[str, Listing, Decimal]]:
    """Every count and sum of a page that opens a list, with the list; rates (two decimals) open those of their numerator."""
    for slug, query, number in LINK.findall(text):
        if re.search(r"\.\d\d$", number):
            continue
        listing = Listing(registry[slug], SYSTEM, dict(parse_qsl(html.unescape(query))))
        yield f"{slug}?{query}", listing, Decimal(number.replace(",", ""))


def sum_of(listing: Listing) -> Decimal:
    total = listing.totals[[column.name for column in listing.columns].index(SUM[listing.register.slug])]
    return Decimal(total.text.replace(",", "") or 0)


@pytest.mark.parametrize("way", ["place", "zone", "chain", "unit", "field", "origin"])
def test_every_number_of_the_funnel_opens_to_its_rows(year: None, admin_client: Client, way: str) -> None:
    page = admin_client.get("/promotion/", {"by": way, "period": "2024"}).content.decode()
    seen = 0
    for where, listing, number in shown(page):
        count = listing.count
        assert not listing.errors, (where, listing.errors)
        # A count, or a sum: of what was signed, came in, or is intended where nothing is signed yet.
        assert number in {Decimal(count), sum_of(listing)}, (where, number, count)
        seen += 1
    assert seen > 30


def test_every_number_of_the_ranking_opens_to_its_rows(year: None, admin_client: Client) -> None:
    page = admin_client.get("/promotion/ranking/", {"period": "2024"}).content.decode()
    links = list(shown(page))
    for where, listing, number in links:
        count = listing.count
        assert not listing.errors, (where, listing.errors)
        assert number in {Decimal(count), sum_of(listing)}, (where, number, count)
    assert "甲区" in page
    assert len(links) > 5


def test_stale_leads_are_those_of_the_list(year: None, admin_client: Client) -> None:
    page = admin_client.get("/promotion/stale/").content.decode()
    listing = Listing(registry["leads"], SYSTEM, {"f.stale": "是"})
    assert {row.code for row in listing.rows} == {"L1", "L2", "L3", "S2"}
    assert f"共 {listing.count} 条" in page


def test_empty_registers_say_what_to_do(admin_client: Client) -> None:
    for path, words in (("", "导入招商项目"), ("ranking/", "导入招商目标"), ("stale/", "没有久未推进")):
        assert words in admin_client.get(f"/promotion/{path}").content.decode()


def test_a_lead_is_moved_from_its_page(leads: Mapping[str, Lead], admin_client: Client) -> None:
    lead = leads["L1"]

    def post(verb: str, **cells: str) -> str:
        answer = admin_client.post(f"/promotion/leads/{lead.pk}/{verb}/", cells, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    assert "没有填写日期" in post("advance", stage="signed")
    assert "已登记：签约" in post("advance", stage="signed", on="2024-03-05", amount="1.2亿")
    assert "已登记为" in post("advance", stage="signed", on="2024-03-06")
    assert "已记到位资金" in post("funds", month="2024-04", origin="abroad", amount="1,000")
    assert "请说明撤回原因" in post("withdraw", why="")
    assert "已撤回" in post("withdraw", why="合同解除")
    assert "已恢复" in post("resume", why="恢复谈判")
    assert "已转为台账项目" in post("project")
    lead.refresh_from_db()
    assert (lead.signed_10k_cny, lead.stage) == (12000, "arrived")
    assert FundsArrival.objects.get().amount_10k_cny == 1000
    assert lead.project is not None
    page = admin_client.get(registry["projects"].url("detail", lead.project_id)).content.decode()
    assert "由招商项目转化" in page


def test_who_sees_no_leads_sees_no_pages(year: None) -> None:
    stranger = signed_in(grant("stranger", {"projects": ["view"]}))
    for path in ("", "ranking/", "stale/"):
        assert stranger.get(f"/promotion/{path}").status_code == 403
