"""Keeping, renaming, sharing and doing away with views of a list."""

from urllib.parse import parse_qsl

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from lianpu.register.models import SavedView
from lianpu.register.saved_views import delete_view, open_with, save_view, views_of
from lianpu.register.views.common import find_register


@require_POST
def view_save(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """A new view (``pk`` None) of the address in ``query``, or new name, address and readers of one's own."""
    register = find_register(slug, request.user)
    view = get_object_or_404(SavedView, pk=pk, register=register.slug) if pk is not None else None
    query = request.POST.get("query", "").removeprefix("?")
    try:
        saved = save_view(
            register=register,
            user=request.user,
            name=request.POST.get("name", ""),
            params=dict(parse_qsl(query)),
            share=request.POST.get("share", ""),
            view=view,
        )
        if "opening" in request.POST:
            open_with(register=register, user=request.user, view=saved)
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
        return redirect(f"{register.url()}?{query}")
    messages.success(request, gettext("已保存视图：%(name)s") % {"name": saved.name})
    return redirect(f"{register.url()}?view={saved.pk}")


@require_POST
def view_delete(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    register = find_register(slug, request.user)
    view = get_object_or_404(SavedView, pk=pk, register=register.slug)
    name = view.name
    delete_view(view=view, user=request.user)
    messages.success(request, gettext("已删除视图：%(name)s") % {"name": name})
    return redirect(f"{register.url()}?view=0")


@require_POST
def view_opening(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Open the list with this view from now on, or (``pk`` 0) as the register opens by itself."""
    register = find_register(slug, request.user)
    view = next((one for one in views_of(register, request.user) if one.pk == pk), None)
    open_with(register=register, user=request.user, view=view)
    messages.success(
        request, gettext("默认视图：%(name)s") % {"name": view.name} if view else gettext("已恢复为默认打开方式")
    )
    return redirect(f"{register.url()}?view={view.pk if view else 0}")
