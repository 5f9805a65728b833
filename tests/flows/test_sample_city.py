"""The sample city 示例: loaded, placed and diagnosed; its accounts see what their scope allows and no more."""

import json
from collections import Counter
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from click.testing import CliRunner
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.test import override_settings

from lianpu.chains.models import Chain, Finding, Reference, SegmentState
from lianpu.chains.services import diagnose_place, load_maps, place_enterprises
from lianpu.cli.main import main
from lianpu.demo.services import load_accounts, load_sample, sample_accounts
from lianpu.demo.words import table
from lianpu.enterprises.identity import is_sample_uscc
from lianpu.enterprises.models import Enterprise, EnterpriseFigure, EnterpriseName
from lianpu.monitoring.queries import compare
from lianpu.places.queries import place_by_code
from lianpu.places.services import load_gazetteer
from lianpu.projects.models import Project
from lianpu.promotion.models import Lead
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.listing import Listing
from lianpu.register.models import Change, Grant
from lianpu.register.rights import SYSTEM


@pytest.fixture(scope="module")
def city(django_db_setup, django_db_blocker, tmp_path_factory):
    """The whole job once for this module, taken back at its end."""
    home = tmp_path_factory.mktemp("home")
    with (
        django_db_blocker.unblock(),
        override_settings(LIANPU_HOME=home, STATIC_ROOT=home),
        transaction.atomic(),
    ):
        load_gazetteer(user=SYSTEM)
        load_maps(user=SYSTEM)
        counts = load_sample(user=SYSTEM)
        place_enterprises(user=SYSTEM)
        yield counts, diagnose_place(user=SYSTEM, place=place_by_code("620100"))
        transaction.set_rollback(True)


@pytest.fixture
def signed_in(city, client, db):
    def enter(username):
        password = next(secret for name, secret, _ in sample_accounts() if name == username)
        answer = client.post("/sign-in/", {"username": username, "password": password})
        assert answer.status_code == 302, "the account cannot sign in"
        return client, Grant.objects.get(user__username=username).user

    return enter


def seen(user, slug, action=rights.VIEW):
    register = registry[slug]
    return rights.restrict(register.base(), register, user, action)


def test_every_row_is_marked_as_sample(city, db):
    counts, _ = city
    assert Enterprise.objects.count() == counts["enterprises"] == 5000
    assert not Enterprise.objects.filter(is_sample=False).exists()
    assert all(is_sample_uscc(code) for code in Enterprise.objects.values_list("uscc", flat=True))
    assert EnterpriseFigure.objects.count() == counts["figures"]
    reference = Reference.objects.get()
    assert reference.is_sample
    assert reference.name == "示例对照"


def test_the_published_firms_are_found_by_their_short_names(city, db):
    known = dict(EnterpriseName.objects.values_list("name", "enterprise__name"))
    assert known["兰石化"] == "兰州石化"
    assert known["生研所"] == "兰州生物制品研究所"


def test_every_written_row_left_a_change_record(city, db):
    counts, _ = city
    written = Change.objects.filter(reason="载入示例城市", action="insert")
    found = Counter(written.values_list("model", flat=True))
    expected = {
        "enterprises": counts["enterprises"],
        "enterprise-figures": counts["figures"],
        "enterprise-names": counts["names"],
    }
    assert {slug: found[registry[slug].label] for slug in expected} == expected


def test_the_diagnosis_of_every_chain_shows_all_states_and_all_kinds_of_findings(city, db):
    _, run = city
    for chain in Chain.objects.all():
        states = set(SegmentState.objects.filter(run=run, segment__chain=chain).values_list("state", flat=True))
        kinds = set(Finding.objects.filter(run=run, chain=chain).values_list("kind", flat=True))
        assert states == {"missing", "weak", "balanced", "strong"}, chain.name
        assert kinds == {"fill", "extend", "strengthen"}, chain.name


@pytest.mark.parametrize(
    ("segment", "state"),
    [
        ("SH-2101", "strong"),  # ethylene
        ("SH-2401", "strong"),  # styrene-butadiene and nitrile rubber
        ("ZB-3101", "strong"),  # drilling rigs
        ("ZB-3201", "strong"),  # locomotives
        ("XC-2101", "strong"),  # graphite electrodes
        ("SW-2201", "strong"),  # vaccines
        ("SH-3301", "missing"),  # tyres
        ("DX-1202", "missing"),  # chips
        ("YS-1201", "missing"),  # alumina
    ],
)
def test_the_states_tell_what_lanzhou_is_known_for(city, db, segment, state):
    _, run = city
    assert SegmentState.objects.get(run=run, segment__code=segment).state == state


def test_loading_a_second_time_changes_nothing(city, db):
    before = Change.objects.count()
    assert set(load_sample(user=SYSTEM).values()) == {0}
    assert load_accounts(user=SYSTEM) == 0
    assert Change.objects.count() == before


def test_a_register_with_real_firms_takes_no_sample(city, db):
    Enterprise.objects.create(uscc="91110000600037341L", name="某某有限公司", name_key="某某有限公司")
    with pytest.raises(ValidationError, match="已有真实企业"):
        load_sample(user=SYSTEM)


def test_sample_accounts_come_only_beside_sample_firms(city, db):
    Enterprise.objects.update(is_sample=False)
    with pytest.raises(ValidationError, match="只随示例城市"):
        load_accounts(user=SYSTEM)


def test_nobody_but_the_system_loads_samples(city, db):
    reader = Grant.objects.get(user__username="admin").user
    with pytest.raises(PermissionDenied):
        load_sample(user=reader)


def test_the_administrator_sees_and_changes_everything(signed_in):
    client, user = signed_in("admin")
    assert client.get("/enterprises/").status_code == 200
    assert seen(user, "enterprises", rights.DELETE).count() == 5000


def test_the_district_officer_sees_and_keeps_the_firms_of_the_district_only(signed_in):
    client, user = signed_in("xigu")
    assert set(seen(user, "enterprises").values_list("place__code", flat=True)) == {"620104"}
    assert set(seen(user, "enterprises", rights.CHANGE).values_list("place__code", flat=True)) == {"620104"}
    elsewhere = Enterprise.objects.filter(place__code="620102").first()
    assert client.get(f"/enterprises/{elsewhere.pk}/").status_code == 404


def test_the_zone_officer_sees_the_firms_of_the_zone_in_all_its_districts(signed_in):
    _, user = signed_in("xinqu")
    found = seen(user, "enterprises")
    assert set(found.values_list("zone__code", flat=True)) == {"620171"}
    assert set(found.values_list("place__code", flat=True)) == {"620121", "620122"}
    assert found.count() == Enterprise.objects.filter(zone__code="620171").count()


def test_the_chain_office_decides_on_the_placements_of_its_chain(signed_in):
    _, user = signed_in("sh-office")
    assert set(seen(user, "placements", rights.CHANGE).values_list("segment__chain__code", flat=True)) == {"SH"}
    assert set(seen(user, "findings").values_list("chain__code", flat=True)) == {"SH"}
    assert not rights.may(user, registry["enterprises"], rights.CHANGE)


def test_the_enterprise_user_sees_the_own_firm_and_its_figures_only(signed_in):
    client, user = signed_in("firm")
    own = seen(user, "enterprises").get()
    assert own.place.code == "620104"
    assert set(seen(user, "enterprise-figures").values_list("enterprise_id", flat=True)) == {own.pk}
    assert set(seen(user, "placements").values_list("enterprise_id", flat=True)) <= {own.pk}
    assert client.get("/findings/").status_code == 403


def test_the_reader_reads_but_sees_no_figures_of_firms(signed_in):
    client, user = signed_in("reader")
    assert client.get("/enterprises/").status_code == 200
    assert client.get("/enterprises/new/").status_code == 403
    assert "value" not in [one.name for one in rights.visible(user, registry["enterprise-figures"].bound)]


def test_every_published_figure_that_is_computed_comes_out_of_its_page(city, db):
    """From the list behind the figure, as a reader opens it: its rows, and for money the sum under its column."""
    compared = {one.id: one for one in compare(SYSTEM, 2021)}
    computed = {name: one for name, one in compared.items() if one.computed}
    assert {name: one.difference for name, one in computed.items()} == dict.fromkeys(computed, 0)
    assert {one["id"] for one in table("figures")} == set(compared)
    assert len(computed) == 10
    sums = {"promotion_signed_amount": "signed_10k_cny", "promotion_funds_arrived": "amount_10k_cny"}
    for name, one in computed.items():
        path, _, query = one.computed.url.partition("?")
        listing = Listing(registry[path.strip("/").split("/")[-1]], SYSTEM, dict(parse_qsl(query)))
        assert not listing.errors, (name, listing.errors)
        assert listing.count == one.computed.rows, name
        if name in sums:
            columns = [column.name for column in listing.columns]
            total = listing.totals[columns.index(sums[name])]
            assert Decimal(total.text.replace(",", "")) / 10_000 == one.published
        elif name != "upgrade_firms":
            assert listing.count == one.published


def test_the_command_prints_each_figure_with_the_rows_behind_it(city, db):
    answer = CliRunner().invoke(main, ["figures", "--json"], catch_exceptions=False)
    said = json.loads(answer.stdout)
    assert {one["id"]: one["value"] for one in said["figures"]} == {
        "projects_carried_out": 251, "upgrade_firms": 57, "upgrade_projects": 153, "upgrade_projects_completed": 51,
        "projects_followed_up": 274, "key_projects_completed": 61, "promotion_drawn_up": 92, "promotion_signed": 35,
        "promotion_signed_amount": "114.85", "promotion_funds_arrived": 11,
    }  # fmt: skip
    assert {one["difference"] for one in said["figures"]} == {0}
    assert {one["id"]: one["rows"] for one in said["figures"]}["upgrade_firms"] == 153
    assert "base_stations_5g" in {one["id"] for one in said["not_computed"]}
    part = CliRunner().invoke(main, ["figures", "--place", "兰州新区", "--json"], catch_exceptions=False)
    values = {one["id"]: one["value"] for one in json.loads(part.stdout)["figures"]}
    assert 0 < values["promotion_signed"] < 35


def test_the_projects_that_the_report_names_are_where_it_counts_them(city, db):
    done = set(Project.objects.filter(actual_finish__year=2021).values_list("name", flat=True))
    for word in ("整体搬迁", "超高功率石墨电极", "疫苗车间", "特种丁腈橡胶", "高档电解铜箔"):
        assert any(word in name for name in done), word
    signed = set(Lead.objects.filter(signed_on__year=2021).values_list("name", flat=True))
    assert {"绿色智能装配式建筑基地", "细胞培养基研发生产"} <= signed


def test_months_of_the_sample_add_up(city, db):
    for project in Project.objects.prefetch_related("reports", "years"):
        ytd = 0
        for report in sorted(project.reports.all(), key=lambda one: one.month):
            ytd += report.done_month_10k_cny
            assert report.done_ytd_10k_cny == ytd
        assert project.years.get().invested_before_10k_cny + ytd <= project.total_10k_cny
    assert Lead.objects.filter(project__isnull=False).count() == 8
