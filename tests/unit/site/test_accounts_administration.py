"""Separated duties: who gives rights raises none of his own, one who can give them always stays, all is written down."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from lianpu.demo.services import load_roles
from lianpu.enterprises.models import Enterprise
from lianpu.register import rights
from lianpu.register.declare import registry
from lianpu.register.models import Account, AccountEvent, Change, Grant, Role
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import signed_in
from lianpu.site.accounts import queries, services

pytestmark = pytest.mark.django_db


@pytest.fixture
def roles() -> Mapping[str, Role]:
    load_roles(user=SYSTEM)
    return {role.code: role for role in Role.objects.all()}


Hire = Callable[..., Any]


@pytest.fixture
def hire(roles: Mapping[str, Role]) -> Hire:
    """``hire("zhang", "reader")``: an account with a role; read anew, as the next request would."""

    def make(username: str, code: str = "", **limits: str) -> Any:
        person, _ = services.create_account(user=SYSTEM, username=username)
        Account.objects.filter(user=person).update(must_change_password=False)
        if code:
            services.give_role(user=SYSTEM, person=person, role=roles[code], **limits)
        return anew(person)

    return make


@pytest.fixture
def guard(hire: Hire) -> Any:
    return hire("guard", "security-admin")


def anew(person: Any) -> Any:
    return get_user_model().objects.get(pk=person.pk)


# -- duties --------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", ["bureau-admin", "auditor", "chain-office", "district-office", "enterprise", "reader"])
def test_only_the_security_administrator_administers(hire: Hire, code: str) -> None:
    other, target = hire("other", code), hire("target")
    verbs: list[Callable[[], Any]] = [
        lambda: services.create_account(user=other, username="new"),
        lambda: services.reset_password(user=other, person=target),
        lambda: services.set_active(user=other, person=target, active=False),
        lambda: services.unlock(user=other, person=target),
        lambda: services.end_sessions(user=other, person=target),
        lambda: services.give_role(user=other, person=target, role=Role.objects.get(code="reader")),
        lambda: services.take_role(user=other, grant=Grant.objects.get(user=other)),
        lambda: services.change_role(user=other, role=Role.objects.get(code="reader"), actions={}, clears=[]),
    ]
    before = (Grant.objects.count(), Role.objects.get(code="reader").actions, get_user_model().objects.count())
    for verb in verbs:
        with pytest.raises(PermissionDenied):
            verb()
    assert before == (Grant.objects.count(), Role.objects.get(code="reader").actions, get_user_model().objects.count())


def test_the_security_administrator_sees_no_business(guard: Any, firms: Mapping[str, Enterprise]) -> None:
    for register in registry.all():
        sees = rights.may(guard, register, rights.VIEW)
        assert sees is register.guarded, register.slug
    assert signed_in(guard).get("/enterprises/").status_code == 403


def test_the_auditor_reads_all_and_writes_nothing(hire: Hire, firms: Mapping[str, Enterprise]) -> None:
    auditor = hire("auditor", "auditor")
    for register in registry.all():
        assert rights.may(auditor, register, rights.VIEW), register.slug
        assert rights.may(auditor, register, rights.EXPORT), register.slug
        for action in (rights.ADD, rights.CHANGE, rights.DELETE, rights.IMPORT, rights.ADMINISTER):
            assert not rights.may(auditor, register, action), (register.slug, action)
    browser = signed_in(auditor)
    for path in ("/account-log/", "/grants/", "/roles/", "/accounts/", "/admin/accounts/"):
        assert browser.get(path).status_code == 200, path
    for path in ("/admin/accounts/new/", f"/admin/roles/{Role.objects.get(code='reader').pk}/"):
        assert browser.get(path).status_code == 403, path


def test_no_star_reaches_accounts_and_rights(hire: Hire) -> None:
    bureau = hire("bureau", "bureau-admin")
    for slug in (queries.ACCOUNTS, queries.ROLES, queries.GRANTS, queries.LOG):
        for action in queries.ACTIONS:
            assert not rights.may(bureau, registry[slug], action), (slug, action)
        assert signed_in(bureau).get(f"/{slug}/").status_code == 403
        assert signed_in(bureau).get(f"/api/{slug}/").status_code == 403


def test_guarded_registers_have_no_form_file_or_api_that_writes(guard: Any, hire: Hire) -> None:
    chief = get_user_model().objects.create_superuser("chief")
    for slug in (queries.ACCOUNTS, queries.ROLES, queries.GRANTS, queries.LOG):
        row = registry[slug].model._default_manager.latest("pk")
        for person in (guard, chief):
            browser, before = signed_in(person), Change.objects.count()
            for page in ("new/", "import/", f"{row.pk}/edit/"):
                answers = {browser.get(f"/{slug}/{page}").status_code, browser.post(f"/{slug}/{page}").status_code}
                assert answers <= {403, 404, 422, 200}
            assert browser.post(f"/api/{slug}/", {}, "application/json").status_code in (403, 404, 405)
            assert browser.patch(f"/api/{slug}/{row.pk}", {}, "application/json").status_code in (403, 404, 405)
            assert Change.objects.count() == before


# -- nobody raises himself -----------------------------------------------------------------------
def test_nobody_changes_his_own_rights(guard: Any, hire: Hire, roles: Mapping[str, Role]) -> None:
    hire("second", "security-admin")
    own = Grant.objects.get(user=guard)
    for verb in (
        lambda: services.give_role(user=guard, person=guard, role=roles["bureau-admin"]),
        lambda: services.take_role(user=guard, grant=own),
        lambda: services.reset_password(user=guard, person=guard),
        lambda: services.set_active(user=guard, person=guard, active=False),
        lambda: services.change_role(
            user=guard, role=roles["security-admin"], actions={"*": ["*"]}, clears=["figures"]
        ),
    ):
        with pytest.raises(PermissionDenied, match="自己"):
            verb()
    assert list(Grant.objects.filter(user=guard)) == [own]


def test_a_superuser_is_out_of_reach(guard: Any, roles: Mapping[str, Role]) -> None:
    chief = get_user_model().objects.create_superuser("chief")
    for verb in (
        lambda: services.reset_password(user=guard, person=chief),
        lambda: services.reset_second_step(user=guard, person=chief),
        lambda: services.set_active(user=guard, person=chief, active=False),
        lambda: services.create_account(user=guard, username="mine", superuser=True),
    ):
        with pytest.raises(PermissionDenied, match="系统管理员"):
            verb()
    assert anew(chief).is_active


def test_one_who_gives_rights_always_stays(guard: Any, hire: Hire, roles: Mapping[str, Role]) -> None:
    chief = get_user_model().objects.create_superuser("chief")
    bare = {"accounts": ["view"]}
    for verb in (
        lambda: services.take_role(user=chief, grant=Grant.objects.get(user=guard)),
        lambda: services.set_active(user=chief, person=guard, active=False),
        lambda: services.change_role(user=chief, role=roles["security-admin"], actions=bare, clears=[]),
    ):
        with pytest.raises(ValidationError, match="安全管理员"):
            verb()
        assert list(queries.guardians()) == [guard]
    hire("second", "security-admin")
    services.take_role(user=chief, grant=Grant.objects.get(user=guard))
    assert [one.username for one in queries.guardians()] == ["second"]


def test_rights_within_a_place_do_not_administer(hire: Hire, gazetteer: Mapping[str, Any]) -> None:
    local = hire("local", "security-admin", place="620104")
    assert rights.may(local, registry["accounts"], rights.VIEW)
    assert not queries.may_administer(local)
    assert not queries.guardians().exists()


# -- what is written down ------------------------------------------------------------------------
def test_a_grant_leaves_a_change_record_and_a_line(guard: Any, hire: Hire, roles: Mapping[str, Role]) -> None:
    target = hire("target")
    before = Change.objects.count()
    held = services.give_role(user=guard, person=target, role=roles["reader"], reason="第12号函")
    services.take_role(user=guard, grant=held)
    made = Change.objects.order_by("pk")[before:]
    assert [(c.model, c.action, c.user, c.reason) for c in made] == [
        ("register.grant", "insert", "guard", "第12号函"),
        ("register.grant", "delete", "guard", "收回授权"),
    ]
    lines = AccountEvent.objects.filter(username="target", by="guard").order_by("pk")
    assert [(line.what, line.detail) for line in lines] == [("granted", "查阅人员"), ("revoked", "查阅人员")]


def test_no_record_holds_a_password_or_its_hash(guard: Any, hire: Hire) -> None:
    target = hire("target")
    secret = services.reset_password(user=guard, person=target)
    encoded = anew(target).password
    kept = [f"{c.before} {c.after} {c.reason}" for c in Change.objects.all()]
    kept += [str(vars(line)) for line in AccountEvent.objects.all()]
    assert not any(secret in text or encoded in text for text in kept)


def test_granting_twice_is_one_grant(guard: Any, hire: Hire, roles: Mapping[str, Role], two_chains: Any) -> None:
    target = hire("target")
    one = services.give_role(user=guard, person=target, role=roles["chain-office"], chain="铝业")
    assert services.give_role(user=guard, person=target, role=roles["chain-office"], chain="LV") == one
    assert one.chain_code == "LV"
    with pytest.raises(ValidationError) as refused:
        services.give_role(user=guard, person=target, role=roles["reader"], place="无此地", enterprise="无此企业")
    assert set(refused.value.message_dict) == {"place", "enterprise"}


def test_names_differ_by_more_than_case(guard: Any, hire: Hire) -> None:
    hire("zhang")
    with pytest.raises(ValidationError, match="已存在"):
        services.create_account(user=guard, username="Zhang")


# -- pages ---------------------------------------------------------------------------------------
def test_from_a_new_account_to_its_first_sign_in(
    guard: Any, roles: Mapping[str, Role], firms: Mapping[str, Enterprise]
) -> None:
    office = signed_in(guard)
    answer = office.post("/admin/accounts/new/", {"username": "li", "name": "李四", "organisation": "工信局"})
    secret = answer.context["secret"]
    assert "no-store" in answer["Cache-Control"]
    account = Account.objects.get(user__username="li")
    office.post(
        f"/admin/accounts/{account.pk}/roles/",
        {"role": "district-office", "place": "西固区", "reason": "任命"},
    )
    page = office.get("/admin/accounts/?q=李四").content.decode()
    for word in ("li", "李四", "工信局", "县区经办", "甘肃省兰州市西固区", "待改密码"):
        assert word in page, word
    assert secret not in office.get(f"/accounts/{account.pk}/").content.decode()

    newcomer = Client()
    newcomer.post("/sign-in/", {"username": "li", "password": secret})
    assert newcomer.get("/enterprises/")["Location"].startswith("/account/password/")
    newcomer.post("/account/password/", {"oldpassword": secret, "password1": "Mein-2021 x", "password2": "Mein-2021 x"})
    assert "共 1 条" in newcomer.get("/enterprises/").content.decode()


def test_every_verb_has_its_button(guard: Any, hire: Hire, roles: Mapping[str, Role]) -> None:
    target, office = hire("target", "reader"), signed_in(guard)
    pk = target.account.pk
    page = office.get(f"/accounts/{pk}/").content.decode()
    assert "停用账号" in page
    for verb, shown in (("disable", "已停用"), ("enable", "正常"), ("sessions", "正常"), ("unlock", "正常")):
        assert office.post(f"/admin/accounts/{pk}/{verb}/").status_code == 302
        assert shown in office.get(f"/accounts/{pk}/").content.decode(), verb
    held = Grant.objects.get(user=target)
    office.post(f"/admin/grants/{held.pk}/take/")
    assert not Grant.objects.filter(user=target).exists()
    assert office.get(f"/admin/accounts/{pk}/disable/").status_code == 405, "no link does what a button does"
    answer = office.post(f"/admin/accounts/{guard.account.pk}/disable/")
    assert answer.status_code == 403
    assert "自己" in answer.content.decode()


def test_a_role_is_set_on_its_page(guard: Any, hire: Hire, roles: Mapping[str, Role]) -> None:
    reader, office = hire("reader", "reader"), signed_in(guard)
    url = f"/admin/roles/{roles['reader'].pk}/"
    assert not rights.may(reader, registry["enterprises"], rights.EXPORT)
    answer = office.post(url, {"*": ["view"], "enterprises": ["export"], "clears": ["figures"], "reason": "工作需要"})
    assert answer.status_code == 302
    role = Role.objects.get(code="reader")
    assert (role.actions, role.clears) == ({"*": ["view"], "enterprises": ["export"]}, ["figures"])
    assert rights.may(anew(reader), registry["enterprises"], rights.EXPORT)
    change = Change.objects.filter(model="register.role").latest("pk")
    assert (change.action, change.user, change.reason) == ("update", "guard", "工作需要")
    assert office.post(url, {"*": ["fly"]}).status_code == 422
    assert Role.objects.get(code="reader").actions == role.actions


def test_an_account_made_past_the_services_is_pointed_out(guard: Any) -> None:
    get_user_model().objects.create_user("smuggled")
    assert "smuggled" in signed_in(guard).get("/admin/accounts/").content.decode()


def test_the_page_of_accounts_asks_a_constant_number_of_queries(
    guard: Any, hire: Hire, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        hire(f"person-{number}", "reader")
    office = signed_in(guard)
    office.get("/admin/accounts/")
    with django_assert_max_num_queries(20):
        office.get("/admin/accounts/")
