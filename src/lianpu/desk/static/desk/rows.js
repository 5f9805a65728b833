// Long tables: some rows at a time, narrowed by words. A table that came whole without script stays whole.
(() => {
  const begin = (box) => {
    const rows = [...box.querySelectorAll("tbody tr")], step = Number(box.dataset.rows);
    if (rows.length <= step) return;
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const words = box.querySelector("[data-narrow]"), foot = box.querySelector("[data-foot]");
    let most = step;
    const show = () => {
      const wanted = words.value.trim().toLowerCase().split(/\s+/);
      let found = 0;
      rows.forEach((row, at) => {
        const fits = wanted.every((word) => texts[at].includes(word));
        row.hidden = !fits || found >= most;
        found += fits;
      });
      foot.querySelector("[data-shown]").textContent = `${Math.min(found, most)} / ${found}`;
      foot.querySelector("[data-more]").hidden = found <= most;
    };
    words.addEventListener("input", () => { most = step; show(); });
    foot.querySelector("[data-more]").addEventListener("click", () => { most += step; show(); });
    words.hidden = foot.hidden = false;
    show();
  };
  document.addEventListener("htmx:load", (event) => {
    event.detail.elt.querySelectorAll("[data-rows]").forEach(begin);
    // What the address points at may only have come now.
    if (event.detail.elt.id === "result" && location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  });
})();
