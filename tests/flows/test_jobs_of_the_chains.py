"""What was long work in a terminal is a job for people: placing, diagnosing, writing a chain's book."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from lianpu.chains.models import DiagnosisRun, Placement
from lianpu.register import jobs
from lianpu.register.models import Job
from lianpu.register.testing import grant, signed_in

pytestmark = pytest.mark.usefixtures("home", "two_chains", "firms")


@pytest.fixture
def bureau(db: None) -> Client:
    return signed_in(get_user_model().objects.create_superuser("bureau"))


@pytest.mark.parametrize("asked", ["620100", "兰州市"])
def test_a_diagnosis_started_from_the_page_leads_to_its_result(bureau: Client, asked: str) -> None:
    answer = bureau.post("/diagnose/", {"place": asked})
    run = DiagnosisRun.objects.get()
    assert answer["Location"] == f"/diagnosis-runs/{run.pk}/"
    assert (run.place.code, run.by) == ("620100", "bureau")
    assert run.firms > 0, "the firms have been placed before"
    job = Job.objects.get()
    assert (job.title, job.state) == ("挂链并诊断：甘肃省兰州市", "done")
    assert "挂链" in job.log


def test_a_place_that_is_none_is_told(bureau: Client) -> None:
    answer = bureau.post("/diagnose/", {"place": "没有此地"}, follow=True)
    assert "没有名为“没有此地”的地区" in answer.content.decode()
    assert not Job.objects.exists()


def test_who_may_not_diagnose_starts_nothing() -> None:
    reader = signed_in(grant("reader", {"*": ["view"]}))
    assert reader.post("/diagnose/", {"place": "620100"}).status_code == 403
    assert not Job.objects.exists()


def test_placing_reaches_as_far_as_the_person(gazetteer: Mapping[str, Any]) -> None:
    office = grant("office", {"*": ["view"], "placements": ["change"]}, place_path=gazetteer["620111"].path)
    job = jobs.start("place", user=office)
    assert job.state == "done", job.error
    assert set(Placement.objects.values_list("enterprise__place__code", flat=True)) == {"620111"}


def test_the_book_is_its_readers_alone(bureau: Client, home: Path) -> None:
    bureau.post("/diagnose/", {"place": "620100"})
    answer = bureau.post("/desk/LV/dossier.docx", {"place": "620100"}, follow=True)
    assert b"".join(answer).startswith(b"PK")  # type: ignore[arg-type]
    file = jobs.result_file(Job.objects.get(name="dossier"))
    assert file is not None
    assert file.name == "兰州市铝业产业链档案.docx"
    other = signed_in(grant("other", {"*": ["view", "export"]}))
    assert other.get(answer.redirect_chain[-1][0]).status_code == 404


def test_a_book_that_cannot_be_written_says_why(bureau: Client) -> None:
    job = jobs.start("dossier", user=get_user_model().objects.get(), chain="LV", place="620300", form="docx")
    assert job.state == "failed"
    assert "诊断" in job.error
