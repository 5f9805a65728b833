"""The data dictionary: page, workbook and document say what the declarations say."""

import io
from typing import Any

import openpyxl
import pytest
from django.test import Client

from lianpu.register import custom, dictionary
from lianpu.register.declare import registry
from lianpu.register.models import CustomField
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in
from support import ROOT


def test_the_document_in_the_reference_is_current() -> None:
    written = (ROOT / "docs/reference/data-dictionary.md").read_text()
    current = dictionary.markdown(registry.all())
    assert written == current, "run: lianpu dictionary --markdown -o docs/reference/data-dictionary.md"


@pytest.mark.django_db
def test_the_workbook_has_every_column_that_the_reader_may_see() -> None:
    reader = grant("reader", {"enterprises": ["view"], "enterprise-figures": ["view"]})
    book = openpyxl.load_workbook(io.BytesIO(signed_in(reader).get("/dictionary.xlsx").content))
    rows = [tuple(cell or "" for cell in row) for row in book.active.iter_rows(min_row=2, values_only=True)]
    seen = {(register, column) for register, column, *_ in rows}
    wanted = {
        (registry[slug].title, column.label)
        for slug in ("enterprises", "enterprise-figures")
        for column in registry[slug].declared
        if not column.column.sensitivity
    }
    assert seen == wanted


@pytest.mark.django_db
def test_a_custom_column_is_told_on_the_page_and_not_in_the_document() -> None:
    register = registry["enterprises"]
    custom.define(user=SYSTEM, register=register, field=CustomField(label="招商专员", kind="text"))
    page = signed_in(grant("reader", {"enterprises": ["view"]})).get("/dictionary/").content.decode()
    assert "招商专员" in page
    assert "自定义列" not in page, "only who may configure is led to the columns' own page"
    assert "招商专员" not in dictionary.markdown([register])


@pytest.fixture
def keeper(db: None) -> Client:
    return signed_in(grant("keeper", {"enterprises": ["view", "configure"]}))


FORM = {
    "label": "落户意向",
    "kind": "choice",
    "choices": "扩产\n迁出\n",
    "aliases": "意向",
    "order": "3",
    "reason": "摸底",
}


def test_the_form_adds_changes_and_retires_a_column(keeper: Client) -> None:
    answer = keeper.post("/enterprises/fields/new/", FORM, follow=True)
    assert "落户意向" in answer.content.decode()
    field = CustomField.objects.get()
    assert (field.name, field.choices, field.aliases, field.order) == ("x_luohuyixiang", ["扩产", "迁出"], ["意向"], 3)
    keeper.post(f"/enterprises/fields/{field.pk}/", FORM | {"label": "意向去留", "is_retired": "on"})
    field.refresh_from_db()
    assert (field.name, field.label, field.is_retired) == ("x_luohuyixiang", "意向去留", True)


@pytest.mark.parametrize(
    ("typed", "said"), [({"label": ""}, "请填写列名"), ({"choices": "一个"}, "选项"), ({"kind": "?"}, "?")]
)
def test_what_the_form_refuses_it_explains_and_keeps_what_was_typed(keeper: Client, typed: Any, said: str) -> None:
    answer = keeper.post("/enterprises/fields/new/", FORM | typed)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert said in text
    assert "意向" in text
    assert not CustomField.objects.exists()


@pytest.mark.django_db
def test_columns_are_configured_only_by_right() -> None:
    client = signed_in(grant("clerk", {"enterprises": ["view", "add", "change", "import"]}))
    assert client.get("/enterprises/fields/").status_code == 403
    assert client.post("/enterprises/fields/new/", FORM).status_code == 403
    assert not CustomField.objects.exists()
