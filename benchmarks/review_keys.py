"""The review desk as a reviewer has it: Chromium before a running site, one key a decision, as fast as the machine goes.

Claim: the machine keeps up with far more than ten decisions a minute. The site's decisions are real ones: use a sample
city of its own. Run: ``python benchmarks/review_keys.py --site http://127.0.0.1:8000 [--decisions 60]`` beside a site
started by ``lianpu up``.
"""

import argparse
import os
import statistics
import time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", required=True)
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password", default="lianpu-sample-2021")
    parser.add_argument("--decisions", type=int, default=60)
    asked = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = os.environ.get("LIANPU_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        page.goto(f"{asked.site}/sign-in/")
        page.fill("#id_username", asked.user)
        page.fill("#id_password", asked.password)
        with page.expect_navigation():
            page.click("main button")
        page.goto(f"{asked.site}/review/")
        answered: list[float] = []
        page.on("response", lambda r: answered.append(r.status) if "/review/decide/" in r.url else None)
        seen, shown, begun = set(), [], time.perf_counter()
        while len(seen) < asked.decisions:
            at = page.locator("#now .candidate.at")
            at.wait_for()
            placement = at.get_attribute("data-placement")
            seen.add(placement)
            pressed = time.perf_counter()
            page.keyboard.press("y" if len(seen) % 3 else "n")
            page.wait_for_function(
                "was => { const at = document.querySelector('#now .candidate.at'); return at && at.dataset.placement !== was; }",
                arg=placement,
            )
            shown.append(1000 * (time.perf_counter() - pressed))
        took = time.perf_counter() - begun
        page.wait_for_load_state("networkidle")
        whole = time.perf_counter() - begun
        browser.close()
    print(f"{len(seen)} decisions in {took:.1f} s: {60 * len(seen) / took:.0f} a minute")
    print(f"written after {whole:.1f} s; answers {len(answered)}, refused {sum(status >= 400 for status in answered)}")
    print(f"key to the next candidate on the page: median {statistics.median(shown):.0f} ms, worst {max(shown):.0f} ms")


if __name__ == "__main__":
    main()
