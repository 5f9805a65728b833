"""A folder's new files are imported once each, and stay where they are."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied

from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise
from lianpu.register import importing, jobs
from lianpu.register.declare import registry
from lianpu.register.importing import folders, work
from lianpu.register.models import ImportFolder, ImportRun, Job
from lianpu.register.rights import SYSTEM

A, B, C = (make_uscc("620102", serial) for serial in range(951, 954))
State = ImportRun.State


@pytest.fixture
def post(tmp_path: Path) -> Path:
    folder = tmp_path / "报送"
    folder.mkdir()
    return folder


@pytest.fixture
def watched(post: Path, gazetteer: Mapping[str, Any], home: Path) -> ImportFolder:
    return folders.add(user=SYSTEM, path=post, register=registry["enterprises"], pattern="*.csv", sender="城关区")


def put(folder: Path, name: str, *rows: str) -> Path:
    """A file that has stood still for a while."""
    path = folder / name
    path.write_text("\n".join(["企业名称,统一社会信用代码,所属县区", *rows]))
    old = time.time() - 60
    os.utime(path, (old, old))
    return path


def test_each_new_file_is_imported_once_and_stays(watched: ImportFolder, post: Path) -> None:
    first = put(post, "一月.csv", f"甲,{A},620102", f"乙,{B},并无此地")
    put(post, "说明.txt", "不是表")
    looked = folders.look_into(folder=watched)
    assert [(run.file_name, run.created, run.faulty, run.sender) for run in looked.runs] == [
        ("一月.csv", 1, 1, "城关区")
    ]
    assert not looked.failed
    assert first.is_file()
    assert not folders.look_into(folder=watched).runs
    put(post, "二月.csv", f"丙,{C},620102")
    put(post, "一月（副本）.csv", f"甲,{A},620102", f"乙,{B},并无此地")
    assert [run.file_name for run in folders.look_into(folder=watched).runs] == ["二月.csv"], "known by content"
    put(post, "二月.csv", f"丙改名,{C},620102")
    assert [run.changed for run in folders.look_into(folder=watched).runs] == [1], "a file written anew is new"
    watched.refresh_from_db()
    assert "变更1" in watched.message


def test_what_is_still_being_written_is_left_for_later(watched: ImportFolder, post: Path) -> None:
    path = put(post, "一月.csv", f"甲,{A},620102")
    path.touch()
    assert not folders.look_into(folder=watched).runs
    put(post, "一月.csv", f"甲,{A},620102")
    assert len(folders.look_into(folder=watched).runs) == 1


def test_a_failure_is_told_and_does_not_keep_the_others(watched: ImportFolder, post: Path) -> None:
    put(post, "坏.csv").write_text("毫不相干\n")
    os.utime(post / "坏.csv", (1, 1))
    put(post, "好.csv", f"甲,{A},620102")
    looked = folders.look_into(folder=watched)
    assert [run.file_name for run in looked.runs] == ["好.csv"]
    assert len(looked.failed) == 1
    assert "坏.csv" in looked.failed[0]
    assert not folders.look_into(folder=watched).failed, "told once"


def test_all_or_nothing_holds_for_folders_too(post: Path, gazetteer: Mapping[str, Any], home: Path) -> None:
    folder = folders.add(
        user=SYSTEM, path=post, register=registry["enterprises"], mode=importing.ALL_OR_NOTHING, pattern="*"
    )
    put(post, "一月.csv", f"甲,{A},620102", f"乙,{B},并无此地")
    looked = folders.look_into(folder=folder)
    assert "1行有误" in looked.failed[0]
    assert not Enterprise.objects.exists()


def test_the_worker_looks_into_folders_and_says_what_failed(watched: ImportFolder, post: Path) -> None:
    work.watch_folders()
    assert not Job.objects.exists(), "nothing new, no job"
    put(post, "一月.csv", f"甲,{A},620102")
    work.watch_folders()
    assert Job.objects.get().state == Job.State.DONE
    assert Enterprise.objects.count() == 1
    put(post, "坏.csv").write_text("毫不相干\n")
    os.utime(post / "坏.csv", (1, 1))
    work.watch_folders()
    failed = Job.objects.latest("pk")
    assert failed.state == Job.State.FAILED
    assert "坏.csv" in failed.error
    assert failed in jobs.visible_to(get_user_model().objects.create_superuser("boss"))


def test_only_administrators_name_folders(post: Path, db: None) -> None:
    clerk = get_user_model().objects.create(username="clerk")
    with pytest.raises(PermissionDenied):
        folders.add(user=clerk, path=post, register=registry["enterprises"])
    with pytest.raises(importing.RefusedError, match="没有文件夹"):
        folders.add(user=SYSTEM, path=post / "无", register=registry["enterprises"])
