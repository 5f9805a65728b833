"""The register of published figures."""

from lianpu.monitoring.models import PublishedFigure
from lianpu.register.declare import Column, Register, registered


@registered
class PublishedFigureRegister(Register):
    model = PublishedFigure
    slug = "published-figures"
    key = ("figure", "year")
    ordering = ("-year", "pk")
    area = "监测"
    icon = "news"
    note = "城市对外公布过的数；系统能算的在“指标对照”页上与登记簿算出的数比较。"
    columns = (
        Column("name", required=True, search="A", aliases=["指标名称", "项目"]),
        Column("figure", required=True, search="A"),
        Column("year", required=True, aliases=["年份"]),
        Column("value", required=True, aliases=["数值", "公布值"]),
        Column("unit", required=True, aliases=["计量单位"]),
        Column("period", aliases=["口径", "期间"]),
        Column("source", search="B", shown=False, aliases=["来源"]),
        Column("is_sample", shown=False),
    )
