"""What every test finds: a home of its own, plain static files, a few places, two small chains and some firms."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from lianpu.chains.models import Segment
    from lianpu.enterprises.models import Enterprise
    from lianpu.places.models import Place

# pytest-django reads the settings before this file, commands that tests start read them after it.
# A server thread may still be writing boundaries when the last test ends.
HOME = tempfile.TemporaryDirectory(prefix="lianpu-tests-", ignore_cleanup_errors=True)
os.environ["LIANPU_HOME"] = HOME.name


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "leave out tests without a database: for a second run on another one, where they would say the same again"
    parser.addoption("--only-database", action="store_true", help=words)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--only-database"):
        config.hook.pytest_deselected(items=[item for item in items if not _uses_database(item)])
        items[:] = filter(_uses_database, items)


def _uses_database(item: pytest.Item) -> bool:
    from django.test import TransactionTestCase

    if item.get_closest_marker("once") is not None:
        return False
    asked = {"db", "transactional_db", "django_db_setup"} & set(getattr(item, "fixturenames", ()))
    of_django = issubclass(getattr(item, "cls", None) or object, TransactionTestCase)
    return bool(asked) or of_django or item.get_closest_marker("django_db") is not None


def pytest_configure() -> None:
    # A deadline is an assertion on time, and fails on a busy machine.
    hypothesis.settings.register_profile("house", deadline=None)
    hypothesis.settings.load_profile("house")
    from django.conf import settings

    settings.LIANPU_HOME = Path(HOME.name)
    settings.LIANPU_JOBS = "inline"
    settings.MEDIA_ROOT = settings.LIANPU_HOME / "files"
    settings.STATIC_ROOT = settings.LIANPU_HOME / "static"
    settings.STATIC_ROOT.mkdir()
    # Real hashing takes a third of a second a password, on purpose; tests/unit/site/test_rules.py sees that it does.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Hashed names come from collectstatic, which tests do not run.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest, django_db_modify_db_settings: None) -> None:
    """Where pages are asked for, SQLite in a file: in memory all threads of the server would share one connection, and one
    that runs a function of Python inside SQLite then waits for ever for one that holds the interpreter."""
    from django.db import connection

    if connection.vendor == "sqlite" and any(item.get_closest_marker("pages") for item in request.session.items):
        connection.settings_dict["TEST"]["NAME"] = str(Path(HOME.name) / "pages.sqlite3")


def pytest_unconfigure() -> None:
    HOME.cleanup()


@pytest.fixture(autouse=True)
def _no_field_of_another_test() -> None:
    """What a process remembers for a moment of custom fields goes with the test that made them."""
    from lianpu.register import custom

    custom.forget()


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """A home for one test alone, where it looks at what was written there."""
    settings.LIANPU_HOME = tmp_path / "home"
    settings.LIANPU_HOME.mkdir()
    return settings.LIANPU_HOME


@pytest.fixture
def query_counts() -> Path:
    """How many statements each page of each register may take."""
    return Path(__file__).parent / "unit" / "register" / "query_counts.json"


# code, name, short name, kind, code of the place above
PLACES = [
    ("100000", "中国", "中国", "nation", ""),
    ("620000", "甘肃省", "甘肃", "province", "100000"),
    ("620100", "兰州市", "兰州", "city", "620000"),
    ("620300", "金昌市", "金昌", "city", "620000"),
    ("620102", "城关区", "城关", "district", "620100"),
    ("620103", "七里河区", "七里河", "district", "620100"),
    ("620104", "西固区", "西固", "district", "620100"),
    ("620105", "安宁区", "安宁", "district", "620100"),
    ("620111", "红古区", "红古", "district", "620100"),
    ("620121", "永登县", "永登", "district", "620100"),
    ("620122", "皋兰县", "皋兰", "district", "620100"),
    ("620123", "榆中县", "榆中", "district", "620100"),
    ("620302", "金川区", "金川", "district", "620300"),
]


@pytest.fixture
def gazetteer(db: None) -> Mapping[str, "Place"]:
    """Places by code: the nation, 甘肃, 兰州 with districts and zones, and a second city; quicker than the whole country."""
    return make_places()


def make_places() -> Mapping[str, "Place"]:
    """What ``gazetteer`` has."""
    from lianpu.places.gazetteer import zones
    from lianpu.places.models import Place

    made: dict[str, Place] = {}
    marks = [(z.place.code, z.place.name, z.place.short_name, "zone", z.place.parent or "") for z in zones()]
    for code, name, short, kind, above in [*PLACES, *marks]:
        parent = made.get(above)
        line = "" if parent is None or parent.code == "100000" else parent.full_name
        made[code] = Place.objects.create(
            code=code,
            name=name,
            short_name=short,
            full_name=line + name,
            kind=kind,
            parent=parent,
            path=f"{parent.path if parent else '/'}{code}/",
            longitude=103.8343,
            latitude=36.0611,
        )
    return made


# chain code, chain, [(group, stage, [(leaf, name, filled by, key, {product: aliases})])]
CHAINS: list[tuple[str, str, list[tuple[str, str, list[tuple[str, str, str, bool, dict[str, list[str]]]]]]]] = [
    (
        "LV",
        "铝业",
        [
            ("LV-11", "upstream", [("LV-1101", "氧化铝", "makes", True, {"氧化铝": ["冶金级氧化铝"]})]),
            (
                "LV-21",
                "midstream",
                [
                    ("LV-2101", "电解铝", "makes", True, {"电解铝": ["原铝", "铝锭"]}),
                    ("LV-2102", "铝用炭素", "makes", False, {"预焙阳极": ["炭素阳极"]}),
                ],
            ),
            ("LV-31", "downstream", [("LV-3101", "铝型材", "makes", False, {"铝型材": ["铝合金型材"]})]),
            ("LV-41", "support", [("LV-4101", "铝工艺研究", "researches", False, {"铝电解工艺": ["铝电解技术"]})]),
        ],
    ),
    (
        "QC",
        "汽车",
        [
            ("QC-11", "upstream", [("QC-1101", "汽车铝铸件", "makes", False, {"汽车铝铸件": ["铝合金轮毂"]})]),
            ("QC-31", "downstream", [("QC-3101", "整车", "makes", True, {"新能源汽车": ["电动汽车整车"]})]),
        ],
    ),
]
FLOWS = [
    ("LV-1101", "LV-2101", "氧化铝", 3),
    ("LV-2102", "LV-2101", "预焙阳极", 3),
    ("LV-2101", "LV-3101", "铝锭", 3),
    ("LV-4101", "LV-2101", "铝电解工艺", 1),
    ("LV-2101", "QC-1101", "铝锭", 2),
    ("QC-1101", "QC-3101", "汽车铝铸件", 2),
]


@pytest.fixture
def two_chains(db: None) -> Mapping[str, "Segment"]:
    """Segments by code of two small chains that hang together: 铝业 and 汽车."""
    return make_chains()


def make_chains() -> Mapping[str, "Segment"]:
    """What ``two_chains`` has."""
    from lianpu.chains.models import Chain, Product, Segment, SegmentFlow

    made: dict[str, Segment] = {}
    for order, (chain_code, chain_name, groups) in enumerate(CHAINS):
        chain = Chain.objects.create(code=chain_code, name=chain_name, tier="测试", order=order)
        for group_code, stage, leaves in groups:
            group = Segment.objects.create(
                code=group_code, name=f"{chain_name}{stage}", chain=chain, stage=stage, is_leaf=False, order=len(made)
            )
            made[group_code] = group
            for code, name, filled_by, key, products in leaves:
                made[code] = Segment.objects.create(
                    code=code,
                    name=name,
                    chain=chain,
                    parent=group,
                    stage=stage,
                    is_key=key,
                    filled_by=filled_by,
                    gbt4754=["3216"],
                    io_sector="14",
                    order=len(made),
                )
                for product, aliases in products.items():
                    Product.objects.create(segment=made[code], name=product, aliases=aliases)
    for source, target, via, weight in FLOWS:
        SegmentFlow.objects.create(source=made[source], target=made[target], via=via, weight=weight)
    return made


# name, district, zone, scope
FIRMS = [
    ("示例甲铝业有限公司", "620111", "", "电解铝、铝锭的生产、销售"),
    ("示例乙炭素有限公司", "620111", "", "预焙阳极的生产"),
    ("示例丙型材有限公司", "620104", "", "铝型材、铝合金型材的加工、制造"),
    ("示例丁商贸有限公司", "620102", "", "铝锭、铝型材、新能源汽车的销售"),
    ("示例戊研究院有限公司", "620105", "", "铝电解工艺的研发"),
    ("示例己铝业有限公司", "620302", "", "氧化铝的生产"),
    ("示例庚轮毂有限公司", "620102", "zone", "铝合金轮毂的制造"),
    ("示例辛餐饮有限公司", "620102", "", "餐饮服务"),
]


@pytest.fixture
def firms(gazetteer: Mapping[str, "Place"]) -> Mapping[str, "Enterprise"]:
    """Invented firms by the letter of their name (甲, 乙 …); 丁 only sells, 己 lies in another city, 庚 in a zone."""
    return make_firms(gazetteer)


@pytest.fixture(scope="module")
def small_city(django_db_setup: None, django_db_blocker: Any) -> Iterator["SmallCity"]:
    """``gazetteer``, ``two_chains`` and ``firms`` once for a module, whose tests each work on them in a savepoint."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        places = make_places()
        yield SmallCity(places, make_chains(), make_firms(places))
        transaction.set_rollback(True)


@dataclass(frozen=True)
class SmallCity:
    """Places and segments by code, firms by letter."""

    places: Mapping[str, "Place"]
    segments: Mapping[str, "Segment"]
    firms: Mapping[str, "Enterprise"]


def make_firms(gazetteer: Mapping[str, "Place"]) -> Mapping[str, "Enterprise"]:
    """What ``firms`` has."""
    from lianpu.enterprises.identity import make_uscc, name_key
    from lianpu.enterprises.models import Enterprise

    zone = next(place for place in gazetteer.values() if place.kind == "zone")
    return {
        name[2]: Enterprise.objects.create(
            uscc=make_uscc(district, serial),
            name=name,
            name_key=name_key(name),
            place=gazetteer[district],
            zone=zone if where else None,
            scope=scope,
            is_sample=True,
        )
        for serial, (name, district, where, scope) in enumerate(FIRMS, start=1)
    }
