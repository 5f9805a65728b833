"""The data dictionary, and the columns that an office adds to it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from lianpu.register import custom, dictionary, exporting, rights
from lianpu.register.declare import BoundColumn, Register, registry
from lianpu.register.models import CustomField
from lianpu.register.views.common import download, find_register


def _seen(user: Any) -> list[tuple[Register, list[BoundColumn]]]:
    return [(r, rights.visible(user, r.bound)) for r in registry.all() if rights.may(user, r, rights.VIEW)]


@require_GET
def dictionary_page(request: HttpRequest) -> HttpResponse:
    """Every register and column the reader may see."""
    listed = [
        {
            "register": register,
            "columns": [(column, dictionary.origin(column)) for column in columns],
            "key": dictionary.key_words(register),
            "scope": dictionary.scope_words(register),
            "may_configure": register.extensible and rights.may(request.user, register, rights.CONFIGURE),
        }
        for register, columns in _seen(request.user)
    ]
    return render(request, "register/dictionary.html", {"listed": listed})


@require_GET
def dictionary_file(request: HttpRequest) -> HttpResponse:
    return download(dictionary.workbook(_seen(request.user)), "数据字典.xlsx", exporting.FORMS["xlsx"])


@require_GET
def fields_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The columns that the office has added to a register, retired ones too."""
    register = find_register(slug, request.user, rights.CONFIGURE)
    fields = CustomField.objects.filter(register=slug)
    return render(request, "register/fields.html", {"register": register, "fields": fields})


@require_http_methods(["GET", "POST"])
def field_form(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """Add a column, or change or retire one."""
    register = find_register(slug, request.user, rights.CONFIGURE)
    field = get_object_or_404(CustomField, register=slug, pk=pk) if pk is not None else CustomField(register=slug)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        _take(field, request.POST)
        try:
            custom.define(user=request.user, register=register, field=field, reason=request.POST.get("reason", ""))
        except ValidationError as error:
            errors = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        else:
            messages.success(request, gettext("已保存：%(row)s") % {"row": field.label})
            return redirect("register:fields", slug)
    context = {"register": register, "field": field, "kinds": CustomField.Kind.choices, "errors": errors}
    return render(request, "register/field_form.html", context, status=422 if errors else 200)


def _take(field: CustomField, typed: Any) -> None:
    """What was typed, on the field; not saved."""
    for name in ("label", "kind", "unit", "help", "sensitivity"):
        setattr(field, name, typed.get(name, "").strip())
    for name in ("choices", "aliases"):
        setattr(field, name, [word for word in map(str.strip, typed.get(name, "").splitlines()) if word])
    field.order = int(typed["order"]) if typed.get("order", "").isdecimal() else 0
    field.is_retired = "is_retired" in typed
