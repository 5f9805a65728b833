"""One declaration a register; everything else follows from it.

A context writes::

    @registered
    class ProjectRegister(Register):
        model = Project
        slug = "projects"
        key = ("code",)
        scope = Scope(place="place")
        columns = [Column("name", search="A", required=True), ...]

and gets the list, detail and form pages, import and export, the REST end points, change records,
rights, its page in the data dictionary and an inherited test suite.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from lianpu.register import custom, kinds
from lianpu.register.kinds import Kind
from lianpu.register.language import declared, spoken

if TYPE_CHECKING:
    from lianpu.register.importing import PlannedRow
    from lianpu.register.matching import Proposal
    from lianpu.register.models import CustomField

Matcher = Callable[[Iterable[str]], Mapping[str, Any]]
"""Finds referenced rows set-wise: texts of cells → instances' ids; texts not found are left out."""
Proposer = Callable[[Iterable[str]], Mapping[str, "Sequence[Proposal]"]]
"""Rows that texts which ``match`` did not find may mean, set-wise, best first; texts like nothing are left out."""


@dataclass(frozen=True)
class Column:
    """One column of a register.

    ``name`` is a field of the model, or any name when ``source_only`` (read from files, consumed by
    :meth:`Register.derive`, never stored) or ``value`` (a path such as ``place__name``, read only).
    """

    name: str
    label: str = ""
    kind: Kind | None = None
    unit: str = ""
    aliases: Sequence[str] = ()
    required: bool = False
    filled: bool = False  # what a file or form leaves out, ``derive`` gives: so it may key a row without being required
    search: str = ""  # "A" weighs most; empty = not searched
    is_code: bool = False  # Latin letters, digits and signs alone: no word with other characters is looked for in it
    match: Matcher | None = None
    propose: Proposer | None = None
    automatic: float = 1.0  # a proposal with at least this score that stands out is taken without asking
    value: str = ""  # ORM path that shows a reference, e.g. "place__name"
    filter_with: Callable[[str], models.Q] | None = None
    shown: bool = True  # in the list as it first opens
    editable: bool = True  # by form and file
    source_only: bool = False
    sensitivity: str = ""  # a word that a role must clear to see the column
    total: bool = False
    help: str = ""


@dataclass(frozen=True)
class Scope:
    """Where a row lies, as ORM paths: to a place's path, a chain's code, a firm's USCC. Empty = everywhere."""

    place: str = ""
    zone: str = ""
    chain: str = ""
    enterprise: str = ""


@dataclass(frozen=True)
class BoundColumn:
    """A column with what the model knows of it filled in."""

    name: str
    label: str
    kind: Kind
    path: str  # what a query reads to show the value
    field: "models.Field[Any, Any] | None"
    column: Column
    is_custom: bool = False  # added by an office, see :mod:`lianpu.register.custom`

    @property
    def head(self) -> str:
        """Head in files: label with unit."""
        return f"{self.label}（{self.column.unit}）" if self.column.unit else self.label

    @property
    def shown_label(self) -> str:
        """Label on a page, in the reader's language."""
        return spoken(self.label)

    @property
    def shown_head(self) -> str:
        """Head on a page, in the reader's language."""
        if not self.column.unit:
            return self.shown_label
        return _("%(label)s（%(unit)s）") % {"label": self.shown_label, "unit": spoken(self.column.unit)}

    def shown(self, text: str) -> str:
        """Text of a value on a page: the words of choices and flags are ours to translate, all else is the row's own."""
        return spoken(text) if isinstance(self.kind, (kinds.Choice, kinds.Flag)) else text

    @property
    def numeric(self) -> bool:
        return isinstance(self.kind, kinds.Number)

    @property
    def stored(self) -> bool:
        return self.field is not None and not self.column.source_only


@dataclass(frozen=True)
class Panel:
    """A part of a detail page that another context adds: ``context(request, row)`` feeds ``template``."""

    template: str
    context: Callable[[HttpRequest, Any], Mapping[str, Any]]
    order: int = 50


@dataclass(frozen=True)
class Lens:
    """A filter that another context adds to a list, as ``f.<name>=<text>``: by what it alone knows of the rows."""

    name: str
    label: str
    filter_with: Callable[[str], models.Q]


@dataclass(frozen=True)
class Told:
    """A column that another context adds to a register, by what it alone knows: a query expression over its rows.
    It stands before the column named ``before``, else last."""

    column: Column
    expression: Callable[[], Any]
    before: str = ""


class Register:
    """Base of all declarations; one shared instance a subclass, made by :func:`registered`."""

    model: ClassVar[type[models.Model]]
    slug: ClassVar[str]
    key: ClassVar[tuple[str, ...]] = ("code",)
    scope: ClassVar[Scope] = Scope()
    columns: ClassVar[Sequence[Column]] = ()
    ordering: ClassVar[tuple[str, ...]] = ("pk",)
    area: ClassVar[str] = "家底"  # the part of the navigation it stands in
    icon: ClassVar[str] = "table"
    history: ClassVar[bool] = True  # change records by trigger; off only for results that are written once
    imports: ClassVar[bool] = True  # rows come from files and forms; off for what the system computes
    reason_required: ClassVar[bool] = False
    guarded: ClassVar[bool] = False  # of accounts and rights: a role's "*" does not take it in, only its own name does
    opening: ClassVar[str] = ""  # query string with which the list opens, where nothing else is asked for
    quick: ClassVar[Sequence[str]] = ()  # columns whose values stand above the list as filters of one click
    unfolds: ClassVar[bool] = False  # a row of the list opens in place to the panels of its page
    picked_actions: ClassVar[Sequence[tuple[str, str]]] = ()  # words and URL name of what can be done with picked rows
    note: ClassVar[str] = ""  # one line under the title: what the register is, and who keeps it

    # -- names ---------------------------------------------------------------------------------
    @cached_property
    def title(self) -> str:
        return declared(self.model._meta.verbose_name or "")

    @property
    def shown_title(self) -> str:
        """Title on a page, in the reader's language; a context of its own, for English names a list in the plural."""
        return pgettext("register", self.title)

    @cached_property
    def label(self) -> str:
        return self.model._meta.label_lower

    def url(self, page: str = "list", *args: object) -> str:
        return reverse(f"register:{page}", args=[self.slug, *args])

    # -- columns -------------------------------------------------------------------------------
    @cached_property
    def declared(self) -> list[BoundColumn]:
        """The columns of the declaration, and those that other contexts add to it."""
        columns = list(self.columns)
        for told in self.told:
            names = [column.name for column in columns]
            columns.insert(names.index(told.before) if told.before in names else len(names), told.column)
        return [self._bind(column) for column in columns]

    @property
    def bound(self) -> list[BoundColumn]:
        """The columns of the declaration and those that the office has added."""
        return [*self.declared, *map(custom.bind, added)] if (added := self.added) else self.declared

    @property
    def by_name(self) -> dict[str, BoundColumn]:
        known = self._declared_by_name
        return known | {one.name: custom.bind(one) for one in added} if (added := self.added) else known

    @cached_property
    def _declared_by_name(self) -> dict[str, BoundColumn]:
        return {column.name: column for column in self.declared}

    @cached_property
    def extensible(self) -> bool:
        """Whether offices may add columns."""
        return custom.is_extensible(self)

    @property
    def added(self) -> "Sequence[CustomField]":
        """The custom fields in use."""
        return custom.active(self.slug) if self.extensible else ()

    def _bind(self, column: Column) -> BoundColumn:
        found: models.Field[Any, Any] | None = None
        if not column.source_only:
            try:
                found = self.model._meta.get_field(column.name)  # type: ignore[assignment]
            except FieldDoesNotExist as missing:
                if not column.value:
                    raise ImproperlyConfigured(f"{self.slug}: 列 {column.name} 不在模型中，也未给出 value") from missing
        label = column.label or (declared(found.verbose_name) if found is not None else column.name)
        kind = column.kind or (kind_of(found, column.unit) if found is not None else kinds.Text())
        return BoundColumn(column.name, label, kind, column.value or column.name, found, column)

    # -- hooks ---------------------------------------------------------------------------------
    def base(self) -> "models.QuerySet[Any]":
        """Rows before rights and filters, with the references that the columns show."""
        ways = {c.path.rpartition("__")[0] for c in self.declared if "__" in c.path}
        rows = self.model._default_manager.all()
        if self.told:
            rows = rows.annotate(**{told.column.name: told.expression() for told in self.told})
        return custom.annotated(rows.select_related(*ways) if ways else rows, self.added)

    def derive(self, rows: "Sequence[PlannedRow]") -> None:
        """Set-wise step of an import after the cells are read: fill values that follow from others, add faults."""

    def look_alikes(self, rows: "Sequence[PlannedRow]") -> "Mapping[int, Proposal]":  # noqa: ARG002
        """Stored rows that new rows of a file may be once more, though their keys differ: line → what it is like."""
        return {}

    def moved_to(self, pk: int) -> int | None:  # noqa: ARG002
        """The row that one which is gone has become, so that its old address still leads somewhere."""
        return None

    def outranks(self, row: Any, other: Any) -> bool:  # noqa: ARG002
        """Whether ``row`` is kept rather than ``other`` where a merger leaves room for one of them; else ``other`` is,
        the row of the firm that stays."""
        return False

    @property
    def panels(self) -> list[Panel]:
        return registry.panels.get(self.slug, [])

    @property
    def told(self) -> list[Told]:
        return registry.tells.get(self.slug, [])

    @property
    def lenses(self) -> dict[str, Lens]:
        return registry.lenses.get(self.slug, {})

    def describe(self, row: Any) -> str:
        return str(row)

    def badge(self, row: Any) -> str:
        """A word shown beside the title, such as 示例 for invented rows."""
        return "示例" if getattr(row, "is_sample", False) else ""


def kind_of(model_field: "models.Field[Any, Any]", unit: str = "") -> Kind:
    """The kind that a model field implies, with the bounds of what the database can store."""
    whole = isinstance(model_field, models.IntegerField)
    made: Kind = kinds.Text(max_length=model_field.max_length)
    if model_field.choices:
        made = kinds.Choice(
            labels={str(value): declared(label) for value, label in model_field.flatchoices}, whole=whole
        )
    elif isinstance(model_field, models.ForeignKey):
        made = kinds.Reference()
    elif isinstance(model_field, models.BooleanField):
        made = kinds.Flag()
    elif isinstance(model_field, models.DecimalField):
        high = Decimal(10) ** (model_field.max_digits - model_field.decimal_places) - 1
        made = kinds.Number(unit=unit, places=model_field.decimal_places, low=-high, high=high)
    elif isinstance(model_field, models.FloatField):
        made = kinds.Real(unit=unit)
    elif whole:
        low, high = (Decimal(bound) for bound in _INTEGERS[model_field.get_internal_type()])
        made = kinds.Integer(unit=unit, low=low, high=high)
    elif isinstance(model_field, models.DateTimeField):
        made = kinds.Moment()
    elif isinstance(model_field, models.DateField):
        made = kinds.Date()
    elif isinstance(model_field, models.JSONField):
        made = kinds.Json()
    return made


# What the narrower of the two databases stores.
_INTEGERS = {
    "SmallIntegerField": (-(2**15), 2**15 - 1),
    "PositiveSmallIntegerField": (0, 2**15 - 1),
    "IntegerField": (-(2**31), 2**31 - 1),
    "PositiveIntegerField": (0, 2**31 - 1),
    "BigIntegerField": (-(2**63), 2**63 - 1),
    "PositiveBigIntegerField": (0, 2**63 - 1),
    "AutoField": (1, 2**31 - 1),
    "BigAutoField": (1, 2**63 - 1),
}


# Names under which the interface sends what belongs to a row and is no column of it.
RESERVED = {
    "id": "行号",
    "extra": "自定义列",
    "reason": "变更原因",
    "version": "读出时的版本号",
}


@dataclass
class Registry:
    """Every register of the installation, by slug and by model."""

    by_slug: dict[str, Register] = field(default_factory=dict)
    by_model: dict[str, Register] = field(default_factory=dict)
    # What other contexts add to a register, by its slug: whichever of the two loads first.
    panels: dict[str, list[Panel]] = field(default_factory=dict)
    lenses: dict[str, dict[str, Lens]] = field(default_factory=dict)
    tells: dict[str, list[Told]] = field(default_factory=dict)

    def add(self, declaration: type[Register]) -> type[Register]:
        made = declaration()
        if made.slug in self.by_slug:
            raise ImproperlyConfigured(f"两个登记簿同名：{made.slug}")
        for column in made.columns:
            if column.name in RESERVED:
                raise ImproperlyConfigured(
                    f"{made.slug}: 列名 {column.name} 在接口里表示{RESERVED[column.name]}，请为这一列另起一个名字"
                )
        self.by_slug[made.slug] = made
        self.by_model[made.label] = made
        return declaration

    def panel(self, slug: str, panel: Panel) -> None:
        """Add a panel to another context's detail page."""
        self.panels.setdefault(slug, []).append(panel)
        self.panels[slug].sort(key=lambda one: one.order)

    def lens(self, slug: str, lens: Lens) -> None:
        """Add a filter to another context's list."""
        self.lenses.setdefault(slug, {})[lens.name] = lens

    def tell(self, slug: str, told: Told) -> None:
        """Add a column to another context's register."""
        self.tells.setdefault(slug, []).append(told)
        if slug in self.by_slug:  # its columns may have been asked for before
            for known in ("declared", "_declared_by_name"):
                self.by_slug[slug].__dict__.pop(known, None)

    def all(self) -> list[Register]:
        return list(self.by_slug.values())

    def __getitem__(self, slug: str) -> Register:
        return self.by_slug[slug]

    def of(self, model: type[models.Model]) -> Register:
        return self.by_model[model._meta.label_lower]

    def related(self, register: Register) -> list[tuple[Register, str]]:
        """Registers whose rows point at this register's rows, with the column that points."""
        found = []
        for other in self.all():
            for column in other.declared:
                model_field = column.field
                if isinstance(model_field, models.ForeignKey) and model_field.related_model is register.model:
                    found.append((other, column.name))
        return found


registry = Registry()
registered = registry.add


def models_without_register() -> list[str]:
    """Models of ours that no register declares (checked by the architecture tests)."""
    ours = [model for model in apps.get_models() if model.__module__.startswith("lianpu.")]
    return [
        m._meta.label_lower
        for m in ours
        if m._meta.app_label != "register" and m._meta.label_lower not in registry.by_model
    ]
