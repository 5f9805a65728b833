"""The REST interface as a program meets it: tokens, paging, bulk writing, conflicts, requests sent twice."""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise
from lianpu.register import custom, tokens
from lianpu.register.declare import registry
from lianpu.register.models import ApiToken, Change, CustomField, ImportRun, KeptAnswer
from lianpu.register.rights import SYSTEM
from lianpu.register.services import version_of
from lianpu.register.testing import grant, signed_in
from lianpu.register.undo import revert
from support import ROOT

A, B = make_uscc("620102", 801), make_uscc("620103", 802)
Caller = Callable[..., Any]


@pytest.fixture
def person(gazetteer: Mapping[str, Any], home: Path) -> Any:
    return grant("program", {"enterprises": ["*"]})


def caller(secret: str) -> Caller:
    """``call("post", "/api/…", body)`` as a program with this token; CSRF is checked, as it would be."""
    client = Client(enforce_csrf_checks=True)

    def call(verb: str, url: str, body: Any = None, **headers: str) -> Any:
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(client, verb)(url, **data, headers={"authorization": f"Bearer {secret}", **headers})

    return call


@pytest.fixture
def call(person: Any) -> Caller:
    return caller(tokens.make(user=person, name="测试程序")[1])


# -- tokens ------------------------------------------------------------------------------------------------------


def test_a_token_lets_in_as_its_person_and_no_further(person: Any, call: Caller) -> None:
    assert call("get", "/api/enterprises/").status_code == 200
    assert call("get", "/api/places/").status_code == 403
    assert call("get", "/api/me").json()["username"] == "program"


@pytest.mark.parametrize("secret", ["", "lianpu_wrong", "x" * 500])
def test_an_unknown_token_is_told_so(person: Any, secret: str) -> None:
    answer = caller(secret)("get", "/api/enterprises/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_expired_a_revoked_and_a_closed_account_do_not_let_in(person: Any) -> None:
    made, secret = tokens.make(user=person, name="旧程序")
    call = caller(secret)
    ApiToken.objects.filter(pk=made.pk).update(expires_at="2021-01-01T00:00+08:00")
    assert call("get", "/api/enterprises/").status_code == 401
    ApiToken.objects.filter(pk=made.pk).update(expires_at=None)
    assert call("get", "/api/enterprises/").status_code == 200
    person.is_active = False
    person.save()
    assert call("get", "/api/enterprises/").status_code == 401
    person.is_active = True
    person.save()
    tokens.revoke(user=person, token=made)
    assert call("get", "/api/enterprises/").status_code == 401


def test_the_secret_is_kept_nowhere(person: Any) -> None:
    made, secret = tokens.make(user=person, name="程序")
    stored = ApiToken.objects.filter(pk=made.pk).values().get()
    assert not any(
        secret in str(value) or str(value) in secret[11:] for value in stored.values() if len(str(value)) > 8
    )


def test_a_token_may_be_less_than_its_person(person: Any) -> None:
    reading = caller(tokens.make(user=person, name="只读", is_readonly=True)[1])
    assert reading("get", "/api/enterprises/").status_code == 200
    assert reading("post", "/api/enterprises/", {"name": "甲", "uscc": A}).status_code == 403
    elsewhere = caller(tokens.make(user=person, name="限定", registers=["places"])[1])
    assert elsewhere("get", "/api/enterprises/").status_code == 403
    assert not Enterprise.objects.exists()


def test_a_session_writes_only_with_the_csrf_token(person: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    body = json.dumps({"name": "甲", "uscc": A})
    assert client.post("/api/enterprises/", body, "application/json").status_code == 403
    assert signed_in(person).post("/api/enterprises/", body, "application/json").status_code == 201


# -- reading -----------------------------------------------------------------------------------------------------


def test_reading_on_by_id_gives_every_row_once(firms: Mapping[str, Any], call: Caller) -> None:
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = call("get", f"/api/enterprises/?after={after}&size=3&f.status=active").json()
        seen += [row["id"] for row in page["rows"]]
        after = page["next"]
    assert seen == sorted(firm.pk for firm in firms.values())


def test_a_stream_has_the_rows_of_the_list(firms: Mapping[str, Any], call: Caller) -> None:
    asked = "q=铝业&cols=name,uscc"
    lines = b"".join(call("get", f"/api/enterprises/rows.ndjson?{asked}").streaming_content).decode().splitlines()
    listed = call("get", f"/api/enterprises/?{asked}").json()["rows"]
    assert [json.loads(line) for line in lines] == listed
    assert {row["name"] for row in listed} == {firms["甲"].name, firms["己"].name}
    assert set(listed[0]) == {"id", "name", "uscc", "extra"}


def test_a_row_out_of_scope_is_not_there(firms: Mapping[str, Any], home: Path) -> None:
    far = grant("far", {"enterprises": ["*"]}, place_path=firms["己"].place.path)
    call = caller(tokens.make(user=far, name="他市")[1])
    assert call("get", f"/api/enterprises/{firms['甲'].pk}").status_code == 404
    assert call("get", f"/api/enterprises/{firms['甲'].pk}/history").status_code == 404
    assert call("patch", f"/api/enterprises/{firms['甲'].pk}", {"name": "改"}).status_code == 404


def test_history_tells_who_why_and_what(firms: Mapping[str, Any], call: Caller) -> None:
    firm = firms["甲"]
    call("patch", f"/api/enterprises/{firm.pk}", {"address": "新址", "reason": "来函"})
    latest = call("get", f"/api/enterprises/{firm.pk}/history").json()[0]
    assert (latest["user"], latest["reason"], latest["source"]) == ("program", "来函", "api")
    assert latest["fields"] == [{"label": "注册地址", "before": "", "after": "新址"}]
    assert latest["id"] == version_of(registry["enterprises"], firm.pk)


# -- writing -----------------------------------------------------------------------------------------------------


def test_who_writes_upon_a_stale_reading_is_told_what_changed(firms: Mapping[str, Any], call: Caller) -> None:
    firm = firms["甲"]
    read = version_of(registry["enterprises"], firm.pk)
    assert call("patch", f"/api/enterprises/{firm.pk}", {"address": "一路", "version": read}).status_code == 200
    late = call("patch", f"/api/enterprises/{firm.pk}", {"address": "二路", "version": read})
    assert late.status_code == 409
    assert late.json()["changes"][0]["fields"][0]["after"] == "一路"
    again = {"address": "二路", "version": late.json()["version"]}
    assert call("patch", f"/api/enterprises/{firm.pk}", again).status_code == 200
    assert Enterprise.objects.get(pk=firm.pk).address == "二路"


def test_custom_fields_travel_under_extra(firms: Mapping[str, Any], call: Caller) -> None:
    field = custom.define(
        user=SYSTEM, register=registry["enterprises"], field=CustomField(label="占地", kind="number", unit="亩")
    )
    url = f"/api/enterprises/{firms['甲'].pk}"
    answer = call("patch", url, {"extra": {field.name: "12.5"}}).json()
    assert answer.get("extra") == {field.name: "12.5"}, answer
    assert call("patch", url, {"extra": {"x_none": "1"}}).status_code == 422
    assert call("get", f"/api/enterprises/?f.{field.name}.from=12").json()["count"] == 1


def test_a_deleted_row_is_gone_and_can_be_brought_back(call: Caller) -> None:
    made = call("post", "/api/enterprises/", {"name": "示例有限公司", "uscc": A}).json()
    url = f"/api/enterprises/{made['id']}"
    act = call("delete", f"{url}?reason=重复登记").json()["act"]
    assert call("get", url).status_code == 404
    revert(Change.objects.filter(act=act), user=SYSTEM, reason="误删")
    assert call("get", url).json() == made


def test_what_others_depend_on_is_not_deleted(firms: Mapping[str, Any], call: Caller) -> None:
    place = grant("keeper", {"places": ["*"]})
    keeper = caller(tokens.make(user=place, name="区划")[1])
    refused = keeper("delete", f"/api/places/{firms['甲'].place.pk}")
    assert refused.status_code == 422
    assert Enterprise.objects.filter(pk=firms["甲"].pk).exists()


def rows_of(*codes: str) -> list[dict[str, Any]]:
    return [{"name": f"示例{code[-3:]}有限公司", "uscc": code, "capital_10k_cny": 100} for code in codes]


def test_bulk_writes_new_changed_and_same_and_says_which(call: Caller) -> None:
    first = call("post", "/api/enterprises/bulk", {"rows": rows_of(A, B), "reason": "园区月报"}).json()
    assert first["counts"] == {"new": 2}
    assert [row["id"] for row in first["rows"]] == [Enterprise.objects.get(uscc=code).pk for code in (A, B)]
    rows = rows_of(A, B)
    rows[0]["capital_10k_cny"] = "2.5亿"
    rows.append({"name": "坏", "uscc": "不是代码"})
    then = call("post", "/api/enterprises/bulk", {"rows": rows}).json()
    assert [row["outcome"] for row in then["rows"]] == ["changed", "same", "faulty"]
    assert then["rows"][0]["changes"] == {"capital_10k_cny": ["100", "25000"]}
    assert then["rows"][2]["faults"][0]["remedy"]
    run = ImportRun.objects.get(pk=then["import_number"])
    assert (run.changed, run.faulty) == (1, 1)
    assert Change.objects.filter(run=run.pk).count() == 1


def test_a_trial_run_writes_nothing(call: Caller) -> None:
    answer = call("post", "/api/enterprises/bulk", {"rows": rows_of(A), "dry_run": True}).json()
    assert (answer["counts"], answer["import_number"]) == ({"new": 1}, None)
    assert not Enterprise.objects.exists()
    assert not ImportRun.objects.exists()


def test_all_or_nothing_writes_nothing_for_one_fault(call: Caller) -> None:
    sent = {"rows": [*rows_of(A), {"name": "坏", "uscc": "1"}], "mode": "all_or_nothing"}
    assert call("post", "/api/enterprises/bulk", sent).status_code == 422
    assert not Enterprise.objects.exists()


@pytest.mark.parametrize("words", ["合计", "注：以上为示例", ""])
def test_bulk_takes_rows_as_they_are_and_looks_for_no_titles(call: Caller, words: str) -> None:
    answer = call("post", "/api/enterprises/bulk", {"rows": [{"name": words, "uscc": A}, *rows_of(B)]}).json()
    assert [row["line"] for row in answer["rows"]] == [1, 2]
    assert answer["rows"][1]["outcome"] == "new"


def test_bulk_refuses_columns_that_are_not_there(call: Caller) -> None:
    assert call("post", "/api/enterprises/bulk", {"rows": [{"nome": "甲"}]}).status_code == 422


# -- requests sent twice -----------------------------------------------------------------------------------------


def test_a_request_sent_twice_has_its_effect_once(call: Caller) -> None:
    sent = {"name": "示例有限公司", "uscc": A}
    first, second = (call("post", "/api/enterprises/", sent, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotent-Replay"] == "true"
    assert Enterprise.objects.count() == 1


def test_another_request_under_the_same_key_is_refused(call: Caller) -> None:
    key = {"Idempotency-Key": "k1"}
    call("post", "/api/enterprises/", {"name": "示例有限公司", "uscc": A}, **key)
    assert call("post", "/api/enterprises/", {"name": "示例有限公司", "uscc": B}, **key).status_code == 422
    assert Enterprise.objects.count() == 1


def test_a_refused_request_may_be_mended_under_its_key(call: Caller) -> None:
    key = {"Idempotency-Key": "k1"}
    assert call("post", "/api/enterprises/", {"name": "示例", "uscc": "坏"}, **key).status_code == 422
    assert not KeptAnswer.objects.exists()
    assert call("post", "/api/enterprises/", {"name": "示例", "uscc": A}, **key).status_code == 201


def test_answers_past_their_time_are_dropped_and_their_keys_free(person: Any, call: Caller) -> None:
    for key, code in (("old", A), ("new", B)):
        call("post", "/api/enterprises/", {"name": "示例", "uscc": code}, **{"Idempotency-Key": key})
    KeptAnswer.objects.filter(key="old").update(at=timezone.now() - tokens.ANSWERS_KEPT * 2)
    tokens.forget_answers()
    assert [kept.key for kept in KeptAnswer.objects.all()] == ["new"]


def test_a_bulk_request_sent_twice_is_one_import(call: Caller) -> None:
    sent = {"rows": rows_of(A, B)}
    answers = [call("post", "/api/enterprises/bulk", sent, **{"Idempotency-Key": "月报"}).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert ImportRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_request_at_the_same_moment_has_its_effect_once(call: Caller) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("the test database of SQLite lies in memory, where threads lock whole tables out")
    answers: list[Any] = []

    def send() -> None:
        try:
            answers.append(call("post", "/api/enterprises/", {"name": "示例", "uscc": A}, **{"Idempotency-Key": "k"}))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({json.dumps(answer.json()) for answer in answers}) == 1
    assert Enterprise.objects.count() == 1


# -- what programs get wrong -------------------------------------------------------------------------------------

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_names = st.sampled_from([c.name for c in registry["enterprises"].declared] + ["reason", "version", "extra", "x"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(_names, _json, max_size=5), bulk=st.booleans())
def test_no_body_breaks_the_interface(call: Caller, body: dict[str, Any], bulk: bool) -> None:
    if bulk:
        answer = call("post", "/api/enterprises/bulk", {"rows": [body], "dry_run": True})
    else:
        answer = call("post", "/api/enterprises/", body)
    assert answer.status_code in (200, 201, 400, 422)
    if answer.status_code == 422:
        assert answer.json()["detail"]


def test_too_many_requests_are_told_when_to_come_again(call: Caller, settings: Any) -> None:
    from django.core.cache import cache

    from lianpu.site.api import api

    cache.clear()
    throttle = api.throttle[0] if isinstance(api.throttle, list) else api.throttle
    allowed, throttle.num_requests = throttle.num_requests, 2
    try:
        answers = [call("get", "/api/me") for _ in range(3)]
    finally:
        throttle.num_requests = allowed
        cache.clear()
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0


# -- what is told of the interface -------------------------------------------------------------------------------


def test_the_committed_description_is_current() -> None:
    from lianpu.register.api.reference import document

    written = (ROOT / "docs/reference/openapi.json").read_text()
    assert written == document(), "run: lianpu openapi -o docs/reference/openapi.json"


def test_the_description_does_not_depend_on_an_offices_own_columns(db: None) -> None:
    from lianpu.register.api.reference import document

    before = document()
    custom.define(user=SYSTEM, register=registry["enterprises"], field=CustomField(label="占地", kind="number"))
    assert document() == before


def test_a_person_makes_sees_once_and_revokes_a_token(person: Any) -> None:
    browser = signed_in(person)
    made = browser.post("/tokens/", {"name": "月报", "days": "30", "is_readonly": "on"})
    secret = made.context["secret"]
    assert secret in made.content.decode()
    page = browser.get("/tokens/").content.decode()
    assert secret not in page
    assert "月报" in page
    call = caller(secret)
    assert call("get", "/api/me").status_code == 200
    browser.post(f"/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert call("get", "/api/me").status_code == 401


def test_nobody_sees_or_revokes_the_tokens_of_others(person: Any) -> None:
    made, secret = tokens.make(user=person, name="某程序之令牌")
    other = signed_in(grant("other", {"enterprises": ["*"]}))
    assert "某程序之令牌" not in other.get("/tokens/").content.decode()
    assert other.post(f"/tokens/{made.pk}/revoke/").status_code == 404
    assert caller(secret)("get", "/api/me").status_code == 200


@pytest.mark.parametrize(("asked", "said"), [({"name": ""}, "用途"), ({"name": "x", "days": "9999"}, "有效期")])
def test_a_token_that_makes_no_sense_is_refused_with_words(person: Any, asked: Any, said: str) -> None:
    answer = signed_in(person).post("/tokens/", asked)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_the_page_of_the_interface_names_every_end_point(person: Any) -> None:
    from lianpu.register.api.reference import description

    page = signed_in(person).get("/interface/").content.decode()
    assert [path for path in description()["paths"] if path not in page] == []
