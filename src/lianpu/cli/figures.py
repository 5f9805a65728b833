"""``lianpu figures``: every published figure that the registers compute, with the rows behind it."""

from decimal import Decimal
from typing import Any

import click

from lianpu.cli.console import Console, in_words


def _plain(value: Any) -> Any:
    """Whole numbers as integers, others as texts without idle zeros: nothing of a sum is lost on the way."""
    if value is None:
        return None
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else f"{number.normalize():f}"


@click.command()
@click.option("--year", type=int, default=0, help="哪一年（默认最近一次公布的年度）。")
@click.option("--place", default="", help="只算一个地区（代码或名称）。")
@click.option("--json", "as_json", is_flag=True, help="机器可读的结果写到标准输出。")
def figures(year: int, place: str, as_json: bool) -> None:
    """列出系统能算的公布指标：编号、数值、单位、期间、所依据的行数与清单网址，并与公布数对照。"""
    from django.utils import timezone

    from lianpu.cli.setup import make_ready
    from lianpu.monitoring.queries import compare, years
    from lianpu.places.queries import place_by_code, place_named
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    with in_words():
        make_ready(console)
        found = place_named(place) or place_by_code(place) if place else None
        known = years(SYSTEM)
        asked = year or (known[0] if known else timezone.localdate().year)
        rows = compare(SYSTEM, asked, found.code if found else "")
    computed = [
        {
            "id": one.id,
            "name": one.name,
            "value": _plain(one.computed.value),
            "unit": one.unit,
            "period": one.period,
            "rows": one.computed.rows,
            "url": one.computed.url,
            "published": _plain(one.published),
            "difference": _plain(one.difference),
        }
        for one in rows
        if one.computed is not None
    ]
    absent = [
        {"id": one.id, "name": one.name, "published": _plain(one.published), "unit": one.unit, "period": one.period}
        for one in rows
        if one.computed is None
    ]
    console.say(f"{asked}年{found.full_name if found else ''}可算的指标 {len(computed)} 项")
    for line in computed:
        beside = "" if line["published"] is None else f"　公布 {line['published']}，相差 {line['difference']}"
        console.say(f"  {line['name']} {line['value']} {line['unit']}（{line['rows']} 行）{beside}")
    if absent:
        console.say(f"公布过、系统还没有数据可算的 {len(absent)} 项：{'、'.join(one['name'] for one in absent)}")
    console.answer({"year": asked, "place": found.code if found else "", "figures": computed, "not_computed": absent})
