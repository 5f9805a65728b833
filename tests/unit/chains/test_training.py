"""People's decisions train the model; it comes into use only where it is no worse, and one can go back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from lianpu.chains import model_report
from lianpu.chains.models import OutsideFirm, Placement, PlacementModel, Product, Segment
from lianpu.chains.services import place_enterprises, train, use
from lianpu.chains.services.placing import current_placer
from lianpu.chains.services.training import changes_of, labels_of
from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise
from lianpu.register.declare import registry
from lianpu.register.listing import Listing
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in

KNOWN = {"LV-2101": "槽型装置", "LV-3101": "门窗框料", "LV-2102": "碳块"}
"""What firms of a segment write that no map knows: only people's decisions can teach it."""
EACH = 14


@pytest.fixture
def decided(two_chains: Mapping[str, Segment], gazetteer: Mapping[str, Any], home: Path) -> list[Enterprise]:
    """Firms that people put on a segment by a word the maps lack, and shops that they put outside; all placed."""
    made, serial = [], 900
    now = timezone.now()
    for code, word in [*KNOWN.items(), ("", "餐饮服务")]:
        for number in range(EACH):
            serial += 1
            made.append(
                firm := Enterprise.objects.create(
                    uscc=make_uscc("620102", serial),
                    name=f"示例{serial}有限公司",
                    name_key=str(serial),
                    place=gazetteer["620102"],
                    scope=f"{word}的生产、销售；{'甲乙丙丁戊己庚'[number % 7]}类产品",
                    is_sample=True,
                )
            )
            said = {"decided_by": "核定员", "decided_at": now}
            if code:
                Placement.objects.create(
                    enterprise=firm, segment=two_chains[code], role="makes", confidence=1.0, state="confirmed", **said
                )
            else:
                OutsideFirm.objects.create(enterprise=firm, **said)
    place_enterprises(user=SYSTEM)
    return made


@pytest.fixture
def trained(decided: list[Enterprise]) -> PlacementModel:
    return train(user=SYSTEM)


def newcomer(gazetteer: Mapping[str, Any], word: str) -> Enterprise:
    return Enterprise.objects.create(
        uscc=make_uscc("620102", 990),
        name="示例新来有限公司",
        name_key="新来",
        place=gazetteer["620102"],
        scope=f"{word}的生产、销售；甲类产品",
        is_sample=True,
    )


def test_a_better_model_comes_into_use_and_knows_what_people_taught(
    trained: PlacementModel, gazetteer: Mapping[str, Any]
) -> None:
    assert trained.state == "in_use"
    assert trained.accuracy > trained.accuracy_used
    assert (trained.firms, trained.labels, trained.outside) == (4 * EACH, 3 * EACH, EACH)
    assert current_placer().version == trained.model_version
    firm = newcomer(gazetteer, KNOWN["LV-2102"])
    place_enterprises(user=SYSTEM)
    best = Placement.objects.filter(enterprise=firm).order_by("-confidence")[0]
    assert (best.segment.code, best.model_version) == ("LV-2102", trained.model_version)


def test_decisions_stay_whatever_the_model_says(trained: PlacementModel) -> None:
    assert Placement.objects.filter(state="confirmed", confidence=1.0).count() == 3 * EACH
    outside = OutsideFirm.objects.values("enterprise")
    assert not Placement.objects.filter(enterprise__in=outside).exists()


def test_a_worse_model_is_refused_with_its_numbers_and_nothing_changes(
    decided: list[Enterprise], two_chains: Mapping[str, Segment]
) -> None:
    """Firms of one text, of which people say three different things: a model that learns them is sure of nothing."""
    Placement.objects.all().delete()
    OutsideFirm.objects.all().delete()
    Enterprise.objects.update(scope="氧化铝的生产")
    said = {"role": "makes", "confidence": 1.0, "decided_by": "核定员", "decided_at": timezone.now()}
    for number, firm in enumerate(decided):
        code = ("LV-1101", "QC-3101", "LV-3101", "LV-1101", "QC-3101", "LV-3101", "LV-1101")[number % 7]
        Placement.objects.create(enterprise=firm, segment=two_chains[code], state="confirmed", **said)
    place_enterprises(user=SYSTEM)
    before = list(Placement.objects.order_by("pk").values())
    model = train(user=SYSTEM)
    assert model.state == "refused"
    assert model.accuracy < model.accuracy_used - 0.01
    assert model.accuracy_used == pytest.approx(3 / 7)
    assert current_placer().version != model.model_version
    assert list(Placement.objects.order_by("pk").values()) == before
    assert changes_of(model) is None
    with pytest.raises(ValidationError, match="不如在用"):
        use(user=SYSTEM, model=model)


def test_one_can_go_back_and_forth(trained: PlacementModel, gazetteer: Mapping[str, Any]) -> None:
    newcomer(gazetteer, KNOWN["LV-3101"])
    place_enterprises(user=SYSTEM)
    with_it = list(
        Placement.objects.order_by("enterprise", "segment").values_list("enterprise", "segment", "confidence")
    )
    gone = use(user=SYSTEM, model=None)
    assert set(gone["kind"]) == {"vanished"}
    assert not PlacementModel.objects.filter(state="in_use").exists()
    back = use(user=SYSTEM, model=trained)
    assert set(back["kind"]) == {"appeared"}
    again = list(Placement.objects.order_by("enterprise", "segment").values_list("enterprise", "segment", "confidence"))
    assert again == with_it


def test_a_model_of_other_maps_is_not_used(trained: PlacementModel) -> None:
    Product.objects.filter(name="预焙阳极").update(aliases=["炭素阳极", "阳极糊"])
    assert current_placer().version != trained.model_version
    use(user=SYSTEM, model=None)
    trained.refresh_from_db()
    with pytest.raises(ValidationError, match="另一版图谱"):
        use(user=SYSTEM, model=trained)


def test_a_lost_file_does_not_stop_placing(trained: PlacementModel, home: Path) -> None:
    (home / "models" / trained.file).write_bytes(b"half written")
    assert current_placer().version != trained.model_version


def test_too_little_and_nothing_new_are_told(trained: PlacementModel) -> None:
    with pytest.raises(ValidationError, match="没有新的核定"):
        train(user=SYSTEM)
    Placement.objects.all().delete()
    with pytest.raises(ValidationError, match="至少要"):
        train(user=SYSTEM)


def test_what_it_was_taught_opens_to_just_those_rows(trained: PlacementModel) -> None:
    told = model_report.panel(SYSTEM, trained)
    for slug, url, number in (
        ("placements", told["taught_url"], trained.labels),
        ("outside-firms", told["outside_url"], trained.outside),
    ):
        listing = Listing(registry[slug], SYSTEM, dict(parse_qsl(urlsplit(url).query)))
        assert (listing.count, listing.errors) == (number, [])
    assert labels_of(trained).height == trained.labels + trained.outside


class TestThePages:
    def test_of_a_model_and_of_what_changed(
        self, trained: PlacementModel, gazetteer: Mapping[str, Any], admin_user: Any
    ) -> None:
        firm = newcomer(gazetteer, KNOWN["LV-2102"])
        use(user=SYSTEM, model=None)
        use(user=SYSTEM, model=trained)
        browser = signed_in(admin_user)
        page = browser.get(f"/placement-models/{trained.pk}/").content.decode()
        assert "与核定一致" in page
        assert "改回随图谱的模型" in page
        changed = browser.get(f"/placement-models/{trained.pk}/changes/?kind=appeared")
        assert firm.name in changed.content.decode()
        assert changed.context["total"] == sum(one["appeared"] for one in changed.context["chains"]) > 0
        sheet = browser.get(f"/placement-models/{trained.pk}/changes.csv").getvalue().decode("utf-8-sig")
        assert firm.uscc in sheet
        assert browser.get(f"/placement-models/{trained.pk}/changes.xlsx").getvalue().startswith(b"PK")

    def test_readers_see_the_changes_of_their_own_firms(
        self, trained: PlacementModel, gazetteer: Mapping[str, Any]
    ) -> None:
        newcomer(gazetteer, KNOWN["LV-2102"])
        use(user=SYSTEM, model=None)
        use(user=SYSTEM, model=trained)
        everything = {"*": ["view", "export"]}
        here = signed_in(grant("城关", everything, place_path=gazetteer["620102"].path))
        there = signed_in(grant("红古", everything, place_path=gazetteer["620111"].path))
        url = f"/placement-models/{trained.pk}/changes/"
        assert here.get(url).context["total"] > 0
        assert there.get(url).context["total"] == 0
        assert signed_in(grant("无", {"enterprises": ["view"]})).get(url).status_code == 403

    def test_training_and_switching_from_the_page(self, decided: list[Enterprise], admin_user: Any) -> None:
        browser = signed_in(admin_user)
        answer = browser.post("/review/train/")
        model = PlacementModel.objects.get()
        assert answer["Location"] == f"/placement-models/{model.pk}/"
        assert model.trained_by == admin_user.username
        browser.post("/review/model/")
        model.refresh_from_db()
        assert model.state == "kept"
        browser.post("/review/model/", {"model": model.pk})
        model.refresh_from_db()
        assert model.state == "in_use"

    def test_only_who_answers_for_the_whole_house_trains(
        self, decided: list[Enterprise], gazetteer: Mapping[str, Any]
    ) -> None:
        office = grant("红古", {"*": ["*"]}, place_path=gazetteer["620111"].path)
        for user in (office, grant("核定员", {"*": ["view"], "placements": ["change"]})):
            assert signed_in(user).post("/review/train/").status_code == 403
            assert signed_in(user).post("/review/model/").status_code == 403
            with pytest.raises(PermissionDenied):
                train(user=user)


def test_from_a_terminal(
    decided: list[Enterprise], gazetteer: Mapping[str, Any], tmp_path: Path, monkeypatch: Any
) -> None:
    import json

    from click.testing import CliRunner

    from lianpu.cli.main import main

    monkeypatch.setattr("lianpu.cli.setup.make_ready", lambda console: None)  # the two chains are the house's maps here
    newcomer(gazetteer, KNOWN["LV-2102"])

    def lianpu(*arguments: object) -> Any:
        return CliRunner().invoke(main, [str(one) for one in arguments], catch_exceptions=False)

    report = tmp_path / "变化.csv"
    done = lianpu("placement", "train", "--report", report, "--json")
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["state"], said["firms"]) == ("in_use", 4 * EACH)
    assert "示例新来有限公司" in report.read_text(encoding="utf-8-sig")
    assert lianpu("placement", "train").exit_code == 1, "nothing new"
    assert lianpu("placement", "train", "--report", "x.doc").exit_code == 2
    assert "在用" in lianpu("placement", "models").stdout
    assert lianpu("placement", "use", "maps").exit_code == 0
    assert lianpu("placement", "use", said["model"]).exit_code == 0
    assert lianpu("placement", "use", "没有此版本").exit_code == 1
    assert PlacementModel.objects.get().state == "in_use"
