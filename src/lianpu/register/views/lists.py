"""The list of a register, as a page and as a file."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from lianpu.register import export_job, exporting, jobs, rights
from lianpu.register.bulk_edit import editable_columns
from lianpu.register.declare import BoundColumn, Register
from lianpu.register.form_workbook import form_workbook
from lianpu.register.grouping import Grouping
from lianpu.register.kinds import Choice, Flag, Json
from lianpu.register.language import spoken
from lianpu.register.listing import BLANK, FILLED, SIZES, Listing, cells, looking_back, params_of, target_of
from lianpu.register.lookup import suggestions
from lianpu.register.models import Role, SavedView
from lianpu.register.saved_views import opening_of, params_in, query_of, views_of
from lianpu.register.views.common import download, find_register, widget_of

GROUPED_FORMS = ("xlsx", "csv")
MENU = 60  # values of a reference that a menu above a list offers


@require_GET
def list_page(request: HttpRequest, slug: str) -> HttpResponse:
    register = find_register(slug, request.user)
    views = views_of(register, request.user)
    params, view, opening, unknown = _asked(request, register, views)
    errors = [unknown] if unknown else []
    own = {"views": views, "view": view, "is_opening": view is not None and view.pk == opening}
    try:
        with looking_back(register, params) as past:
            return _page(request, Listing(register, request.user, params, errors, past), own)
    except ValidationError as refused:
        errors += [*refused.messages, gettext("以下是现在的数据。")]
        present = {name: text for name, text in params.items() if name != "asof"}
        return _page(request, Listing(register, request.user, present, errors), own)


def _page(request: HttpRequest, listing: Listing, own: dict[str, Any]) -> HttpResponse:
    """The list with ``own``: the person's views."""
    register, view = listing.register, own["view"]
    grouping = Grouping(listing) if listing.params.get("group") else None
    grouped = grouping is not None and bool(grouping.levels)
    rows = [] if grouped else [(row, cells(listing.columns, row), register.badge(row)) for row in listing.page_rows]
    writable = register.imports and listing.past is None
    context = {
        "register": register,
        "listing": listing,
        "grouping": grouping if grouped else None,
        "rows": rows,
        **(_group_page(grouping) if grouped and grouping else _row_page(listing)),
        "forms": list(GROUPED_FORMS if grouped else exporting.FORMS),
        "fields": [_field(listing, column) for column in listing.visible if not isinstance(column.kind, Json)],
        "levels": Grouping.choices(listing),
        "carried": _carried(listing),
        "quick": _quick(listing),
        "sizes": SIZES,
        "orders": [
            ("-count", gettext("行数从多到少")),
            ("count", gettext("行数从少到多")),
            ("value", gettext("按名称或时间")),
            ("-value", gettext("按名称或时间倒序")),
        ],
        **own,
        "view_altered": view is not None and query_of(params_in(view)) != query_of(listing.params),
        "roles": Role.objects.order_by("name"),
        "may_add": writable and rights.may(request.user, register, rights.ADD),
        "may_import": writable and rights.may(request.user, register, rights.IMPORT),
        "may_edit": writable
        and rights.may(request.user, register, rights.CHANGE)
        and bool(editable_columns(register, request.user)),
    }
    partial = request.headers.get("HX-Target") == "rows"
    return render(request, "register/rows.html" if partial else "register/list.html", context)


def _row_page(listing: Listing) -> dict[str, Any]:
    """Where the pages before and after lead; "" where there is none."""
    return {
        "previous_url": listing.url(page=str(listing.page - 1)) if listing.page > 1 else "",
        "next_url": listing.url(page=str(listing.page + 1)) if listing.page < listing.pages else "",
    }


def _group_page(grouping: Grouping) -> dict[str, Any]:
    """The same for groups, and where a click on a head sorts."""
    listing, order = grouping.listing, grouping.order
    totals = [total.text for total, c in zip(listing.totals, listing.columns, strict=False) if c.column.total]
    return {
        "previous_url": listing.url(page=str(grouping.page - 1)) if grouping.page > 1 else "",
        "next_url": listing.url(page=str(grouping.page + 1)) if grouping.more else "",
        "by_count_url": listing.url(order="count" if order == "-count" else "-count", page=""),
        "by_value_url": listing.url(order="-value" if order == "value" else "value", page=""),
        "ungrouped_url": listing.url(group="", order="", chart="", page=""),
        "group_totals": totals,
    }


def _asked(
    request: HttpRequest, register: Register, views: list[SavedView]
) -> tuple[dict[str, str], SavedView | None, int | None, str]:
    """The list's parameters, the view that is open, the person's opening view, and words where a view is not to be had.

    Where nothing is asked for, the list opens as the person likes it to, else as the register does.
    """
    params, opening = params_of(request.GET), opening_of(register, request.user)
    named = params.get("view") or ("" if params else str(opening or ""))
    view = next((one for one in views if str(one.pk) == named), None)
    if view is not None:
        return (params_in(view) if params.keys() <= {"view"} else params), view, opening, ""
    unknown = gettext("没有这个视图，或它未与您共享") if named not in ("", "0") else ""
    return params or dict(parse_qsl(register.opening)), None, opening, unknown


@dataclass(frozen=True)
class FilterField:
    """A column in the filter panel, with what is asked of it now: ``mode`` is "", not, at, - or !-."""

    column: BoundColumn
    widget: str
    mode: str
    text: str
    low: str
    high: str
    suggests: bool

    @property
    def name(self) -> str:
        """The parameter that the field's text goes by."""
        return {"not": f"f.{self.column.name}.not", "at": f"at.{self.column.name}"}.get(self.mode, self.plain)

    @property
    def plain(self) -> str:
        return f"f.{self.column.name}"

    @property
    def modes(self) -> list[tuple[str, str]]:
        first = {"text": gettext("包含"), "number": gettext("范围"), "date": gettext("范围")}
        found = [("", first.get(self.widget, gettext("是")))]
        if self.widget in ("text", "reference", "choice", "flag"):
            found.append(("not", gettext("不是") if self.widget != "text" else gettext("不含")))
        if self.widget == "text":
            found.append(("at", gettext("等于")))
        return [*found, (BLANK, gettext("空白")), (FILLED, gettext("非空"))]

    @property
    def picked(self) -> list[str]:
        return self.text.split(",")


def _field(listing: Listing, column: BoundColumn) -> FilterField:
    params, plain = listing.params, f"f.{column.name}"
    widget = {"long": "text"}.get(widget_of(column), widget_of(column))
    suggests = target_of(listing.register, column) is not None
    if isinstance(column.kind, Flag):
        widget = "flag"
    elif widget == "text" and (column.column.filter_with is not None or (column.field and column.field.is_relation)):
        widget = "reference"
    mode, text = "", params.get(plain, "")
    if text in (BLANK, FILLED):
        mode, text = text, ""
    elif not text and (text := params.get(f"{plain}.not", "")):
        mode = "not"
    elif not text and widget == "text" and (text := params.get(f"at.{column.name}", "")):
        mode = "at"
    low, high = params.get(f"{plain}.from", ""), params.get(f"{plain}.to", "")
    return FilterField(column, widget, mode, text, low, high, suggests and widget in ("text", "reference"))


@dataclass(frozen=True)
class Pick:
    """One value that a click filters by, or takes away where it is in force."""

    words: str
    url: str
    active: bool


@dataclass(frozen=True)
class Quick:
    """A column whose values stand above the list; those of a reference in a menu, for they may be many."""

    column: BoundColumn
    picks: list[Pick]
    menu: bool

    @property
    def active(self) -> Pick | None:
        return next((pick for pick in self.picks if pick.active), None)


def _quick(listing: Listing) -> list[Quick]:
    found = []
    for name in listing.register.quick:
        column = listing.by_name.get(name)
        if column is None:
            continue
        asked, menu = f"f.{name}", not isinstance(column.kind, Choice)
        if isinstance(column.kind, Choice):
            values = [(value, spoken(label)) for value, label in column.kind.labels.items()]
        else:
            known = listing.reachable.order_by(column.path).values_list(column.path, flat=True).distinct()
            values = [(str(value), str(value)) for value in known[:MENU] if value]
        now = listing.params.get(asked, "")
        picks = [
            Pick(words, listing.url(**{asked: "" if value == now else value, "page": ""}), value == now)
            for value, words in values
        ]
        if len(picks) > 1 or now:
            found.append(Quick(column, picks, menu))
    return found


def _carried(listing: Listing) -> list[tuple[str, str]]:
    """Parameters in force that no field of the panel shows, to be kept when it is sent."""
    fields = {"q", "page", "cols", "group", "order", "chart", "size", "since", "asof"}
    for column in listing.visible:
        if not isinstance(column.kind, Json):
            one = _field(listing, column)
            fields |= {one.name, one.plain, f"{one.plain}.from", f"{one.plain}.to"}
    return [(name, text) for name, text in listing.params.items() if name not in fields]


@require_GET
def export_file(request: HttpRequest, slug: str, form: str) -> HttpResponseBase:
    register = find_register(slug, request.user, rights.EXPORT)
    if form not in exporting.FORMS:
        raise Http404(f"不支持导出为“{form}”")
    params = params_of(request.GET)
    try:
        with looking_back(register, params) as past:
            return _export(Listing(register, request.user, params, past=past), form)
    except ValidationError as refused:
        return HttpResponseBadRequest("；".join(refused.messages), content_type="text/plain; charset=utf-8")


def _export(listing: Listing, form: str) -> HttpResponseBase:
    register, user = listing.register, listing.user
    listing.rows = rights.restrict(listing.rows, register, user, rights.EXPORT)
    grouping, columns = Grouping(listing), listing.columns
    if grouping.levels and form not in GROUPED_FORMS:
        raise Http404(f"分组表不支持导出为“{form}”")
    if listing.errors:
        return HttpResponseBadRequest("；".join(listing.errors), content_type="text/plain; charset=utf-8")
    if grouping.levels:
        body = grouping.export(form)
    elif listing.count > exporting.JOB_ROWS and listing.past is None:
        title = gettext("导出：%(title)s") % {"title": register.shown_title}
        job = jobs.start(
            export_job.EXPORT, user=user, title=title, register=register.slug, form=form, params=dict(listing.params)
        )
        return redirect(jobs.after(jobs.wait(job)))
    else:
        body = exporting.export(register, listing.rows, exporting.exportable(columns), form)
    return download(body, f"{register.title}.{form}", exporting.FORMS[form])


@require_GET
def template_file(request: HttpRequest, slug: str) -> HttpResponse:
    register = find_register(slug, request.user, rights.IMPORT)
    return download(
        form_workbook(register, rights.visible(request.user, register.bound)),
        f"{register.title}模板.xlsx",
        exporting.FORMS["xlsx"],
    )


@require_GET
def lookup(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Options for a field of the column ``name``, from the text that any parameter brings; ``form`` asks for a form's."""
    register = find_register(slug, request.user)
    column: Any = {c.name: c for c in rights.visible(request.user, register.bound)}.get(name)
    words = next((text for key, text in request.GET.dict().items() if key != "form" and str(text).strip()), "")
    if column is None:
        raise Http404(f"没有列“{name}”")
    found = suggestions(register, column, request.user, str(words), written="form" in request.GET)
    return render(request, "register/options.html", {"options": found})
