// The chain map: flows drawn between tiles, arrow keys between segments.
(() => {
  const board = document.getElementById("board");
  if (!board) return;
  const svg = board.querySelector(".flows");
  const flows = JSON.parse(document.getElementById("flow-data").textContent);
  const tiles = new Map([...board.querySelectorAll(".tile")].map((tile) => [tile.dataset.code, tile]));
  const everything = document.getElementById("all-flows");
  let chosen = board.querySelector(".tile.open")?.dataset.code ?? null;

  const curve = (from, to) => {
    const frame = board.getBoundingClientRect(), a = from.getBoundingClientRect(), b = to.getBoundingClientRect();
    const y1 = a.top + a.height / 2 - frame.top, y2 = b.top + b.height / 2 - frame.top;
    const forward = b.left >= a.right, same = Math.abs(a.left - b.left) < 4;
    const x1 = (forward || same ? a.right : a.left) - frame.left, x2 = (forward ? b.left : same ? b.right : b.right) - frame.left;
    const bend = same ? 26 : (x2 - x1) / 2;
    return `M${x1},${y1} C${x1 + bend},${y1} ${same ? x2 + bend : x2 - bend},${y2} ${x2},${y2}`;
  };

  const draw = (focus) => {
    svg.replaceChildren();
    const near = new Set();
    for (const [source, target, via, weight] of flows) {
      const touched = source === focus || target === focus;
      if (!touched && !everything.checked) continue;
      const from = tiles.get(source), to = tiles.get(target);
      if (!from || !to) continue;
      if (touched) near.add(source).add(target);
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", curve(from, to));
      path.setAttribute("stroke-width", weight * 0.8 + 0.4);
      path.setAttribute("class", touched ? (target === focus ? "in" : "out") : "faint");
      svg.append(path);
    }
    board.classList.toggle("choosing", Boolean(focus));
    for (const [code, tile] of tiles) tile.classList.toggle("near", near.has(code));
    document.body.dataset.mapDrawn = tiles.size;
  };

  board.addEventListener("pointerover", (event) => { const tile = event.target.closest(".tile"); if (tile) draw(tile.dataset.code); });
  board.addEventListener("pointerleave", () => draw(chosen));
  board.addEventListener("focusin", (event) => { const tile = event.target.closest(".tile"); if (tile) draw(tile.dataset.code); });
  board.addEventListener("click", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile) return;
    for (const other of tiles.values()) {
      other.classList.toggle("open", other === tile);
      other.toggleAttribute("aria-current", other === tile);
    }
    chosen = tile.dataset.code;
    draw(chosen);
  });
  // On a narrow screen the sheet stands below the map, so an opened segment brings it into view.
  const sheet = document.getElementById("sheet");
  const show = () => { if (window.innerWidth < 992) sheet.scrollIntoView(); };
  document.body.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target === sheet) show(); });
  if (chosen) show();

  // Arrow keys go to the nearest tile in that direction.
  board.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const here = event.target.closest(".tile");
    if (!way || !here) return;
    const a = here.getBoundingClientRect();
    let best = null, least = Infinity;
    for (const tile of tiles.values()) {
      const b = tile.getBoundingClientRect();
      const dx = b.left + b.width / 2 - a.left - a.width / 2, dy = b.top + b.height / 2 - a.top - a.height / 2;
      const along = dx * way[0] + dy * way[1], across = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      if (along > 4 && along + 3 * across < least) { least = along + 3 * across; best = tile; }
    }
    if (best) { best.focus(); event.preventDefault(); }
  });
  everything.addEventListener("change", () => draw(chosen));
  window.addEventListener("resize", () => draw(chosen));
  draw(chosen);
})();
