"""Recognising firms by names written otherwise: how often the best candidate is right, and how long it takes.

Claims: of the names taken without asking at least 99.5 % are right; 10,000 texts are looked up among 1,000,000 firms in
less than a minute, on SQLite and PostgreSQL.

The names are those of the real registry. A part of the firms is registered, the others are not; texts are names of both,
written otherwise as people do (EDITS), and names of firms that are not registered, as they are: those must not be taken
for their neighbours. Names that are found exactly are left out, for they are no question.

Run: ``python benchmarks/matching.py DATA [--firms 1000000] [--database postgresql://…]``, DATA being the folder that
holds registry/. The database named must be empty and the benchmark's own; ``--firms 0`` measures quality only.
"""

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRECISION, SECONDS, TEXTS = 0.995, 60.0, 10_000
HELD_OUT = 0.35  # of the firms are not registered
# How people write names, and how often in the texts: left out, added, moved, mistyped, shortened.
EDITS = {
    "place left out": 3.0,
    "place in brackets": 1.0,
    "place long or short": 2.0,
    "province added": 2.0,
    "有限 left out": 2.0,
    "form left out": 2.0,
    "another form": 1.0,
    "same sound": 3.0,
    "other letter": 2.0,
    "letter lost": 2.0,
    "letter added": 1.5,
    "letters swapped": 1.0,
    "shortened": 2.0,
    "short name": 1.5,
    "traditional": 1.0,
}


@dataclass(frozen=True)
class Text:
    """A text, the key of the registered name it means (None: of no registered firm), and what was done to it."""

    text: str
    means: str | None
    edit: str


class Writer:
    """Writes names otherwise, the same way in every run."""

    def __init__(self, names: Iterable[str], gazetteer: Any, seed: int = 1) -> None:
        from lianpu.enterprises.similarity import sound
        from lianpu.enterprises.traditional import SIMPLIFIED

        self.gazetteer, self.random = gazetteer, random.Random(seed)
        counted = Counter("".join(names))
        self.letters = [c for c, _ in counted.most_common(2_500) if "\u4e00" <= c <= "\u9fff"]
        self.sounds: dict[str, list[str]] = defaultdict(list)
        for letter in self.letters:
            self.sounds[sound(letter)].append(letter)
        self.traditional = {simple: chr(code) for code, simple in SIMPLIFIED.items()}

    def write(self, name: str) -> tuple[str, str] | None:
        """The name written otherwise, and how; None where nothing can be done to it."""
        ways = self._ways(name)
        if not ways:
            return None
        how = self.random.choices(list(ways), [EDITS[way] for way in ways])[0]
        return ways[how], how

    def _ways(self, name: str) -> dict[str, str]:
        from lianpu.enterprises.similarity import fold, parse

        key = fold(name)
        parts = parse(key, self.gazetteer)
        found = self._other_places(key, parts) | self._other_forms(key, parts) | self._other_letters(key, parts.stem)
        found["traditional"] = "".join(self.traditional.get(c, c) for c in key)
        return {how: text for how, text in found.items() if text != key and len(text) >= 4}

    def _other_places(self, key: str, parts: Any) -> dict[str, str]:
        if not parts.places:
            return {}
        bare = key
        for place in parts.places:
            bare = bare.replace(f"({place})" if f"({place})" in bare else place, "", 1)
        found = {"place left out": bare}
        first = parts.places[0]
        paths = self.gazetteer.paths
        above = [
            w for w in paths if w != first and w.endswith(("省", "自治区", "市")) and self.gazetteer.holds(w, first)
        ]
        found |= {"province added": self.random.choice(above) + key} if above else {}
        if key.startswith(first):
            same = [w for w in paths if w != first and w[:2] == first[:2] and self.gazetteer.same(w, first)]
            found |= {"place long or short": self.random.choice(same) + key[len(first) :]} if same else {}
            if parts.form and not parts.tail:
                rest = key[len(first) :]
                found["place in brackets"] = f"{rest[: -len(parts.form)]}({first}){parts.form}"
        return found

    def _other_forms(self, key: str, parts: Any) -> dict[str, str]:
        if parts.tail or not parts.form:
            return {}
        bare = key[: -len(parts.form)]
        if parts.form == "股份有限公司":
            return {"form left out": bare, "another form": f"{bare}有限公司"}
        if parts.form == "有限公司":
            return {"form left out": bare, "another form": f"{bare}股份有限公司", "有限 left out": f"{bare}公司"}
        return {"form left out": bare}

    def _other_letters(self, key: str, stem: str) -> dict[str, str]:
        from lianpu.enterprises.similarity import sound

        start = key.find(stem)
        if start < 0 or len(stem) < 3:
            return {}
        at, choose = self.random.randrange(len(stem)), self.random.choice

        def put(other: str) -> str:
            return key[:start] + other + key[start + len(stem) :]

        found = {
            "other letter": put(stem[:at] + choose(self.letters) + stem[at + 1 :]),
            "letter lost": put(stem[:at] + stem[at + 1 :]),
            "letter added": put(stem[:at] + choose([stem[at], choose(self.letters)]) + stem[at:]),
        }
        if alike := [c for c in self.sounds[sound(stem[at])] if c != stem[at]]:
            found["same sound"] = put(stem[:at] + choose(alike) + stem[at + 1 :])
        if at + 1 < len(stem):
            found["letters swapped"] = put(stem[:at] + stem[at + 1] + stem[at] + stem[at + 2 :])
        if len(stem) >= 6:
            found |= {"shortened": put(stem[:-2]), "short name": stem[:4]}
        return found


def texts_of(names: Sequence[str], writer: Writer, count: int) -> tuple[list[str], list[Text]]:
    """Keys of the registered names, and ``count`` texts of registered firms and as many of others."""
    from lianpu.enterprises.identity import name_key
    from lianpu.enterprises.similarity import fold

    shuffled = list(dict.fromkeys(names))
    writer.random.shuffle(shuffled)
    cut = int(len(shuffled) * HELD_OUT)
    absent, present = shuffled[:cut], shuffled[cut:]
    keys = [name_key(name) for name in present]
    exact, texts = set(keys), []
    for name in present[:count]:
        if written := writer.write(name):
            texts.append(Text(written[0], fold(name), written[1]))
    for at, name in enumerate(absent[:count]):
        written = writer.write(name) if at % 3 == 0 else (name, "as it is")
        if written:
            texts.append(Text(written[0], None, written[1]))
    unsettled = {one.text: one for one in texts if name_key(one.text) not in exact}
    return keys, list(unsettled.values())


@dataclass
class Quality:
    """What became of the texts: per band of the best score how many and how many right, and the outcomes."""

    bands: Mapping[float, tuple[int, int]]
    outcomes: Counter[tuple[str, str]]
    right: int
    offered: int  # asked, and the right firm is among those offered
    wrong: list[tuple[float, str, str, str]]

    @property
    def precision(self) -> float:
        """Share of right ones among those taken without asking."""
        taken = sum(count for (_, outcome), count in self.outcomes.items() if outcome == "taken")
        return self.right / taken if taken else 1.0

    @property
    def recall(self) -> float:
        """Share of the registered firms' texts that are rightly taken without asking."""
        return self.right / sum(count for (kind, _), count in self.outcomes.items() if kind == "registered")


def quality(names: Sequence[str], gazetteer: Any, count: int, seed: int = 1) -> Quality:
    """Judge the recognition on ``count`` texts of registered firms and as many of others."""
    from lianpu.enterprises.candidates import Names
    from lianpu.enterprises.matching import AUTOMATIC, rank
    from lianpu.register.matching import CLEAR

    keys, texts = texts_of(names, Writer(names, gazetteer, seed), count)
    register = Names([keys])
    ranked = rank([one.text for one in texts], register, range(len(keys)), gazetteer)
    bands: dict[float, tuple[int, int]] = {}
    outcomes: Counter[tuple[str, str]] = Counter()
    right, offered, wrong = 0, 0, []
    for one in texts:
        likes = [(register[at], like.score) for at, like in ranked[one.text]]
        kind = "registered" if one.means else "not registered"
        if not likes:
            outcomes[kind, "unknown"] += 1
            continue
        best, score = likes[0]
        band = int(score * 50) / 50
        seen, correct = bands.get(band, (0, 0))
        bands[band] = (seen + 1, correct + (best == one.means))
        if score >= AUTOMATIC and score - (likes[1][1] if len(likes) > 1 else 0) >= CLEAR:
            outcomes[kind, "taken"] += 1
            right += best == one.means
            wrong += [(score, one.text, best, one.edit)] if best != one.means else []
        else:
            outcomes[kind, "asked"] += 1
            offered += any(key == one.means for key, _ in likes)
    return Quality(bands, outcomes, right, offered, wrong)


def gazetteer_of_places() -> Any:
    """All places of the country, without a database."""
    from lianpu.enterprises.similarity import Gazetteer
    from lianpu.places.gazetteer import places

    rows = {row.code: row for row in places()}

    def path(code: str) -> str:
        above = rows[code].parent
        return f"{path(above) if above in rows else '/'}{code}/"

    found: dict[str, set[str]] = defaultdict(set)
    for code, row in rows.items():
        if row.kind != "nation":
            found[row.name].add(path(code))
            found[row.short_name].add(path(code))
    return Gazetteer(found)


def names_in(file: Path) -> list[str]:
    import polars as pl

    from lianpu.register.kinds import Text

    return [Text().parse(name) for name in pl.read_parquet(file).unique("uscc", maintain_order=True)["name"]]


def judged(title: str, names: Sequence[str], count: int, *, show: int = 0) -> float:
    began = time.perf_counter()
    found = quality(names, gazetteer_of_places(), count)
    texts = found.outcomes.total()
    print(f"\n{title}: {len(names):,} firms, {texts:,} texts, {time.perf_counter() - began:.1f} s")
    print(f"  taken without asking: precision {found.precision:.4f}, recall {found.recall:.3f}")
    for kind in ("registered", "not registered"):
        shares = {outcome: found.outcomes[kind, outcome] for outcome in ("taken", "asked", "unknown")}
        print(f"  {kind}: " + ", ".join(f"{word} {n / sum(shares.values()):.1%}" for word, n in shares.items()))
    asked = found.outcomes["registered", "asked"]
    print(f"  asked about a registered firm: it is among those offered in {found.offered / asked:.1%}")
    print(
        "  best score: right of all  "
        + "  ".join(f"{b:.2f}: {r / n:.2f} of {n}" for b, (n, r) in sorted(found.bands.items()))
    )
    for score, text, best, edit in found.wrong[:show]:
        print(f"  wrong at {score:.3f}: {text} → {best} ({edit})")
    return found.precision


def green(folder: Path, registry: Sequence[str]) -> None:
    """The ministry's list of green factories, as written, against the registry: what is found how."""
    import polars as pl

    from lianpu.enterprises.candidates import Names
    from lianpu.enterprises.identity import name_key
    from lianpu.enterprises.matching import AUTOMATIC, rank
    from lianpu.register.matching import CLEAR

    listed = (
        pl.read_csv(folder / "ledgers" / "miit-green-manufacturing" / "绿色工厂名单.csv")["工厂名称"].unique().to_list()
    )
    keys = list({name_key(name) for name in registry})
    exact = set(keys)
    texts = sorted(name for name in listed if name and name_key(name) not in exact)
    names = Names([keys])
    ranked = rank(texts, names, range(len(keys)), gazetteer_of_places())
    taken = []
    for text, likes in ranked.items():
        rival = likes[1][1].score if len(likes) > 1 else 0
        if likes and likes[0][1].score >= AUTOMATIC and likes[0][1].score - rival >= CLEAR:
            taken.append((text, names[likes[0][0]], likes[0][1].score))
    asked = sum(bool(likes) for likes in ranked.values()) - len(taken)
    print(f"\ngreen factories: {len(listed):,} listed, {len(listed) - len(texts):,} found exactly; ", end="")
    print(f"{len(taken)} taken by likeness, {asked} asked, {len(texts) - len(taken) - asked:,} unknown")
    for text, best, score in taken:
        print(f"  {score:.3f} {text} → {best}")


def timed(names: Sequence[str], firms: int) -> float:
    """Seconds to look up TEXTS texts among ``firms`` firms of the database: real names, then real names with another town."""
    from django.db import connection

    from lianpu.enterprises.identity import make_uscc, name_key
    from lianpu.enterprises.matching import propose_enterprises
    from lianpu.enterprises.models import Enterprise
    from lianpu.places.services import load_gazetteer
    from lianpu.register import bulk
    from lianpu.register.rights import SYSTEM

    load_gazetteer(user=SYSTEM)
    towns = ["", "兰州", "天水", "白银", "酒泉", "张掖", "武威", "定西", "陇南", "平凉", "庆阳"]
    made: list[dict[str, Any]] = []
    for serial in range(firms):
        name = towns[serial // len(names)] + names[serial % len(names)]
        code = make_uscc(f"{110000 + serial // 100_000}", serial % 100_000)
        made.append({"uscc": code, "name": name, "name_key": name_key(name)})
        if len(made) == 50_000 or serial == firms - 1:
            bulk.insert(Enterprise, made)
            made = []
    writer = Writer(names[:20_000], gazetteer_of_places())
    texts = [written[0] for name in names[: 2 * TEXTS] if (written := writer.write(name))][:TEXTS]
    began, own = time.perf_counter(), time.process_time()
    found = propose_enterprises(texts)
    seconds, busy = time.perf_counter() - began, time.process_time() - own
    began = time.perf_counter()
    propose_enterprises(texts[:1])
    one = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{connection.vendor}: {len(texts):,} texts among {Enterprise.objects.count():,} firms: {seconds:.1f} s "
        f"(this process {busy:.1f}; {len(found):,} with proposals), one text {one:.1f} s, peak memory {peak:,.0f} MiB",
        flush=True,
    )
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds registry/")
    parser.add_argument("--firms", type=int, default=1_000_000)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database (default: SQLite)")
    parser.add_argument("--wrong", type=int, default=10, help="how many wrong ones to show")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "LIANPU_HOME": home,
            "LIANPU_DATABASE": asked.database,
            "DJANGO_SETTINGS_MODULE": "lianpu.site.settings",
        }
        import django

        django.setup()
        from django.core.management import call_command

        gansu, nation = (names_in(asked.data / "registry" / f"{n}.parquet") for n in ("gansu", "national-sample"))
        least = min(
            judged("Gansu", gansu, 4_500, show=asked.wrong), judged("national sample", nation, 10_000, show=asked.wrong)
        )
        green(asked.data, [*gansu, *nation])
        slow = False
        if asked.firms:
            call_command("migrate", verbosity=0)
            slow = timed(nation, asked.firms) > SECONDS
    sys.exit("below the claim" if least < PRECISION or slow else 0)


if __name__ == "__main__":
    main()
