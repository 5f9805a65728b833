"""Import of 100,000 invented firms in 20 columns from a workbook, beside django-import-export on rows of the same file.

Claim: ≥ 5,000 rows/s with reading, validation, matching, change records and the fate of every line kept, less than
1 GiB; and faster than the peer. Both keep change records, by the same triggers. What is counted is what stands in the
table afterwards, not what either says.

Run: ``python benchmarks/import_peer.py [--rows 100000] [--peer-rows 10000] [--database postgresql://…]``. The database
named must be empty and the benchmark's own.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BUDGET, MEMORY_MIB = 5_000, 1024
DISTRICTS = ("620102", "620103", "620104", "620105", "620111")
OWN = [  # columns that an office adds: label, kind, choices
    ("厂房面积", "number", []),
    ("职工数", "integer", []),
    ("入园日期", "date", []),
    ("是否停产", "flag", []),
    ("去留意向", "choice", ["扩产", "迁出", "维持"]),
    ("联系人", "text", []),
    ("备用说明", "text", []),
    ("用电户号", "text", []),
    ("走访次数", "integer", []),
]
HEADS = (
    *("企业名称", "统一社会信用代码", "所在地", "注册地址", "注册日期", "企业类型"),
    *("行业代码", "注册资金", "注册资本（万元）", "经营范围", "登记状态"),
    *(label for label, _, _ in OWN),
)


def row(at: int) -> list[object]:
    """One invented firm as a clerk writes it."""
    from lianpu.enterprises.identity import make_uscc

    return [
        f"示例{at:06d}制造有限公司",
        make_uscc(DISTRICTS[at % 5], at % 100_000),
        DISTRICTS[at % 5],
        f"示例路{at % 999}号",
        f"20{at % 20:02d}年{at % 12 + 1}月",
        "有限责任公司",
        str(1000 + at % 4000),
        f"{at % 900 + 100}万元人民币",
        f"{at % 900 + 100:,}",
        "铝型材、铝合金型材的加工、制造、销售；机械设备的维修、租赁；货物及技术进出口",
        "存续",
        at % 500 + 0.5,
        at % 3000,
        f"2021-{at % 12 + 1:02d}-{at % 28 + 1:02d}",
        "是" if at % 9 == 0 else "否",
        OWN[4][2][at % 3],
        f"联系人{at % 1000}",
        "示例",
        f"{at:010d}",
        at % 12,
    ]


def workbook(path: Path, rows: int) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("企业")
        sheet.write_row(0, 0, HEADS)
        for at in range(rows):
            sheet.write_row(at + 1, 0, row(at))
    return path


def ours(path: Path, home: Path) -> tuple[int, float]:
    """Rows in the table, seconds."""
    from lianpu.enterprises.models import Enterprise
    from lianpu.register import importing
    from lianpu.register.declare import registry
    from lianpu.register.rights import SYSTEM

    began = time.perf_counter()
    plan = importing.make_plan(registry["enterprises"], path, SYSTEM)
    importing.commit(plan, user=SYSTEM, result_folder=home)
    return Enterprise.objects.count(), time.perf_counter() - began


def resource_of(*, bulk: bool) -> Any:
    """The peer's declaration of the same columns."""
    from import_export import fields, resources, widgets
    from import_export.instance_loaders import CachedInstanceLoader

    from lianpu.enterprises.identity import check_uscc, name_key
    from lianpu.enterprises.models import Enterprise
    from lianpu.places.models import Place
    from lianpu.register import custom
    from lianpu.register.declare import registry

    added = {one.label: one for one in registry["enterprises"].added}
    kinds = {label: custom.kind_of(one) for label, one in added.items()}

    class FirmResource(resources.ModelResource):  # type: ignore[misc]
        name = fields.Field(column_name="企业名称", attribute="name")
        uscc = fields.Field(column_name="统一社会信用代码", attribute="uscc")
        place = fields.Field(column_name="所在地", attribute="place", widget=widgets.ForeignKeyWidget(Place, "code"))
        address = fields.Field(column_name="注册地址", attribute="address")
        founded = fields.Field(column_name="注册日期", attribute="founded", widget=widgets.DateWidget("%Y-%m-%d"))
        kind = fields.Field(column_name="企业类型", attribute="kind")
        industry_code = fields.Field(column_name="行业代码", attribute="industry_code")
        capital_text = fields.Field(column_name="注册资金", attribute="capital_text")
        capital = fields.Field(
            column_name="注册资本（万元）", attribute="capital_10k_cny", widget=widgets.DecimalWidget()
        )
        scope = fields.Field(column_name="经营范围", attribute="scope")

        class Meta:
            model = Enterprise
            import_id_fields = ("uscc",)
            use_bulk = bulk
            skip_diff = bulk
            batch_size = 2000 if bulk else None
            instance_loader_class = (
                CachedInstanceLoader if bulk else resources.ModelResource._meta.instance_loader_class
            )

        def before_import_row(self, line: Any, **_: Any) -> None:
            """What the register's kinds do for us, done here by the same kinds, so that only the machinery differs."""
            year, month = line["注册日期"].rstrip("月").split("年")
            line["注册日期"] = f"{year}-{int(month):02d}-01"
            line["注册资本（万元）"] = line["注册资本（万元）"].replace(",", "")
            if not check_uscc(line["统一社会信用代码"]).ok:
                raise ValueError(line["统一社会信用代码"])

        def before_save_instance(self, instance: Any, line: Any, **_: Any) -> None:
            instance.name_key = name_key(instance.name)
            values = {added[label].name: kind.parse(line[label]) for label, kind in kinds.items()}
            instance.extra = custom.fold(added.values(), values, {})

    return FirmResource()


def peer(path: Path, rows: int, *, bulk: bool) -> tuple[int, float]:
    """Rows in the table, seconds, by django-import-export; every row taken back."""
    import tablib
    from django.db import transaction
    from python_calamine import CalamineWorkbook

    from lianpu.enterprises.models import Enterprise
    from lianpu.register.history import acting
    from lianpu.register.rights import SYSTEM

    with acting(SYSTEM):
        began = time.perf_counter()
        head, *lines = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(nrows=rows + 1)
        result = resource_of(bulk=bulk).import_data(tablib.Dataset(*lines, headers=head), use_transactions=True)
        seconds = time.perf_counter() - began
        if result.has_errors():
            sys.exit(f"the peer fails: {(result.base_errors or result.row_errors()[0][1])[0].error!r}")
        stored = Enterprise.objects.count()
        transaction.set_rollback(True)
    return stored, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--peer-rows", type=int, default=10_000)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database (default: SQLite)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "LIANPU_HOME": home,
            "LIANPU_DATABASE": asked.database,
            "DJANGO_SETTINGS_MODULE": "lianpu.site.settings",
        }
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connection

        from lianpu.places.services import load_gazetteer
        from lianpu.register import custom
        from lianpu.register.declare import registry
        from lianpu.register.models import CustomField
        from lianpu.register.rights import SYSTEM

        settings.INSTALLED_APPS.append("import_export")
        call_command("migrate", verbosity=0)
        load_gazetteer(user=SYSTEM)
        for label, kind, choices in OWN:
            field = CustomField(label=label, kind=kind, choices=choices)
            custom.define(user=SYSTEM, register=registry["enterprises"], field=field)
        path = workbook(Path(home) / "企业.xlsx", asked.rows)
        print(f"{connection.vendor}: {asked.rows:,} rows × {len(HEADS)} columns; budget {BUDGET:,} rows/s", flush=True)
        speeds = {}
        for name, bulk in (("as documented", False), ("use_bulk, skip_diff, cached loader", True)):
            stored, seconds = peer(path, asked.peer_rows, bulk=bulk)
            speeds[name] = stored / seconds
            print(
                f"django-import-export, {name}: {stored:,} stored in {seconds:.1f} s, {stored / seconds:,.0f} rows/s",
                flush=True,
            )
        stored, seconds = ours(path, Path(home))
        rate, peak = stored / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"lianpu: {stored:,} stored in {seconds:.1f} s, {rate:,.0f} rows/s; peak memory {peak:,.0f} MiB")
        for name, speed in speeds.items():
            print(f"  {rate / speed:.1f} × django-import-export, {name}")
    if stored != asked.rows or rate < BUDGET or peak > MEMORY_MIB:
        sys.exit("below the budget")


if __name__ == "__main__":
    main()
