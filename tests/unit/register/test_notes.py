"""Notes and attachments on any row: read by whoever sees the row, written by whoever may change it, never lost."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from lianpu.register import notes
from lianpu.register.declare import registry
from lianpu.register.models import Attachment, Note
from lianpu.register.testing import grant, signed_in

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
def firm(firms: Mapping[str, Any], home: Path) -> Any:
    return firms["甲"]


@pytest.fixture
def writer(db: None) -> Any:
    return grant("writer", {"enterprises": ["view", "change"]})


@pytest.fixture
def reader(db: None) -> Any:
    return grant("reader", {"enterprises": ["view"]})


def test_a_note_stands_on_the_page_of_its_row_alone(firm: Any, firms: Mapping[str, Any], writer: Any) -> None:
    client = signed_in(writer)
    answer = client.post(f"/enterprises/{firm.pk}/notes/", {"text": "已走访，二期在建"}, follow=True)
    assert "已走访，二期在建" in answer.content.decode()
    assert "已走访" not in client.get(f"/enterprises/{firms['乙'].pk}/").content.decode()


def test_pinned_notes_come_first_and_then_the_latest(firm: Any, writer: Any) -> None:
    register = registry["enterprises"]
    for text, is_pinned in (("一", False), ("二", True), ("三", False)):
        notes.add_note(user=writer, register=register, row=firm, text=text, is_pinned=is_pinned)
    assert [note.text for note in notes.of(Note, register, firm.pk)] == ["二", "三", "一"]


def test_who_may_only_read_the_row_reads_its_notes_and_writes_none(firm: Any, writer: Any, reader: Any) -> None:
    notes.add_note(user=writer, register=registry["enterprises"], row=firm, text="内部情况")
    client = signed_in(reader)
    page = client.get(f"/enterprises/{firm.pk}/").content.decode()
    assert "内部情况" in page
    assert "记下" not in page
    assert client.post(f"/enterprises/{firm.pk}/notes/", {"text": "我也写"}).status_code == 403
    assert Note.objects.count() == 1


def test_rows_out_of_scope_show_neither_notes_nor_files(firm: Any, firms: Mapping[str, Any], writer: Any) -> None:
    register = registry["enterprises"]
    kept = notes.attach(user=writer, register=register, row=firm, name="合同.pdf", chunks=[b"%PDF-1.4 x"])
    outsider = signed_in(grant("far", {"enterprises": ["*"]}, place_path=firms["己"].place.path))
    assert outsider.get(f"/enterprises/{firm.pk}/files/{kept.pk}/").status_code == 404
    assert outsider.post(f"/enterprises/{firm.pk}/notes/", {"text": "x"}).status_code == 404


def test_only_the_writer_changes_or_removes_a_note(firm: Any, writer: Any) -> None:
    note = notes.add_note(user=writer, register=registry["enterprises"], row=firm, text="原文")
    other = grant("colleague", {"enterprises": ["view", "change"]})
    with pytest.raises(PermissionDenied):
        notes.edit_note(user=other, note=note, text="改了", is_pinned=False)
    with pytest.raises(PermissionDenied):
        notes.take_away(user=other, pinned=note)
    notes.edit_note(user=writer, note=note, text="改过", is_pinned=True)
    assert Note.objects.get().text == "改过"


@pytest.mark.parametrize("text", ["", "  \n", "长" * (notes.TEXT_LIMIT + 1)])
def test_an_empty_or_endless_note_is_refused_with_words(firm: Any, writer: Any, text: str) -> None:
    with pytest.raises(ValidationError):
        notes.add_note(user=writer, register=registry["enterprises"], row=firm, text=text)
    answer = signed_in(writer).post(f"/enterprises/{firm.pk}/notes/", {"text": text}, follow=True)
    assert 'role="alert"' in answer.content.decode()
    assert not Note.objects.exists()


def test_a_file_comes_back_byte_for_byte_under_its_name(firm: Any, writer: Any) -> None:
    client = signed_in(writer)
    body = b"%PDF-1.4\n" + bytes(range(256))
    client.post(f"/enterprises/{firm.pk}/files/", {"file": SimpleUploadedFile("营业执照.pdf", body, "text/html")})
    kept = Attachment.objects.get()
    answer = client.get(f"/enterprises/{firm.pk}/files/{kept.pk}/")
    assert b"".join(answer.streaming_content) == body
    assert answer["Content-Type"] == "application/pdf", "what the bytes show, not what the sender claimed"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_only_pictures_are_shown_in_place(firm: Any, writer: Any) -> None:
    register, client = registry["enterprises"], signed_in(writer)
    picture = notes.attach(user=writer, register=register, row=firm, name="厂区.png", chunks=[PNG])
    script = notes.attach(user=writer, register=register, row=firm, name="厂区.svg", chunks=[b"<svg onload='x()'/>"])
    shown = client.get(f"/enterprises/{firm.pk}/files/{picture.pk}/?show")
    assert shown["Content-Type"] == "image/png"
    assert not shown["Content-Disposition"].startswith("attachment")
    kept = client.get(f"/enterprises/{firm.pk}/files/{script.pk}/?show")
    assert kept["Content-Type"] == "application/octet-stream"
    assert kept["Content-Disposition"].startswith("attachment")


def test_the_same_bytes_are_kept_once_and_outlive_their_removal(firm: Any, writer: Any, home: Path) -> None:
    register = registry["enterprises"]
    one, two = (
        notes.attach(user=writer, register=register, row=firm, name=name, chunks=[b"same"]) for name in ("甲", "乙")
    )
    assert one.digest == two.digest
    notes.take_away(user=writer, pinned=one)
    assert notes.place_of(two.digest).read_bytes() == b"same"
    assert len([path for path in (home / "files").rglob("*") if path.is_file()]) == 1


def test_a_file_that_is_empty_or_too_large_leaves_nothing(
    firm: Any, writer: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "SIZE_LIMIT", 10)
    for chunks in ([], [b"12345678", b"90123"]):
        with pytest.raises(ValidationError):
            notes.attach(user=writer, register=registry["enterprises"], row=firm, name="x", chunks=chunks)
    assert not [path for path in (home / "files").rglob("*") if path.is_file()]
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("sent", "kept"), [("../../etc/passwd", "passwd"), ("C:\\报表\\一季度.xlsx", "一季度.xlsx"), ("", "附件")]
)
def test_a_name_is_a_name_and_no_path(firm: Any, writer: Any, sent: str, kept: str) -> None:
    made = notes.attach(user=writer, register=registry["enterprises"], row=firm, name=sent, chunks=[b"x"])
    assert made.name == kept


def test_what_hung_on_one_firm_moves_to_the_other(firm: Any, firms: Mapping[str, Any], writer: Any) -> None:
    register = registry["enterprises"]
    notes.add_note(user=writer, register=register, row=firm, text="甲的备注")
    notes.move(register=register, rows=[firm.pk], to=firms["乙"].pk)
    assert [note.text for note in notes.of(Note, register, firms["乙"].pk)] == ["甲的备注"]
    assert not notes.of(Note, register, firm.pk).exists()
