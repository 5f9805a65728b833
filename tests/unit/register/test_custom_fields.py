"""A column that an office adds behaves as a declared one: on pages, in files, by API, in the history."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from lianpu.enterprises.models import Enterprise
from lianpu.register import custom, exporting, importing
from lianpu.register.declare import registry
from lianpu.register.history import changes_of
from lianpu.register.listing import Listing
from lianpu.register.models import Change, CustomField
from lianpu.register.rights import SYSTEM
from lianpu.register.services import save_row
from lianpu.register.testing import grant, signed_in
from lianpu.register.undo import revert

ENTERPRISES = "enterprises"


def define(label: str, kind: str, **rest: Any) -> CustomField:
    return custom.define(user=SYSTEM, register=registry[ENTERPRISES], field=CustomField(label=label, kind=kind, **rest))


@pytest.fixture
def fields(firms: Mapping[str, Any]) -> Mapping[str, CustomField]:
    """One field of every kind."""
    return {
        "text": define("联系人", "text"),
        "number": define("厂房面积", "number", unit="亩", aliases=["占地"]),
        "integer": define("职工数", "integer", unit="人"),
        "date": define("入园日期", "date"),
        "flag": define("停产", "flag"),
        "choice": define("意向", "choice", choices=["扩产", "迁出", "维持"]),
    }


TYPED = {"text": "王师傅", "number": "12.5", "integer": "1,200", "date": "2021.3", "flag": "是", "choice": "扩产"}
READ = {
    "text": "王师傅",
    "number": Decimal("12.5"),
    "integer": 1200,
    "date": dt.date(2021, 3, 1),
    "flag": True,
    "choice": "扩产",
}


def write(firm: Any, fields: Mapping[str, CustomField], cells: Mapping[str, str]) -> None:
    values = {fields[kind].name: text for kind, text in cells.items()}
    save_row(register=registry[ENTERPRISES], user=SYSTEM, values=values, row=firm, reason="补录")


def stored(firm: Any, fields: Mapping[str, CustomField]) -> dict[str, Any]:
    row = registry[ENTERPRISES].base().get(pk=firm.pk)
    return {kind: getattr(row, field.name) for kind, field in fields.items()}


def test_values_of_every_kind_are_kept_as_typed(firms: Mapping[str, Any], fields: Mapping[str, CustomField]) -> None:
    write(firms["甲"], fields, TYPED)
    assert stored(firms["甲"], fields) == READ
    assert set(stored(firms["乙"], fields).values()) == {None}


def test_a_blank_takes_the_value_away(firms: Mapping[str, Any], fields: Mapping[str, CustomField]) -> None:
    write(firms["甲"], fields, TYPED)
    write(Enterprise.objects.get(pk=firms["甲"].pk), fields, {"number": "", "text": ""})
    left = stored(firms["甲"], fields)
    assert left["number"] is left["text"] is None
    assert left["choice"] == "扩产"


@pytest.mark.parametrize(
    ("kind", "cell"), [("number", "很多"), ("integer", "1.5"), ("date", "某日"), ("choice", "观望")]
)
def test_a_cell_that_does_not_fit_is_refused_by_field(
    firms: Mapping[str, Any], fields: Mapping[str, CustomField], kind: str, cell: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        write(firms["甲"], fields, {kind: cell})
    assert set(refused.value.message_dict) == {fields[kind].name}
    assert stored(firms["甲"], fields)[kind] is None


def test_lists_filter_and_sort_by_every_field(firms: Mapping[str, Any], fields: Mapping[str, CustomField]) -> None:
    write(firms["甲"], fields, TYPED)
    write(firms["乙"], fields, TYPED | {"number": "3", "date": "2020-01-01", "text": "李工", "integer": "90"})
    asked = {"text": "王", "number": "12.5", "integer": "1200", "date": "2021-03-01"}
    for kind, text in asked.items():
        listing = Listing(registry[ENTERPRISES], SYSTEM, {f"f.{fields[kind].name}": text})
        assert [row.pk for row in listing.rows] == [firms["甲"].pk], kind
        assert not listing.errors
    for kind in ("number", "integer", "date"):
        down = Listing(registry[ENTERPRISES], SYSTEM, {"sort": f"-{fields[kind].name}"}).page_rows
        assert [row.pk for row in down][:2] == [firms["甲"].pk, firms["乙"].pk], "12.5 before 3, 1200 before 90"
    low = Listing(registry[ENTERPRISES], SYSTEM, {f"f.{fields['number'].name}.from": "10"})
    assert [row.pk for row in low.rows] == [firms["甲"].pk]
    blank = Listing(registry[ENTERPRISES], SYSTEM, {f"f.{fields['choice'].name}": "-"})
    assert blank.count == len(firms) - 2


@pytest.mark.parametrize("form", ["xlsx", "csv", "parquet"])
def test_untouched_export_imports_without_change(
    firms: Mapping[str, Any], fields: Mapping[str, CustomField], tmp_path: Path, form: str
) -> None:
    write(firms["甲"], fields, TYPED)
    register, path = registry[ENTERPRISES], tmp_path / f"导出.{form}"
    columns = exporting.exportable([c for c in register.bound if c.name in ("uscc", "name") or c.is_custom])
    path.write_bytes(exporting.export(register, register.base(), columns, form))
    plan = importing.make_plan(register, path, SYSTEM)
    assert dict(plan.counts) == {importing.SAME: len(firms)}


def test_a_file_brings_values_of_custom_fields(
    firms: Mapping[str, Any], fields: Mapping[str, CustomField], tmp_path: Path
) -> None:
    path = tmp_path / "补录.csv"
    path.write_text(
        f"统一社会信用代码,企业名称,占地（亩）,意向\n{firms['甲'].uscc},{firms['甲'].name},33.3,迁出\n"
        f"{firms['乙'].uscc},{firms['乙'].name},4,观望\n"
    )
    write(firms["甲"], fields, TYPED)
    plan = importing.make_plan(registry[ENTERPRISES], path, SYSTEM)
    assert dict(plan.counts) == {importing.CHANGED: 1, importing.FAULTY: 1}
    importing.commit(plan, user=SYSTEM, result_folder=tmp_path)
    now = stored(firms["甲"], fields)
    assert (now["number"], now["choice"], now["text"]) == (Decimal("33.3"), "迁出", "王师傅")


def test_history_names_the_field_and_both_values(firms: Mapping[str, Any], fields: Mapping[str, CustomField]) -> None:
    write(firms["甲"], fields, {"choice": "扩产"})
    write(Enterprise.objects.get(pk=firms["甲"].pk), fields, {"choice": "迁出"})
    register = registry[ENTERPRISES]
    _, told = changes_of(register, firms["甲"].pk, register.bound)[0]
    assert [(one.label, one.before, one.after) for one in told] == [("意向", "扩产", "迁出")]


def test_a_sensitive_field_is_seen_by_those_who_clear_it(firms: Mapping[str, Any]) -> None:
    field = define("实控人电话", "text", sensitivity="personal")
    save_row(register=registry[ENTERPRISES], user=SYSTEM, values={field.name: "13900000000"}, row=firms["甲"])
    for clears, seen in (([], False), (["personal"], True)):
        client = signed_in(grant(f"reader{seen}", {ENTERPRISES: ["view", "export"]}, clears))
        asked = {"cols": f"name,{field.name}"}
        pages = [client.get(f"/enterprises/{firms['甲'].pk}/"), client.get("/enterprises/", asked)]
        assert [("13900000000" in page.content.decode()) for page in pages] == [seen, seen]


def test_who_may_not_configure_adds_no_column(db: None) -> None:
    user = grant("clerk", {ENTERPRISES: ["view", "add", "change"]})
    with pytest.raises(PermissionDenied):
        custom.define(user=user, register=registry[ENTERPRISES], field=CustomField(label="备用", kind="text"))
    assert not CustomField.objects.exists()


@pytest.mark.parametrize(
    ("slug", "label", "kind", "choices"),
    [
        (ENTERPRISES, "企业名称", "text", []),
        (ENTERPRISES, "", "text", []),
        (ENTERPRISES, "意向", "choice", ["只有一个"]),
        ("enterprise-names", "备用", "text", []),
    ],
)
def test_a_column_that_makes_no_sense_is_refused(
    db: None, slug: str, label: str, kind: str, choices: list[str]
) -> None:
    with pytest.raises(ValidationError):
        custom.define(user=SYSTEM, register=registry[slug], field=CustomField(label=label, kind=kind, choices=choices))
    assert not CustomField.objects.exists()


def test_a_retired_field_is_gone_from_sight_and_its_values_return(
    firms: Mapping[str, Any], fields: Mapping[str, CustomField]
) -> None:
    write(firms["甲"], fields, TYPED)
    field, register = fields["number"], registry[ENTERPRISES]
    field.is_retired = True
    custom.define(user=SYSTEM, register=register, field=field)
    assert field.name not in register.by_name
    write(Enterprise.objects.get(pk=firms["甲"].pk), fields, {"text": "新联系人"})
    field.is_retired = False
    custom.define(user=SYSTEM, register=register, field=field)
    assert stored(firms["甲"], fields)["number"] == Decimal("12.5")


def test_a_kind_changes_only_where_every_value_can_be_read(
    firms: Mapping[str, Any], fields: Mapping[str, CustomField]
) -> None:
    write(firms["甲"], fields, {"text": "2021"})
    write(firms["乙"], fields, {"text": "王师傅"})
    field, register = fields["text"], registry[ENTERPRISES]
    field.kind = "integer"
    with pytest.raises(ValidationError) as refused:
        custom.define(user=SYSTEM, register=register, field=field)
    assert "王师傅" in str(refused.value)
    write(Enterprise.objects.get(pk=firms["乙"].pk), fields, {"text": ""})
    custom.define(user=SYSTEM, register=register, field=field)
    assert stored(firms["甲"], fields)["text"] == 2021


def test_each_column_is_taken_back_by_itself(fields: Mapping[str, CustomField], firms: Mapping[str, Any]) -> None:
    """What others have written since into other columns of an office's own stays; into the same one, it keeps the change."""
    firm = firms["甲"]
    write(firm, fields, {"text": "王师傅", "integer": "10"})
    write(firm, fields, {"text": "李师傅", "number": "7"})
    second = Change.objects.latest("pk").act
    write(firm, fields, {"integer": "30", "choice": "扩产"})
    undone = revert(Change.objects.filter(act=second), user=SYSTEM)
    assert undone.kept == []
    now = stored(firm, fields)
    assert (now["text"], now["number"], now["integer"], now["choice"]) == ("王师傅", None, 30, "扩产")
    assert fields["number"].name not in Enterprise.objects.get(pk=firm.pk).extra, "as if it had never been filled in"
    assert revert(Change.objects.filter(act=undone.act), user=SYSTEM).kept == []
    assert stored(firm, fields)["number"] == Decimal("7")
    write(firm, fields, {"number": "8"})
    assert [one.why for one in revert(Change.objects.filter(act=second), user=SYSTEM).kept] == ["此后又改过：厂房面积"]
    limited = grant("limited", {"*": ["*"]})
    CustomField.objects.filter(pk=fields["choice"].pk).update(sensitivity="secret")
    custom.forget()
    write(firm, fields, {"choice": "迁出"})
    last = Change.objects.filter(act=Change.objects.latest("pk").act)
    assert [one.why for one in revert(last, user=limited).kept] == ["涉及您无权查看的列"]
    write(firm, fields, {"text": "赵师傅"})
    assert revert(Change.objects.filter(act=Change.objects.latest("pk").act), user=limited).kept == []
