"""``lianpu search``: bring the index up to date, and look things up from a terminal."""

import time

import click

from lianpu.cli.console import Console, in_words, refuse

json_option = click.option("--json", "as_json", is_flag=True, help="机器可读的结果写到标准输出。")


@click.group("search")
def search_group() -> None:
    """搜索。"""


@search_group.command("index")
@click.option("--rebuild", is_flag=True, help="丢弃现有索引，重新建立（可随时中断，再次运行会接着做）。")
@json_option
def index(rebuild: bool, as_json: bool) -> None:
    """使搜索索引跟上登记簿的改动；平时由后台任务自动完成。"""
    from lianpu.cli.setup import make_ready
    from lianpu.register import search

    console = Console(as_json)
    with in_words():
        make_ready(console)
        start = time.perf_counter()
        if rebuild:
            search.rebuild()
        read = search.keep_up(console.progress)
        console.close_bar()
        seconds = round(time.perf_counter() - start, 3)
        sizes = search.sizes()
    console.say(f"读入 {read} 行，{seconds} 秒")
    for title, rows, size in sizes:
        console.say(f"  {title}：{rows} 行，{size / 1e6:.1f} MB")
    console.answer(
        {
            "rows": read,
            "seconds": seconds,
            "indexes": [{"register": title, "rows": rows, "bytes": size} for title, rows, size in sizes],
        }
    )


@search_group.command("find")
@click.argument("words", nargs=-1, required=True)
@click.option("--in", "slug", default="", help="只在一个登记簿中查，如 enterprises。")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 1000), help="每个登记簿最多几条。")
@json_option
def find(words: tuple[str, ...], slug: str, limit: int, as_json: bool) -> None:
    """在全部登记簿中查找 WORDS：各词都要出现；可写代码、拼音首字母。"""
    from lianpu.cli.setup import make_ready
    from lianpu.register import search
    from lianpu.register.declare import registry
    from lianpu.register.rights import SYSTEM

    console = Console(as_json)
    if slug and slug not in registry.by_slug:
        refuse(f"没有登记簿“{slug}”。可用：{'、'.join(registry.by_slug)}", 2)
    with in_words():
        make_ready(console)
        start = time.perf_counter()
        only = [registry[slug]] if slug else None
        found = search.search(SYSTEM, " ".join(words), registers=only, limit=limit)
    seconds = round(time.perf_counter() - start, 3)
    for group in found.groups:
        console.say(
            f"【{group.title}】{'超过 ' if group.more else '至少 ' if group.unsure else ''}{len(group.hits)} 条"
        )
        for hit in group.hits:
            seen = "　".join(f"{one.label}：{''.join(piece.text for piece in one.pieces)}" for one in hit.seen)
            console.say(f"  {hit.title}　{seen}".rstrip("　"))
    for note in found.notes:
        console.say(note)
    if not found.groups:
        console.say("没有找到。")
    console.answer(
        {
            "words": found.words,
            "seconds": seconds,
            "groups": [
                {
                    "register": group.register.slug,
                    "more": group.more,
                    "hits": [{"id": hit.pk, "title": hit.title, "url": hit.url} for hit in group.hits],
                }
                for group in found.groups
            ],
            "notes": found.notes,
        }
    )
