"""The import desk: a file is uploaded, explained, previewed, written, undone — and says at every step how it stands."""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from lianpu.enterprises.identity import make_uscc
from lianpu.enterprises.models import Enterprise
from lianpu.register import importing, jobs
from lianpu.register.declare import registry
from lianpu.register.history import acting
from lianpu.register.importing import desk, store, work
from lianpu.register.models import Change, ImportRun, Job, Role, SenderMap
from lianpu.register.rights import SYSTEM
from lianpu.register.testing import grant, signed_in

A, B, C = (make_uscc("620102", serial) for serial in range(701, 704))
FILE = f"企业名称,统一社会信用代码,所属县区\n示例甲,{A},620102\n示例乙,{B},并无此地\n"
State = ImportRun.State


@pytest.fixture
def clerk(gazetteer: Mapping[str, Any], home: Path) -> Client:
    return signed_in(grant("clerk", {"enterprises": ["*"]}))


@pytest.fixture
def send(gazetteer: Mapping[str, Any], home: Path) -> Callable[..., ImportRun]:
    """Upload and preview a file, on behalf of the system or another."""

    def preview(text: str | bytes, name: str = "报送.csv", user: Any = SYSTEM, **more: Any) -> ImportRun:
        content = text.encode() if isinstance(text, str) else text
        run = desk.receive(register=registry["enterprises"], user=user, name=name, content=[content], **more)
        return desk.preview(run=run, user=user)

    return preview


def upload(client: Client, text: str = FILE, name: str = "报送.csv", **more: str) -> Any:
    sent = {"file": SimpleUploadedFile(name, text.encode()), **more}
    return client.post("/enterprises/import/", sent, follow=True)


def write(run: ImportRun, mode: str = importing.GOOD_ROWS, user: Any = SYSTEM, reason: str = "") -> ImportRun:
    return desk.write(run=run, user=user, mode=mode, reason=reason)


# -- from upload to undo -----------------------------------------------------------------------------
def test_preview_writes_nothing_and_commit_writes_what_was_previewed(clerk: Client) -> None:
    preview = upload(clerk)
    run = ImportRun.objects.get()
    assert preview.request["PATH_INFO"] == f"/enterprises/import/{run.pk}/"
    assert run.state == State.PREVIEWED
    assert "找不到这个所在地" in preview.content.decode()
    assert "尚未写入" in preview.content.decode()
    assert not Enterprise.objects.exists()
    url = f"/enterprises/import/{run.pk}"
    done = clerk.post(f"{url}/commit/", {"mode": "good_rows", "reason": "年报"}, follow=True)
    assert Enterprise.objects.get().uscc == A
    run.refresh_from_db()
    assert (run.state, run.created, run.faulty, run.reason) == (State.COMMITTED, 1, 1, "年报")
    assert done.request["PATH_INFO"] == f"{url}/"
    assert "示例甲" in done.content.decode()
    for what, said in (("result", "并无此地"), ("faulty", "并无此地"), ("sent", "示例甲")):
        body = b"".join(clerk.get(f"{url}/{what}/"))  # type: ignore[arg-type]
        assert said in body.decode("utf-8-sig"), what
    assert clerk.get(f"{url}/nothing/").status_code == 404
    again = clerk.post(f"{url}/commit/", {"mode": "good_rows"}, follow=True)
    assert again.status_code == 200
    assert Enterprise.objects.count() == 1, "a run is written once"


def test_all_or_nothing_says_why_and_may_be_tried_the_other_way(clerk: Client) -> None:
    upload(clerk)
    url = f"/enterprises/import/{ImportRun.objects.get().pk}/"
    refused = clerk.post(f"{url}commit/", {"mode": "all_or_nothing"}, follow=True)
    assert "1行有误" in refused.content.decode()
    assert not Enterprise.objects.exists()
    clerk.post(f"{url}commit/", {"mode": "good_rows"})
    assert Enterprise.objects.count() == 1


def test_undoing_puts_back_what_was_not_changed_since_and_lists_the_rest(send: Any) -> None:
    write(send(f"企业名称,统一社会信用代码,注册资本（万元）\n甲,{A},1\n乙,{B},2\n"))
    second = write(send(f"企业名称,统一社会信用代码,注册资本（万元）\n甲,{A},10\n乙,{B},20\n丙,{C},30\n"))
    assert (second.created, second.changed) == (1, 2)
    write(send(f"企业名称,统一社会信用代码,注册资本（万元）\n乙,{B},200\n"))
    undone = desk.undo(run=second, user=SYSTEM, reason="报错了年份")
    assert (undone.state, undone.undone, undone.unreverted) == (State.UNDONE, 2, 1)
    assert dict(Enterprise.objects.values_list("uscc", "capital_10k_cny")) == {A: 1, B: 200}
    assert undone.kept[0]["row"] == Enterprise.objects.get(uscc=B).pk
    with pytest.raises(importing.RefusedError, match="已撤销"):
        desk.undo(run=second, user=SYSTEM, reason="再来一次")
    assert Change.objects.filter(reason="报错了年份").count() == 2


def test_who_may_import_takes_back_what_the_own_import_added(send: Any, gazetteer: Mapping[str, Any]) -> None:
    """Without the right to delete; but nothing that somebody worked on since, that lies elsewhere now, or is another's."""
    keeper = {"enterprises": ["view", "add", "change", "import"]}
    here = {"place_path": gazetteer["620102"].path}
    clerk, colleague = grant("clerk", keeper, **here), grant("colleague", keeper, **here)
    heads = "企业名称,统一社会信用代码,所属县区\n"
    run = write(
        send(heads + "".join(f"{n},{code},620102\n" for n, code in zip("甲乙丙", (A, B, C), strict=True)), user=clerk)
    )
    assert run.created == 3, "who is not there cannot be given"
    firms = {firm.uscc: firm for firm in Enterprise.objects.all()}
    with acting(colleague):
        Enterprise.objects.filter(uscc=B).update(address="东岗东路1号")
    Enterprise.objects.filter(uscc=C).update(place=gazetteer["620103"])
    with pytest.raises(PermissionDenied):
        desk.undo(run=run, user=colleague, reason="不是我的")
    undone = desk.undo(run=run, user=clerk, reason="发错了")
    assert (undone.undone, undone.unreverted) == (1, 2)
    assert {one["row"]: one["why"] for one in undone.kept} == {
        firms[B].pk: "此后又改过：注册地址",
        firms[C].pk: "此后又改过：所在地",
    }
    assert set(Enterprise.objects.values_list("uscc", flat=True)) == {B, C}
    other = write(send(f"{heads}丁,{A},620102\n", user=clerk))
    clerk.grants.update(role=Role.objects.create(code="reads", name="只看", actions={"*": ["view", "change"]}))
    with pytest.raises(importing.RefusedError, match="一行也不能撤销"):
        desk.undo(run=other, user=get_user_model().objects.get(pk=clerk.pk), reason="已不管导入")


def test_undoing_by_the_page_asks_for_a_reason(clerk: Client) -> None:
    upload(clerk)
    run = ImportRun.objects.get()
    url = f"/enterprises/import/{run.pk}/"
    clerk.post(f"{url}commit/", {"mode": "good_rows"})
    assert "请说明撤销的原因" in clerk.post(f"{url}undo/", {"reason": " "}, follow=True).content.decode()
    assert Enterprise.objects.exists()
    page = clerk.post(f"{url}undo/", {"reason": "发错了"}, follow=True).content.decode()
    assert not Enterprise.objects.exists()
    assert "已撤销" in page
    assert "发错了" in page


def test_a_discarded_upload_leaves_no_file(clerk: Client, home: Path) -> None:
    upload(clerk)
    run = ImportRun.objects.get()
    assert run.file.is_file()
    clerk.post(f"/enterprises/import/{run.pk}/discard/")
    assert not (home / "imports" / str(run.pk)).exists()
    run.refresh_from_db()
    assert run.state == State.DISCARDED
    assert clerk.post(f"/enterprises/import/{run.pk}/discard/", follow=True).status_code == 200


def test_files_do_not_linger(send: Any) -> None:
    stale, written, fresh = send(FILE), write(send(FILE)), send(FILE)
    ImportRun.objects.filter(pk=stale.pk).update(at=timezone.now() - dt.timedelta(days=desk.OPEN_DAYS + 1))
    ImportRun.objects.filter(pk=written.pk).update(at=timezone.now() - dt.timedelta(days=desk.KEPT_DAYS + 1))
    desk.sweep()
    for run in (stale, written, fresh):
        run.refresh_from_db()
    assert [run.state for run in (stale, written, fresh)] == [State.DISCARDED, State.COMMITTED, State.PREVIEWED]
    assert [bool(run.folder) for run in (stale, written, fresh)] == [False, False, True]
    assert fresh.file.is_file()


def test_the_same_file_sent_again_is_said(clerk: Client) -> None:
    upload(clerk)
    first = ImportRun.objects.get()
    assert f"与第{first.pk}号导入的文件相同" in upload(clerk, name="换了名.csv").content.decode()
    assert "同名，内容不同" in upload(clerk, FILE.replace("示例甲", "示例丙")).content.decode()


def test_an_escaping_name_leads_nowhere(clerk: Client, home: Path) -> None:
    upload(clerk, name="../../../越界.csv")
    assert not list(home.parent.glob("越界.csv"))
    assert [path.name for path in (home / "imports").rglob("*.csv")] == ["越界.csv"]


def test_what_cannot_be_read_is_said_with_the_form_to_try_again(clerk: Client) -> None:
    answer = upload(clerk, "姓名\n张三\n")
    assert answer.status_code == 422
    assert "找不到表头" in answer.content.decode()
    assert 'type="file"' in answer.content.decode()
    assert ImportRun.objects.get().state == State.REFUSED


def test_nobody_looks_into_the_faults_of_others(clerk: Client) -> None:
    upload(clerk)
    run = ImportRun.objects.get()
    other = signed_in(grant("other", {"enterprises": ["*"]}))
    for page in ("", "result/", "faulty/", "sent/", "columns/"):
        assert other.get(f"/enterprises/import/{run.pk}/{page}").status_code == 404
    for verb in ("commit", "undo", "discard", "decide", "again", "columns"):
        assert other.post(f"/enterprises/import/{run.pk}/{verb}/", {"mode": "good_rows"}).status_code == 404
    run.refresh_from_db()
    assert run.state == State.PREVIEWED


# -- columns -----------------------------------------------------------------------------------------


def test_columns_that_are_missing_can_be_pointed_out_and_are_remembered_for_the_sender(clerk: Client) -> None:
    text = f"企业,代码证号,在哪\n示例甲,{A},620102\n"
    page = upload(clerk, text, sender="城关区工信局")
    run = ImportRun.objects.get()
    assert page.request["PATH_INFO"] == f"/enterprises/import/{run.pk}/columns/"
    assert "缺少必需的列" in page.content.decode()
    assert A in page.content.decode(), "sample values beside each head"
    told = {"head.0": "name", "head.1": "uscc", "head.2": "place", "remember": "on"}
    done = clerk.post(f"/enterprises/import/{run.pk}/columns/", told, follow=True)
    assert done.request["PATH_INFO"] == f"/enterprises/import/{run.pk}/"
    run.refresh_from_db()
    assert (run.state, run.created) == (State.PREVIEWED, 1)

    moved = text.replace("企业,代码证号,在哪", "在哪,企业,代码证号").replace(f"示例甲,{A},620102", f"620102,示例甲,{A}")
    upload(clerk, moved, sender="城关区工信局")
    assert ImportRun.objects.latest("pk").state == State.PREVIEWED, "the same heads in another order are known"
    assert upload(clerk, text, sender="七里河区工信局").request["PATH_INFO"].endswith("/columns/"), (
        "to this sender only"
    )


def test_a_head_may_be_left_out_and_no_column_is_meant_twice(clerk: Client) -> None:
    upload(clerk, f"企业名称,统一社会信用代码,所属县区\n示例甲,{A},并无此地\n")
    run = ImportRun.objects.get()
    assert run.faulty == 1
    url = f"/enterprises/import/{run.pk}/columns/"
    twice = clerk.post(url, {"head.0": "name", "head.1": "uscc", "head.2": "name"})
    assert twice.status_code == 422
    assert "只留一列" in twice.content.decode()
    clerk.post(url, {"head.0": "name", "head.1": "uscc", "head.2": ""})
    run.refresh_from_db()
    assert (run.faulty, run.created) == (0, 1)
    assert run.summary["ignored"] == ["所属县区"]
    assert not SenderMap.objects.exists(), "not remembered unless asked for"


# -- the preview -------------------------------------------------------------------------------------
def test_the_preview_pages_through_all_lines_of_any_outcome(send: Any, clerk: Client) -> None:
    codes = [make_uscc("620102", serial) for serial in range(1, 251)]
    lines = [f"企业{at},{code},{'并无此地' if at % 5 == 0 else '620102'}" for at, code in enumerate(codes)]
    run = send("企业名称,统一社会信用代码,所属县区\n" + "\n".join([*lines, lines[1]]))
    assert (run.read, run.created, run.faulty, run.duplicate) == (251, 200, 50, 1)
    pages = [store.page(run.home, number=number) for number in (1, 2, 3)]
    assert [line.line for page in pages for line in page.lines] == list(range(2, 253))
    assert pages[0].pages == 3
    faulty = store.page(run.home, importing.FAULTY)
    assert [line.cells[0] for line in faulty.lines] == [f"企业{at}" for at in range(0, 250, 5)]
    assert all("并无此地" in line.faults[0][1] for line in faulty.lines)
    assert [line.line for line in store.page(run.home, importing.DUPLICATE).lines] == [252]
    boss = signed_in(grant("boss", {"*": ["*"]}))
    assert boss.get(f"/enterprises/import/{run.pk}/").status_code == 404, "sent by the command line"


def test_changes_are_told_in_words_not_ids(send: Any) -> None:
    write(send(f"企业名称,统一社会信用代码,所属县区,注册资本（万元）\n甲,{A},620102,1\n"))
    run = send(f"企业名称,统一社会信用代码,所属县区,注册资本（万元）\n甲,{A},620103,12000\n")
    (line,) = store.page(run.home).lines
    assert sorted(map(tuple, line.changes)) == [
        ("所在地", "甘肃省兰州市城关区", "甘肃省兰州市七里河区"),
        ("注册资本（万元）", "1", "12,000"),
    ]


def test_forty_faults_of_a_thousand_rows_are_told_at_once(send: Any) -> None:
    codes = [make_uscc("620102", serial) for serial in range(1, 1001)]
    wrong = set(range(0, 1000, 25))
    lines = [f"企业{at},{code},{'并无此地' if at in wrong else '620102'}" for at, code in enumerate(codes)]
    run = send("企业名称,统一社会信用代码,所属县区\n" + "\n".join(lines))
    assert (run.created, run.faulty) == (960, 40)
    assert [fault["line"] for fault in run.faults] == [at + 2 for at in sorted(wrong)]
    text = importing.write_faulty(run).read_text("utf-8-sig")
    assert text.count("并无此地") == 40


# -- others at the same time -------------------------------------------------------------------------
def test_a_register_changed_since_the_preview_gives_a_new_preview(send: Any) -> None:
    text = f"企业名称,统一社会信用代码\n甲,{A}\n乙,{B}\n"
    run = send(text)
    write(send(f"企业名称,统一社会信用代码\n甲,{A}\n"))
    overtaken = write(run)
    assert (overtaken.state, overtaken.created, overtaken.same) == (State.PREVIEWED, 1, 1)
    assert "有了变动" in overtaken.message
    assert not Enterprise.objects.filter(uscc=B).exists()
    assert write(overtaken).state == State.COMMITTED
    assert Enterprise.objects.count() == 2


def test_a_row_changed_since_the_preview_is_not_overwritten_unseen(send: Any) -> None:
    write(send(f"企业名称,统一社会信用代码,注册资本（万元）\n甲,{A},1\n"))
    run = send(f"企业名称,统一社会信用代码,注册资本（万元）\n甲,{A},2\n")
    Enterprise.objects.update(capital_10k_cny=3)
    overtaken = write(run)
    assert overtaken.state == State.PREVIEWED
    assert Enterprise.objects.get().capital_10k_cny == 3
    assert store.page(run.home).lines[0].changes[0][1:] == ["3", "2"]


def test_a_job_that_ended_without_an_answer_leaves_the_run_not_completed(clerk: Client) -> None:
    upload(clerk)
    run = ImportRun.objects.get()
    Job.objects.filter(pk=run.job).update(state=Job.State.FAILED, error="服务已停止")
    page = clerk.get(f"/enterprises/import/{run.pk}/").content.decode()
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert "未完成" in page
    assert "登记簿没有任何改动" in page
    clerk.post(f"/enterprises/import/{run.pk}/again/")
    run.refresh_from_db()
    assert run.state == State.PREVIEWED


def test_a_job_begun_again_after_it_had_written_says_so(send: Any) -> None:
    run = write(send(FILE))
    job = jobs.start(work.WRITE, user=SYSTEM, run=run.pk, mode=importing.GOOD_ROWS, reason="")
    assert job.state == Job.State.DONE
    assert Enterprise.objects.count() == 1


# -- questions and corrections -----------------------------------------------------------------------
FIGURES = "企业名称,指标,期间,数值\n{name},税收（万元）,2021,3\n{name},税收（万元）,2022,4\n"


def test_a_question_is_answered_once_for_all_files(clerk: Client, send: Any) -> None:
    write(send(f"企业名称,统一社会信用代码\n兰州金示铝业有限公司,{A}\n兰州金示铝业股份有限公司,{B}\n"))
    accountant = signed_in(grant("accountant", {"*": ["*"]}, ["figures"]))

    def upload_figures(name: str) -> ImportRun:
        text = FIGURES.format(name=name)
        accountant.post("/enterprise-figures/import/", {"file": SimpleUploadedFile("数.csv", text.encode())})
        return ImportRun.objects.latest("pk")

    run = upload_figures("兰州金示铝业")
    assert (run.asked, run.faulty) == (1, 2), "one question for two lines"
    page = accountant.get(f"/enterprise-figures/import/{run.pk}/").content.decode()
    assert "待确认" in page
    firm = Enterprise.objects.get(uscc=A)
    accountant.post(f"/enterprise-figures/import/{run.pk}/answer/", {"question.0": str(firm.pk)})
    run.refresh_from_db()
    assert (run.asked, run.faulty, run.created) == (0, 0, 2)
    assert upload_figures("兰州金示铝业").asked == 0
