"""What holds on every page: no overflow, one title, labelled fields, headed tables, a visible focus, a clean print."""

import pytest

PAGES = {
    "search": "/search/?q=铝",
    "search for nothing": "/search/",
    "cockpit": "/",
    "desk": "/desk/SH/",
    "desk of the widest chain": "/desk/DX/",
    "pairing": "/pairing/",
    "pairs and targets": "/pairing/?segment=SH-2101",
    "targets of a gap": "/pairing/?segment=XN-2102",
    "scenario to choose": "/scenario/",
    "scenario": "/scenario/?p=2021-185&p=2021-186&l=ZS2021-014",
    "comparison of all chains": "/compare/",
    "comparison of a chain": "/compare/?chain=SH&before=2016-01-01",
    "portfolio": "/portfolio/?value=output&stage=all&b.land_mu=300&least=1&share=40",
    "portfolio that cannot be": "/portfolio/?value=output&b.land_mu=1&least=1",
    "open segment": "/desk/SH/?segment=SH-2101",
    "enterprises": "/enterprises/",
    "filtered": "/enterprises/?q=化工&f.place=620104&f.capital_10k_cny.from=100&sort=-founded",
    "nothing found": "/enterprises/?q=没有这样的企业",
    "placements": "/placements/",
    "review desk": "/review/",
    "firms outside": "/outside-firms/",
    "trained models": "/placement-models/",
    "findings": "/findings/",
    "segment states": "/segment-states/",
    "chains": "/chains/",
    "products": "/products/",
    "new enterprise": "/enterprises/new/",
    "import": "/enterprises/import/",
    "dictionary": "/dictionary/",
    "jobs": "/jobs/",
    "changes": "/changes/",
    "deleted rows": "/enterprises/deleted/",
    "firms of one name": "/enterprises/look-alikes/",
    "not found": "/nothing/",
}
FIRST_ROWS = ("/enterprises/", "/placements/", "/findings/", "/segment-states/", "/chains/", "/diagnosis-runs/")

FAULTS = """() => {
  const seen = e => e.checkVisibility({ visibilityProperty: true }), faults = [], say = (what, e) => faults.push(what + ': ' + e.outerHTML.slice(0, 120));
  if (document.documentElement.lang !== 'zh-CN') faults.push('no language');
  if (!document.title.trim() || document.title.startsWith(' ·')) faults.push('no title');
  if (document.querySelectorAll('h1').length !== 1) faults.push(document.querySelectorAll('h1').length + ' h1');
  let level = 0;
  for (const h of document.querySelectorAll('main :is(h1,h2,h3,h4)')) { const n = +h.tagName[1]; if (n > level + 1) say('heading skips a level', h); level = n; }
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!e.labels?.length && !e.ariaLabel) say('no label', e);
  for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) say('no alt', e);
  for (const e of document.querySelectorAll('svg:not([aria-hidden=true])')) if (!e.closest('[role=img]') && !e.closest('.visually-hidden')) say('svg without words', e);
  for (const e of document.querySelectorAll('a[href], button')) if (!e.textContent.trim() && !e.ariaLabel && !e.title) say('no words', e);
  for (const e of document.querySelectorAll('table')) if (!e.tHead?.querySelector('th')) say('no heads', e);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id), twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  if (twice.length) faults.push('id twice: ' + twice);
  for (const e of document.querySelectorAll('[aria-controls]')) if (!document.getElementById(e.getAttribute('aria-controls'))) say('controls nothing', e);
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over > 0) faults.push('wider than the window by ' + over + ': ' + [...document.querySelectorAll('body *')].filter(e => seen(e) && e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.table-responsive')).slice(0, 3).map(e => e.outerHTML.slice(0, 80)));
  for (const e of document.querySelectorAll('main :is(h1, h2, h3, p, td, th, dd, li, .badge, .state, .btn, .tile)')) {
    const box = e.getBoundingClientRect();
    if (seen(e) && box.width && e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).overflowX === 'visible' && getComputedStyle(e).display !== 'inline' && !e.closest('.table-responsive')) say('text runs out of its box', e);
  }
  return faults }"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(admin, name):
    admin.open(PAGES[name])
    assert admin.page.evaluate(FAULTS) == []


def test_pages_of_single_rows_are_sound(admin):
    for path in FIRST_ROWS:
        admin.open(path)
        admin.follow("tbody a")
        assert admin.page.evaluate(FAULTS) == [], admin.page.url


def test_the_sign_in_page_is_sound(visit):
    stranger = visit()
    stranger.open("/sign-in/")
    assert stranger.page.evaluate(FAULTS) == []
    stranger.sign_in("admin", "wrong")
    assert stranger.page.evaluate(FAULTS) == []


def test_opened_filters_and_menus_stay_inside_the_window(admin):
    admin.open("/enterprises/")
    admin.page.click("[aria-controls=filters]")
    admin.page.wait_for_selector("#filters.show")
    assert admin.page.evaluate(FAULTS) == []
    if admin.size == "phone":
        admin.page.click("button[aria-label=菜单]")
        admin.page.wait_for_selector("#menu.show")
    admin.page.click("#menu .dropdown-toggle >> text=图谱")
    admin.page.wait_for_selector("#menu .dropdown-menu.show")
    assert admin.page.evaluate(FAULTS) == []
    admin.follow("#menu .dropdown-menu.show >> text=诊断结论")
    assert admin.text("h1") == "诊断结论"


def test_the_focus_is_seen_wherever_the_tab_key_leads(admin):
    admin.open("/enterprises/?f.place=620104&size=5")
    admin.page.keyboard.press("Tab")
    assert admin.page.evaluate("document.activeElement.textContent") == "跳到正文"
    for _ in range(12):
        admin.page.keyboard.press("Tab")
        look = admin.page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e); return [e.outerHTML.slice(0, 80), e.checkVisibility(), s.outlineStyle !== 'none' || s.boxShadow !== 'none'] }"
        )
        assert look[1], f"focus on something hidden: {look[0]}"
        assert look[2], f"focus not seen: {look[0]}"


def test_the_slash_key_goes_to_the_search(admin):
    if admin.size == "phone":
        pytest.skip("a phone has no slash key")
    admin.open("/")
    admin.page.keyboard.press("/")
    assert admin.page.evaluate("document.activeElement.type") == "search"


def test_print_leaves_the_menus_out(admin):
    for path in ("/", "/desk/SH/", "/enterprises/"):
        admin.open(path)
        admin.page.emulate_media(media="print")
        for hidden in ("header.navbar", "main form.d-print-none", "[aria-label=分页]"):
            for one in admin.page.locator(hidden).all():
                assert not one.is_visible(), (path, hidden)
        assert admin.page.locator("h1").is_visible()
        assert admin.page.locator("table, .board").first.is_visible()
        admin.page.emulate_media(media="screen")


def test_no_script_or_style_comes_from_elsewhere_and_none_is_inline(admin):
    response = admin.page.goto(f"{admin.site}/desk/SH/")
    policy = response.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    inline = admin.page.locator("script:not([src]):not([type='application/json'])").count()
    assert inline == 0
