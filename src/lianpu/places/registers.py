"""The register of places."""

from lianpu.places.models import Place
from lianpu.places.queries import match_places
from lianpu.register.declare import Column, Register, Scope, registered


@registered
class PlaceRegister(Register):
    model = Place
    slug = "places"
    key = ("code",)
    scope = Scope()
    ordering = ("code",)
    icon = "map-pin"
    note = "省、市、县区与功能区；代码依 GB/T 2260，功能区代码为本系统所编。"
    columns = (
        Column("code", search="A", required=True, aliases=["行政区划代码"]),
        Column("name", search="A", required=True),
        Column("short_name", search="B", shown=False),
        Column("full_name", search="B", required=True),
        Column("kind", required=True),
        Column("parent", value="parent__full_name", match=match_places),
        Column("path", shown=False, required=True),
        Column("longitude", shown=False),
        Column("latitude", shown=False),
        Column("note", shown=False),
    )
