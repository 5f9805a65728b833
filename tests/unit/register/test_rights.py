"""The algebra of rights: grants add up, limits narrow, and the filter over rows equals the answer for each row."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianpu.chains.models import Placement
from lianpu.enterprises.models import Enterprise
from lianpu.places.models import Place
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.models import Grant, Role
from lianpu.register.testing import grant

PATHS = ["", "/100000/620000/", "/100000/620000/620100/", "/100000/620000/620100/620102/", "/100000/620000/620300/"]
CHAINS = ["", "LV", "QC"]
ACTIONS = ["view", "change", "import", "export"]
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

limits = st.fixed_dictionaries(
    {
        "place_path": st.sampled_from(PATHS),
        "chain_code": st.sampled_from(CHAINS),
        "firm": st.sampled_from(["", "甲", "庚"]),
    }
)
roles = st.dictionaries(
    st.sampled_from(["*", "placements", "enterprises"]),
    st.lists(st.sampled_from(["*", *ACTIONS]), max_size=2),
    max_size=2,
)
grants = st.lists(st.tuples(roles, limits), max_size=3)


@pytest.fixture
def placed(firms: Mapping[str, Enterprise], two_chains: Mapping[str, Any]) -> list[Placement]:
    """One placement a firm over both chains."""
    codes = ["LV-2101", "LV-2102", "LV-3101", "QC-3101", "LV-4101", "LV-1101", "QC-1101", "QC-3101"]
    return [
        Placement.objects.create(enterprise=firm, segment=two_chains[code], role="makes", confidence=0.9)
        for firm, code in zip(firms.values(), codes, strict=True)
    ]


def holder(held: Sequence[tuple[Mapping[str, list[str]], Mapping[str, str]]], firms: Mapping[str, Enterprise]) -> Any:
    """An unsaved-looking user whose grants are given, not read."""
    user = get_user_model()(username="holder")
    user._lianpu_grants = [  # type: ignore[attr-defined]
        Grant(
            role=Role(actions=dict(actions)),
            place_path=limit["place_path"],
            chain_code=limit["chain_code"],
            enterprise_uscc=firms[limit["firm"]].uscc if limit["firm"] else "",
        )
        for actions, limit in held
    ]
    return user


def plainly(user: Any, action: str, row: Placement) -> bool:
    """The rule in plain words: some grant allows the action and every limit of it holds for the row."""

    def holds(one: Grant) -> bool:
        firm = row.enterprise
        ways = [place.path for place in (firm.place, firm.zone) if place is not None]
        return (
            one.role.allows("placements", action)
            and any(way.startswith(one.place_path) for way in ways)
            and one.chain_code in ("", row.segment.chain.code)
            and one.enterprise_uscc in ("", firm.uscc)
        )

    return any(holds(one) for one in user._lianpu_grants)


@FEW
@given(held=grants, action=st.sampled_from(ACTIONS))
def test_filter_and_predicate_say_the_same_as_the_rule(
    placed: list[Placement], firms: Mapping[str, Enterprise], held: Any, action: str
) -> None:
    user, register = holder(held, firms), registry["placements"]
    allowed = {row.pk for row in placed if plainly(user, action, row)}
    assert set(rights.restrict(register.base(), register, user, action).values_list("pk", flat=True)) == allowed
    assert {row.pk for row in placed if rights.may(user, register, action, row)} == allowed


@FEW
@given(
    held=grants, action=st.sampled_from(ACTIONS), slug=st.sampled_from(["enterprises", "segments", "chains", "places"])
)
def test_filter_and_predicate_agree_whatever_a_register_is_bound_to(
    placed: list[Placement], firms: Mapping[str, Enterprise], held: Any, action: str, slug: str
) -> None:
    user, register = holder(held, firms), registry[slug]
    rows = list(register.base())
    reached = set(rights.restrict(register.base(), register, user, action).values_list("pk", flat=True))
    assert {row.pk for row in rows if rights.may(user, register, action, row)} == reached
    assert rights.may(user, register, action) or not reached


@FEW
@given(one=grants, other=grants, action=st.sampled_from(ACTIONS))
def test_grants_add_up(
    placed: list[Placement], firms: Mapping[str, Enterprise], one: Any, other: Any, action: str
) -> None:
    register = registry["placements"]

    def reached(held: Any) -> set[int]:
        rows = rights.restrict(register.base(), register, holder(held, firms), action)
        return set(rows.values_list("pk", flat=True))

    assert reached([*one, *other]) == reached(one) | reached(other)


@pytest.mark.parametrize("state", ["is_active", "is_authenticated"])
def test_who_is_not_active_or_signed_in_reaches_nothing(placed: list[Placement], state: str) -> None:
    from django.contrib.auth.models import AnonymousUser

    user: Any = AnonymousUser()
    if state == "is_active":
        user = grant("left", {"*": ["*"]})
        user.is_active, user.is_superuser = False, True
    assert rights.reach_of(user, registry["placements"]) is None
    assert not rights.restrict(Placement.objects.all(), registry["placements"], user).exists()


def test_a_limited_grant_reads_common_ground_and_never_writes_it(gazetteer: Mapping[str, Any]) -> None:
    user = grant("limited", {"*": ["*"]}, place_path=PATHS[2])
    for slug in ("chains", "places", "products"):
        assert rights.may(user, registry[slug], rights.VIEW)
        assert rights.may(user, registry[slug], rights.EXPORT)
        assert not rights.may(user, registry[slug], rights.CHANGE)
        assert not rights.may(user, registry[slug], rights.IMPORT)


def test_a_star_reaches_no_register_of_accounts_and_rights(db: None) -> None:
    user = grant("star", {"*": ["*"], "grants": ["view"]})
    for slug in ("accounts", "roles", "account-log"):
        assert not rights.may(user, registry[slug], rights.VIEW)
    assert rights.may(user, registry["grants"], rights.VIEW)
    assert not rights.may(user, registry["grants"], rights.CHANGE)


def test_ones_own_place_is_the_first_that_one_is_limited_to(gazetteer: Mapping[str, Any]) -> None:
    places = Place.objects.all()
    assert rights.own_place(grant("all", {"*": ["*"]}), places) is None, "no limit, no place of one's own"
    grant("two", {"places": ["view"]}, chain_code="LV")
    grant("two", {"places": ["view"]}, place_path=PATHS[3])
    user = grant("two", {"projects": ["change"]}, place_path=PATHS[2])
    assert rights.own_place(user, places) == gazetteer["620102"]
    assert rights.own_place(user, places.filter(kind=Place.Kind.CITY)) == gazetteer["620100"], "of those asked about"
    assert rights.own_place(user, places.none()) is None
    user.is_superuser = True
    assert rights.own_place(user, places) is None
    assert rights.own_place(rights.SYSTEM, places) is None


def test_demand_says_what_is_missing(db: None) -> None:
    from django.core.exceptions import PermissionDenied

    with pytest.raises(PermissionDenied, match="企业"):
        rights.demand(grant("reader", {"*": ["view"]}), registry["enterprises"], rights.CHANGE)
