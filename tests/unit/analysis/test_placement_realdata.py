"""Placement on real registry texts: listed companies of known industry, taught with one half, tried on the other."""

import numpy as np
import polars as pl
import pytest

from lianpu.analysis.placement import Placer
from support import lianpu_data

pytestmark = pytest.mark.realdata


def halves() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Shenwan taxonomy; products of companies outside the test half; the teaching half; the test half."""
    folder = lianpu_data() / "chain-graph"
    taxonomy = pl.read_parquet(folder / "industry.parquet")
    industry = pl.read_parquet(folder / "company_industry.parquet").unique("code6", keep="first", maintain_order=True)
    industry = industry.filter(pl.col("industry_code").is_in(taxonomy.filter(pl.col("level") == 3)["code"].implode()))
    industry = industry.select("code6", code="industry_code")
    firms = pl.read_parquet(folder / "company_registry_link.parquet").join(industry, on="code6").sort("code6")
    firms = firms.select("code6", "code", "scope", name="fullname")
    order = np.random.default_rng(0).permutation(firms.height)
    teach, test = firms[np.sort(order[: firms.height // 2])], firms[np.sort(order[firms.height // 2 :])]
    products = pl.read_parquet(folder / "company_product.parquet").drop("code").join(industry, on="code6")
    products = products.filter(~pl.col("code6").is_in(test["code6"].implode()), pl.col("weight") > 0)
    products = products.select("product", "code", "weight").unique(
        ["product", "code"], keep="first", maintain_order=True
    )
    return taxonomy.select("code", "name", "parent"), products, teach, test


def hits(placer: Placer, taxonomy: pl.DataFrame, test: pl.DataFrame) -> tuple[float, float, float]:
    """Share of firms with the true code among three, at first place, and of the right parent at first place."""
    above = dict(taxonomy.select("code", "parent").iter_rows())
    truth = test.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), truth="code")
    placed = placer.place(test, top_k=3).join(truth, on="row").with_columns(right=pl.col("code") == pl.col("truth"))
    first = placed.filter(pl.col("rank") == 1)
    parents = first.select(pl.col("code").replace_strict(above) == pl.col("truth").replace_strict(above)).to_series()
    return placed["right"].sum() / test.height, first["right"].sum() / test.height, parents.sum() / test.height


def test_known_firms_find_their_industry_taught_with_half_of_them() -> None:
    taxonomy, products, teach, test = halves()
    top_3, top_1, parent = hits(Placer.fit(taxonomy, products.clear(), teach), taxonomy, test)
    assert (top_3, top_1, parent) >= (0.45, 0.28, 0.40), (top_3, top_1, parent)


def test_products_of_other_companies_help() -> None:
    taxonomy, products, teach, test = halves()
    top_3, top_1, parent = hits(Placer.fit(taxonomy, products, teach), taxonomy, test)
    assert min(top_3 - 0.53, top_1 - 0.34, parent - 0.45) >= 0, (top_3, top_1, parent)


def test_every_span_of_evidence_is_the_text_it_says() -> None:
    firms = pl.read_parquet(lianpu_data() / "registry" / "gansu.parquet").select("name", "scope")
    codes = ["A", "B"]
    taxonomy = pl.DataFrame({"code": codes, "name": codes, "parent": pl.Series([None, None], dtype=pl.String)})
    products = pl.DataFrame({"product": ["水泥", "汽车配件", "面粉"], "code": ["A", "A", "B"], "weight": [1.0] * 3})
    placed = Placer.fit(taxonomy, products, None).place(firms)
    assert placed.height > 300
    for row in placed.sample(300, seed=1).iter_rows(named=True):
        name, scope = firms.row(row["row"])
        assert row["evidence"]
        for span in row["evidence"]:
            assert (name if span["source"] == "name" else scope)[span["start"] : span["end"]] == span["text"]
