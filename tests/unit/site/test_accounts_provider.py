"""Signing in through the city's identity provider: a small real one, speaking OpenID Connect on this machine."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth import get_user_model
from django.test import Client

from lianpu.register.models import Account, AccountEvent, Grant
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant
from lianpu.site.accounts import services

pytestmark = pytest.mark.django_db
CLIENT, SECRET = "lianpu", "the client's secret"


class Provider(ThreadingHTTPServer):
    """Whoever comes to ``/authorize`` is ``person``; codes are for one use and bound to the asker's PKCE challenge."""

    daemon_threads = True
    person: dict[str, Any]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: set[str] = set()
        self.refusing = False


class Answers(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *_: Any) -> None:
        pass

    def _json(self, document: Any, status: int = 200) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        home, path = self.server, urlsplit(self.path)
        if path.path == "/.well-known/openid-configuration":
            self._json({
                "issuer": home.url,
                "authorization_endpoint": f"{home.url}/authorize",
                "token_endpoint": f"{home.url}/token",
                "userinfo_endpoint": f"{home.url}/userinfo",
                "jwks_uri": f"{home.url}/jwks",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            })  # fmt: skip
        elif path.path == "/jwks":
            public = jwt.algorithms.RSAAlgorithm.to_jwk(home.key.public_key(), as_dict=True)
            self._json({"keys": [public | {"kid": "1", "use": "sig", "alg": "RS256"}]})
        elif path.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(path.query).items()}
            code = secrets.token_urlsafe()
            home.codes[code] = asked
            said = {"error": "access_denied"} if home.refusing else {"code": code}
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(said | {'state': asked['state']})}")
            self.end_headers()
        elif path.path == "/userinfo":
            known = self.headers["Authorization"].removeprefix("Bearer ") in home.tokens
            self._json(home.person if known else {}, 200 if known else 401)

    def do_POST(self) -> None:
        home = self.server
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        given = {name: values[0] for name, values in parse_qs(body).items()}
        asked = home.codes.pop(given.get("code", ""), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(given.get("code_verifier", "").encode()).digest())
        right = asked is not None and asked["code_challenge"] == proof.decode().rstrip("=")
        if not right or (given["client_id"], given["client_secret"]) != (CLIENT, SECRET):
            return self._json({"error": "invalid_grant"}, 400)
        token, now = secrets.token_urlsafe(), int(time.time())
        home.tokens.add(token)
        claims = home.person | {"iss": home.url, "aud": CLIENT, "iat": now, "exp": now + 60}
        signed = jwt.encode(claims, home.key, "RS256", headers={"kid": "1"})
        return self._json({"access_token": token, "token_type": "Bearer", "id_token": signed})


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    server = Provider()
    server.person = {"sub": "u-17", "preferred_username": "wangwu", "name": "王五", "email": "wang@city.example"}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.OIDC_ISSUER = server.url
    app = {"provider_id": "oidc", "name": "市统一认证", "client_id": CLIENT, "secret": SECRET}
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app | {"settings": {"server_url": server.url}}]}
    }
    yield server
    server.shutdown()
    server.server_close()


def come_in(browser: Client) -> Any:
    """Press the button, go where it leads, come back with what the provider said; the answer to that."""
    import urllib.request

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    leaving = browser.post("/sign-in/oidc/oidc/login/")
    assert leaving.status_code == 302
    try:
        urllib.request.build_opener(Stay).open(leaving["Location"])
    except urllib.error.HTTPError as answer:
        back = urlsplit(answer.headers["Location"])
        answer.close()
    return browser.get(f"{back.path}?{back.query}")


def test_the_sign_in_page_offers_the_provider_by_name(provider: Provider, client: Client) -> None:
    page = client.get("/sign-in/?next=/dictionary/").content.decode()
    assert "用市统一认证登录" in page


def test_a_person_of_the_city_comes_in_without_a_right(provider: Provider, client: Client) -> None:
    assert come_in(client)["Location"] == "/"
    person = get_user_model().objects.get()
    assert (person.username, person.first_name, person.is_superuser) == ("wangwu", "王五", False)
    assert not person.has_usable_password()
    assert not Grant.objects.exists()
    assert client.get("/enterprises/").status_code == 403
    page = client.get("/account/").content.decode()
    assert "还没有角色" in page
    assert "修改密码" not in page
    assert Account.objects.get().user == person
    events = AccountEvent.objects.order_by("pk").values_list("what", flat=True)
    assert list(events) == ["created", "signed-in"]


def test_he_is_known_again_by_his_number_whatever_his_name_is_by_then(provider: Provider) -> None:
    come_in(Client())
    grant("wangwu", {"*": ["view"]})
    provider.person |= {"preferred_username": "wang.new"}
    browser = Client()
    come_in(browser)
    assert get_user_model().objects.count() == 1
    assert browser.get("/enterprises/").status_code == 200


def test_a_local_account_of_the_same_name_is_not_taken_over(provider: Provider, client: Client) -> None:
    services.create_account(user=SYSTEM, username="WangWu", password="Lan-Zhou 2021")
    answer = come_in(client)
    assert answer.status_code == 403
    assert "本地账号" in answer.content.decode()
    assert client.get("/account/").status_code == 302
    assert get_user_model().objects.count() == 1


@pytest.mark.parametrize("superuser", [False, True])
def test_where_the_names_are_the_same_people_the_account_is_found(
    provider: Provider, client: Client, settings: Any, superuser: bool
) -> None:
    settings.OIDC_MATCH = True
    local, _ = services.create_account(user=SYSTEM, username="wangwu", password="Lan-Zhou 2021", superuser=superuser)
    come_in(client)
    assert (client.get("/account/").status_code == 200) is not superuser, "never one who may do everything"
    assert list(get_user_model().objects.all()) == [local]


def test_a_closed_account_stays_out_here_too(provider: Provider, client: Client) -> None:
    come_in(Client())
    services.set_active(user=SYSTEM, person=get_user_model().objects.get(), active=False)
    come_in(client)
    assert client.get("/account/").status_code == 302


def test_what_the_provider_refuses_is_said(provider: Provider, client: Client) -> None:
    provider.refusing = True
    answer = come_in(client)
    page = client.get(answer["Location"]) if answer.status_code == 302 else answer
    assert "登录" in page.content.decode()
    assert client.get("/account/").status_code == 302


def test_an_answer_to_somebody_elses_question_is_not_taken(provider: Provider, client: Client) -> None:
    thief = Client()
    leaving = urlsplit(thief.post("/sign-in/oidc/oidc/login/")["Location"])
    state = parse_qs(leaving.query)["state"][0]
    client.get("/sign-in/oidc/oidc/login/callback/", {"code": "guessed", "state": state})
    assert client.get("/account/").status_code == 302
    assert not get_user_model().objects.exists()


def test_without_a_provider_there_is_none(client: Client) -> None:
    assert "oidc" not in client.get("/sign-in/").content.decode()
    assert client.post("/sign-in/oidc/oidc/login/").status_code == 404
