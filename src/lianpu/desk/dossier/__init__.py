"""The chain's book (产业链档案): map, states, leading firms, advice and lists of one chain in one place, for Word or Excel."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import override

from lianpu.chains.models import Chain
from lianpu.places.models import Place

FORMS = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

__all__ = ["FORMS", "write_dossier"]


def write_dossier(*, user: Any, chain: Chain, place: Place, form: str) -> bytes:
    """The book of ``chain`` as the latest diagnosis of ``place`` has it, with the firms that ``user`` may take away.

    ``form`` is a key of :data:`FORMS`. Raises ``ValidationError`` with words for the user (unknown form, no diagnosis
    yet, chain not in it) and ``PermissionDenied``.
    """
    if form not in FORMS:
        raise ValidationError(f"不能写成“{form or '无后缀'}”文件：档案只有 {'、'.join(FORMS)} 两种，请改文件后缀。")
    from lianpu.desk.dossier.facts import gather

    with override(None):  # a book is an official paper: its words are the declared ones, whoever asks for it
        book = gather(user=user, chain=chain, place=place)
        if form == "xlsx":
            from lianpu.desk.dossier.workbook import workbook

            return workbook(book)
        from lianpu.desk.dossier.document import document

        return document(book)
