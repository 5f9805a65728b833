"""The list of a register, as a page and as a file."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lianpu.register import exporting, rights
from lianpu.register.kinds import Json
from lianpu.register.listing import Listing, cells
from lianpu.register.views.common import download, find_register, widget_of


@require_GET
def list_page(request: HttpRequest, slug: str) -> HttpResponse:
    register = find_register(slug, request.user)
    listing = Listing(register, request.user, request.GET.dict())
    rows = [(row, cells(listing.columns, row), register.badge(row)) for row in listing.page_rows]
    context = {
        "register": register,
        "listing": listing,
        "rows": rows,
        "previous_url": listing.url(page=str(listing.page - 1)),
        "next_url": listing.url(page=str(listing.page + 1)),
        "forms": list(exporting.FORMS),
        "filterable": [(c, widget_of(c)) for c in listing.visible if not isinstance(c.kind, Json)],
        "may_add": register.imports and rights.may(request.user, register, rights.ADD),
        "may_import": register.imports and rights.may(request.user, register, rights.IMPORT),
    }
    partial = request.headers.get("HX-Target") == "rows"
    return render(request, "register/rows.html" if partial else "register/list.html", context)


@require_GET
def export_file(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    register = find_register(slug, request.user, rights.EXPORT)
    if form not in exporting.FORMS:
        raise Http404(f"不支持导出为“{form}”")
    listing = Listing(register, request.user, request.GET.dict())
    rows, columns = rights.restrict(listing.rows, register, request.user, rights.EXPORT), listing.columns
    if listing.errors:
        return HttpResponseBadRequest("；".join(listing.errors), content_type="text/plain; charset=utf-8")
    body = exporting.export(register, rows, exporting.exportable(columns), form)
    return download(body, f"{register.title}.{form}", exporting.FORMS[form])


@require_GET
def template_file(request: HttpRequest, slug: str) -> HttpResponse:
    register = find_register(slug, request.user, rights.IMPORT)
    return download(
        exporting.template(register, rights.visible(request.user, register.bound)),
        f"{register.title}模板.xlsx",
        exporting.FORMS["xlsx"],
    )
