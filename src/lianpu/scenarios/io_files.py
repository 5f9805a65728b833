"""Input–output tables in files: as the Bureau of Statistics lays them out, and as they are kept here."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lianpu.register.reading import UnreadableError, read

if TYPE_CHECKING:
    import polars as pl

    from lianpu.analysis.linkage import Table

UNITS: Mapping[str, float] = {"元": 1e-4, "万元": 1.0, "百万元": 100.0, "亿元": 10_000.0}
HEADS = frozenset({"Code", "GO", "代码", "总产出"})
_SAME = {"代码": "Code", "总产出": "GO", "名称": "DescriptionInChinese", "部门": "DescriptionInChinese"}
LABELS = ("DescriptionInChinese", "Description")


def read_io_file(path: Path, unit: str = "万元") -> "tuple[Table, dict[str, str]]":
    """The table of a file (parquet, xlsx, csv) in 万元 and the names of its sectors by code.

    The file has a column Code (代码), one column a sector headed by its code, and GO (总产出); rows of sums are left out,
    names (名称, DescriptionInChinese) are welcome. ``UnreadableError`` says what is missing.
    """
    import polars as pl

    from lianpu.analysis.linkage import china_table
    from lianpu.analysis.linkage.table import Table

    if unit not in UNITS:
        raise UnreadableError(f"不认得单位“{unit}”：请写 {'、'.join(UNITS)} 之一。")
    sheet = read(path, HEADS)
    heads = [_SAME.get(head, head) for head in sheet.heads]
    if not {"Code", "GO"} <= set(heads):
        raise UnreadableError(f"{path.name} 不是投入产出表：缺少 Code（代码）或 GO（总产出）列。")
    at = heads.index("Code")
    width = max((len(_code(row[at])) for row in sheet.rows if _code(row[at]).isdigit()), default=2)
    wanted = [i for i, head in enumerate(heads) if _code(head).isdigit() or head in ("Code", "GO", "Origin", *LABELS)]
    names = [_code(heads[i]).zfill(width) if _code(heads[i]).isdigit() else heads[i] for i in wanted]
    if len(set(names)) != len(names):
        raise UnreadableError(f"{path.name} 有部门列重复，请核对列头。")
    rows = [[_cell(name, row[i], width) for i, name in zip(wanted, names, strict=True)] for row in sheet.rows]
    words = ("Code", "Origin", *LABELS)
    schema = {name: pl.String if name in words else pl.Float64 for name in names}
    frame = pl.DataFrame(rows, schema=schema, orient="row", strict=False)
    try:
        table = china_table(frame)
    except ValueError as error:
        raise UnreadableError(f"{path.name}：{error}") from error
    if not len(table):
        raise UnreadableError(f"{path.name} 没有部门行。")
    told = next((name for name in LABELS if name in frame.columns), None)
    labels = dict(frame.select("Code", told).unique("Code", keep="first").iter_rows()) if told else {}
    scaled = Table.of(table.Z * UNITS[unit], table.x * UNITS[unit], table.names)
    return scaled, {code: labels.get(code) or code for code in table.names}


def _code(value: Any) -> str:
    text = str(value if value is not None else "").strip()
    return text.removesuffix(".0")


def _cell(name: str, value: Any, width: int) -> Any:
    if name == "Code":
        code = _code(value)
        return code.zfill(width) if code.isdigit() else code
    if name in ("Origin", *LABELS):
        return None if value is None else str(value)
    try:
        return float(str(value).replace(",", "")) if value not in (None, "") else None
    except ValueError:
        return None


def frame_of(table: "Table", labels: Mapping[str, str]) -> "pl.DataFrame":
    """The table as it is kept: sector, label, output, then a column a buyer."""
    import polars as pl

    head = {"sector": table.names, "label": [labels.get(code, code) for code in table.names], "output": table.x}
    flows = {f"to {code}": table.Z[:, at] for at, code in enumerate(table.names)}
    return pl.DataFrame(head | flows)


def table_of(frame: "pl.DataFrame") -> "tuple[Table, dict[str, str]]":
    """What :func:`frame_of` made a frame of."""
    from lianpu.analysis.linkage import Table

    names = frame["sector"].to_list()
    flows = frame.select([f"to {code}" for code in names]).to_numpy()
    return Table.of(flows, frame["output"].to_numpy(), names), dict(frame.select("sector", "label").iter_rows())
