"""Every model of ours is a register, every register passes the suite, and nothing writes past the kit."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, models
from django.urls import resolve

from lianpu.register import testing
from lianpu.register.declare import Register, models_without_register, registry
from lianpu.register.kinds import Choice, Json
from lianpu.register.views import imports, lists, rows
from support import ROOT

SOURCE = ROOT / "src" / "lianpu"
SUITES = {
    name for name, made in vars(testing).items() if inspect.isclass(made) and issubclass(made, testing.ComputedSuite)
}
WRITING = {"save", "delete", "create", "update", "bulk_create", "bulk_update", "update_or_create", "get_or_create"}

registers = pytest.mark.parametrize("register", registry.all(), ids=lambda register: register.slug)


def suites() -> dict[str, set[str]]:
    """Slug → names of the inherited suites, over every test class of the house."""
    found: dict[str, set[str]] = {}
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef) and (bases := {ast.unparse(base) for base in node.bases} & SUITES):
                slugs = [
                    ast.literal_eval(line.value)
                    for line in node.body
                    if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "slug"
                ]
                found |= {slug: found.get(slug, set()) | bases for slug in slugs}
    return found


def test_every_model_has_a_register() -> None:
    assert models_without_register() == []


@registers
def test_every_register_passes_the_suite(register: Register) -> None:
    inherited = suites().get(register.slug, set())
    assert inherited, f"write a RegisterSuite for {register.slug}"
    assert ("RegisterSuite" in inherited) is register.imports
    assert ("SensitiveColumns" in inherited) is any(column.column.sensitivity for column in register.declared)


def test_the_suites_are_of_registers_that_exist() -> None:
    assert set(suites()) == {register.slug for register in registry.all()}


@registers
def test_columns_have_labels_of_their_own(register: Register) -> None:
    heads = [column.head for column in register.declared]
    assert len(set(heads)) == len(heads)
    assert all(column.label and column.label != column.name for column in register.declared)
    assert register.title != register.model._meta.object_name
    assert register.note, "one line that says what the register is"


@pytest.mark.django_db
@registers
def test_a_register_can_recognise_its_rows(register: Register) -> None:
    fields = {field.name for field in register.model._meta.concrete_fields}
    assert set(register.key) <= fields
    if register.imports:
        keys = [register.by_name[name].column for name in register.key]
        assert all(column.required or column.filled for column in keys)
        unique = {frozenset([field.name]) for field in register.model._meta.concrete_fields if field.unique}
        unique |= {
            frozenset(c.fields) for c in register.model._meta.constraints if isinstance(c, models.UniqueConstraint)
        }
        assert frozenset(register.key) in unique, "the database must hold what the import relies on"


@registers
def test_what_a_file_must_bring_it_can_bring(register: Register) -> None:
    for column in register.declared:
        editable = column.column.editable and register.imports
        if editable and isinstance(column.field, models.ForeignKey):
            assert column.column.match is not None, column.name
        if editable and column.stored:
            assert type(column.kind) is not Json, f"{column.name}: a person cannot type JSON; give it a kind"
    needed = {
        field.name
        for field in register.model._meta.concrete_fields
        if not field.primary_key and field.editable and not field.blank and not field.has_default() and not field.null
    }
    if register.imports:
        assert needed <= {c.name for c in register.declared if c.column.required or c.column.filled}


@pytest.mark.django_db
@registers
def test_scopes_lead_somewhere(register: Register) -> None:
    for path in vars(register.scope).values():
        if path:
            register.base().filter(**{f"{path}__isnull": False}).query  # noqa: B018 — raises where a path is wrong


@registers
def test_choices_have_words(register: Register) -> None:
    for column in register.declared:
        if isinstance(column.kind, Choice):
            words = list(column.kind.labels.values())
            assert len(set(words)) == len(words) > 1, column.name


@pytest.mark.django_db
@registers
def test_triggers_stand_in_the_database(register: Register) -> None:
    table = register.model._meta.db_table
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = to_regclass(%s)",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query, [table])
        present = {name for (name,) in cursor.fetchall()}
    wanted = {f"{table}_{event}" for event in ("insert", "update", "delete")}
    assert present == (wanted if register.history else set())


def contexts() -> list[str]:
    """Apps of ours, by folder."""
    return sorted(app.name.rpartition(".")[2] for app in apps.get_app_configs() if app.name.startswith("lianpu."))


def services() -> Iterator[tuple[str, str]]:
    """Module and name of every public function of the services."""
    for context in contexts():
        folder = SOURCE / context
        for file in sorted([*folder.glob("services.py"), *folder.glob("services/*.py")]):
            for node in ast.parse(file.read_text()).body:
                if (
                    isinstance(node, ast.FunctionDef)
                    and not node.name.startswith("_")
                    and "user" in {arg.arg for arg in [*node.args.args, *node.args.kwonlyargs]}
                ):
                    yield ".".join(("lianpu", *file.relative_to(SOURCE).with_suffix("").parts)), node.name


@pytest.mark.parametrize(("module", "name"), list(services()))
def test_verbs_are_keyword_only(module: str, name: str) -> None:
    parameters = inspect.signature(getattr(import_module(module), name)).parameters.values()
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in parameters)


def test_there_are_verbs_in_every_writing_context() -> None:
    assert {module.split(".")[1] for module, _ in services()} >= {"chains", "places", "register"}


@pytest.mark.parametrize(
    "file",
    sorted([*SOURCE.rglob("views.py"), *SOURCE.rglob("views/*.py")]),
    ids=lambda file: f"{file.parent.name}/{file.stem}",
)
def test_views_do_not_write(file: Path) -> None:
    """Rows are written by services, within rights and a change record."""
    calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    writing = [ast.unparse(call) for call in calls if isinstance(call, ast.Attribute) and call.attr in WRITING]
    assert [call for call in writing if not call.startswith("context")] == []


def test_no_logic_in_save_or_signals() -> None:
    for model in apps.get_models():
        if model.__module__.startswith("lianpu."):
            assert model.save is models.Model.save, model
            assert model.delete is models.Model.delete, model
    users = [
        file.relative_to(SOURCE).as_posix()
        for file in SOURCE.rglob("*.py")
        if "django.db.models.signals" in file.read_text()
    ]
    assert users == ["register/apps.py"]


@registers
def test_no_other_page_takes_the_registers_addresses(register: Register) -> None:
    pages = {"list": lists.list_page, "new": rows.form_page, "import": imports.import_page}
    assert {page: resolve(register.url(page)).func for page in pages} == pages
    assert resolve(register.url("detail", 1)).func is rows.detail_page
