"""The English of the site: everything a page declares has it, nothing is left over, and the compiled file is current."""

import ast
import gettext
import re
from collections import Counter
from collections.abc import Iterator

from django.apps import apps
from django.utils.translation import override

from lianpu.chains.wording import PART_NAMES
from lianpu.promotion.rules import words as words_of_rules
from lianpu.register.declare import registry
from lianpu.register.dictionary import KIND_WORDS, ORIGINS
from lianpu.register.importing import OUTCOME_WORDS
from lianpu.register.kinds import Flag
from lianpu.register.listing.listing import CHANGED
from lianpu.site.navigation import AREAS
from support import ROOT

SOURCE = ROOT / "src" / "lianpu"
ENGLISH = SOURCE / "site" / "locale" / "en" / "LC_MESSAGES"
TEMPLATES = sorted(SOURCE.glob("*/templates/**/*.html"))
TRANSLATE = re.compile(r'{%\s*translate "([^"]*)"(?: as \w+)?\s*%}')
BLOCK = re.compile(r"{%\s*blocktranslate\b.*?%}(.*?){%\s*endblocktranslate\s*%}", re.DOTALL)
ARGUMENT = re.compile(r'_\("([^"]*)"\)')
HAN = re.compile(r"[\u4e00-\u9fff]+")
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
TRANSLATORS = {"_", "gettext", "gettext_lazy", "gettext_noop"}
# Not words for a reader: the value of a filter, and each language's own name.
STORED = re.compile(r'value="[是否]"|== "[是否]"|f\.is_sample={% if [\w.]+ %}是{% else %}否{% endif %}|>中文<')


def in_templates() -> Iterator[str]:
    """What Django looks up for a template, each percent sign doubled."""
    for file in TEMPLATES:
        text = file.read_text()
        yield from (words.replace("%", "%%") for words in TRANSLATE.findall(text))
        yield from ARGUMENT.findall(text)
        for block in BLOCK.findall(text):
            yield re.sub(r"{{ (\w+) }}", r"%(\1)s", block.replace("%", "%%"))


def in_code() -> Iterator[str]:
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TRANSLATORS:
                yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def in_declarations() -> Iterator[str]:
    """What the kit translates when it shows it."""
    yield from AREAS
    yield from words_of_rules()
    yield from [*KIND_WORDS.values(), *PART_NAMES.values(), *OUTCOME_WORDS.values(), *ORIGINS]
    yield from (Flag().show(True), Flag().show(False))
    for register in registry.all():
        yield from (f"register\x04{register.title}", register.note)
        yield from (lens.label for lens in register.lenses.values())
        yield from (words for words, _ in register.picked_actions)
        for column in register.declared:
            yield from (column.label, column.column.unit, column.column.help)
            yield from getattr(column.kind, "labels", {}).values()
    yield "示例"  # Register.badge
    yield CHANGED.label


def used() -> set[str]:
    return {text for source in (in_templates(), in_code(), in_declarations()) for text in source if text}


def catalogue() -> dict[str, str]:
    """Entries of the .po file, its head left out (every text stands on one line); a context leads its text as in .mo."""
    lines = (ENGLISH / "django.po").read_text().splitlines()
    entries, context, text = [], "", ""
    for word, _, quoted in (line.partition(" ") for line in lines if line.startswith("msg")):
        value = ast.literal_eval(quoted)
        if word == "msgctxt":
            context = f"{value}\x04"
        elif word == "msgid":
            text = value
        else:
            entries.append((context + text if text else "", value))
            context = ""
    twice = [text for text, n in Counter(text for text, _ in entries).items() if n > 1]
    assert not twice, twice
    return {text: said for text, said in entries if text}


def test_every_text_has_its_english() -> None:
    said = catalogue()
    assert not sorted(text for text in used() if not said.get(text))


def test_no_english_is_left_over() -> None:
    assert not sorted(set(catalogue()) - used())


def test_the_english_is_english_and_keeps_its_places() -> None:
    for text, said in catalogue().items():
        assert not HAN.search(said), text
        assert sorted(PLACEHOLDER.findall(said)) == sorted(PLACEHOLDER.findall(text)), text


def test_the_compiled_file_says_the_same() -> None:
    with (ENGLISH / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    stale = {text for text, said in catalogue().items() if compiled.gettext(text) != said}
    assert not stale, "pybabel compile -D django -d src/lianpu/site/locale"


def test_templates_hold_no_words_outside_their_translation() -> None:
    bare = {}
    for file in TEMPLATES:
        text = file.read_text()
        for known in (BLOCK, TRANSLATE, ARGUMENT, STORED):
            text = known.sub("", text)
        if found := HAN.findall(text):
            bare[file.relative_to(SOURCE).as_posix()] = found
    assert not bare


def test_words_given_to_filters_hold_no_percent_sign() -> None:
    """Such words alone are not only looked up but also shown with the sign doubled."""
    assert not [words for file in TEMPLATES for words in ARGUMENT.findall(file.read_text()) if "%" in words]


def test_models_declare_words_that_can_be_translated() -> None:
    for model in apps.get_models():
        if model.__module__.startswith("lianpu."):
            words: list[object] = [model._meta.verbose_name]
            for one in model._meta.concrete_fields:
                words += [one.verbose_name, *(label for _, label in one.flatchoices)]
            plain = [word for word in words if isinstance(word, str) and HAN.search(word)]
            assert not plain, model


def test_what_a_file_knows_stays_as_declared() -> None:
    """A register that is first asked for by an English reader has the same title, heads and choices."""
    for register in registry.all():
        with override("en"):
            fresh = type(register)()
            assert (fresh.title, fresh.declared) == (register.title, register.declared)
            assert not HAN.search(fresh.shown_title)
        assert HAN.search(register.title)
        assert all(HAN.search(column.head) for column in register.declared)
