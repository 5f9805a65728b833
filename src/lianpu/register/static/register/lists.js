// Lists: how a filter is meant, which columns in which order, which rows are picked, the chart of the groups.
(() => {
  // -- filters: the mode decides under which parameter the value travels
  const fit = (box) => {
    const mode = box.querySelector("[data-mode]"), plain = box.dataset.filter;
    const blank = mode.value === "-" || mode.value === "!-";
    if (blank) mode.name = plain; else mode.removeAttribute("name");
    const name = { not: `${plain}.not`, at: box.dataset.exactly }[mode.value] ?? plain;
    const holder = box.querySelector("[data-value]");
    holder.classList.toggle("off", blank);
    for (const field of holder.matches("input, select") ? [holder] : holder.querySelectorAll("input")) {
      field.disabled = blank;
      if (!field.name.endsWith(".from") && !field.name.endsWith(".to")) field.name = name;
      if (field.hasAttribute("hx-params")) field.setAttribute("hx-params", name);
    }
  };
  document.querySelectorAll("[data-filter]").forEach((box) => {
    box.querySelector("[data-mode]").addEventListener("change", () => fit(box));
    fit(box);
  });

  // -- columns
  const chooser = document.querySelector(".chooser");
  if (chooser) {
    const told = document.querySelector("[data-columns] [name=cols]");
    const tell = () => { told.value = [...chooser.querySelectorAll(":checked")].map((one) => one.value).join(","); };
    const move = (item, step) => {
      const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
      if (!other) return;
      if (step < 0) other.before(item); else other.after(item);
      tell();
    };
    chooser.addEventListener("change", tell);
    chooser.addEventListener("click", (event) => {
      const button = event.target.closest("[data-move]");
      if (!button) return;
      move(button.closest("li"), Number(button.dataset.move));
      button.focus();
    });
    chooser.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step || !event.target.matches("input[type=checkbox]")) return;
      move(event.target.closest("li"), step);
      event.target.focus();
      event.preventDefault();
    });
    let dragged = null;
    chooser.addEventListener("dragstart", (event) => { dragged = event.target.closest("li"); dragged?.classList.add("dragged"); event.dataTransfer.setData("text/plain", ""); });
    chooser.addEventListener("dragover", (event) => {
      const over = event.target.closest("li");
      if (!dragged || !over) return;
      event.preventDefault();
      if (over === dragged) return;
      const box = over.getBoundingClientRect();
      if (event.clientY > box.top + box.height / 2) over.after(dragged); else over.before(dragged);
    });
    chooser.addEventListener("dragend", () => { dragged?.classList.remove("dragged"); dragged = null; tell(); });
  }

  // -- picked rows
  const form = document.getElementById("picked");
  if (form) {
    const boxes = () => [...document.querySelectorAll("input[name=row]")];
    const show = () => {
      const n = boxes().filter((box) => box.checked).length;
      form.hidden = n === 0;
      form.querySelector("[data-picked]").textContent = n;
      for (const all of document.querySelectorAll("[data-pick-all]")) { all.checked = n === boxes().length; all.indeterminate = n > 0 && !all.checked; }
    };
    document.addEventListener("change", (event) => {
      if (event.target.matches("[data-pick-all]")) for (const box of boxes()) box.checked = event.target.checked;
      if (event.target.matches("[data-pick-all], input[name=row]")) show();
    });
    let last = null; // Shift picks all between two
    document.addEventListener("click", (event) => {
      if (!event.target.matches("input[name=row]")) return;
      const all = boxes(), here = all.indexOf(event.target);
      if (event.shiftKey && last !== null) for (const box of all.slice(Math.min(here, last), Math.max(here, last) + 1)) box.checked = event.target.checked;
      last = here;
      show();
    });
    show();
  }

  // -- rows that open in place: the second click closes, without asking again
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button.unfold");
    if (!button) return;
    const opened = document.getElementById(button.dataset.opens);
    button.setAttribute("aria-expanded", opened ? "false" : "true");
    if (opened) { button.removeAttribute("aria-controls"); opened.remove(); event.stopPropagation(); }
    else button.setAttribute("aria-controls", button.dataset.opens); // names a row that exists from now on
  }, true);

  // -- bulk edit: what is filled in is what is to be changed
  document.addEventListener("input", (event) => {
    const name = event.target.dataset?.ticks;
    if (name) event.target.form.querySelector(`[name=column][value="${name}"]`).checked = true;
  });

  // -- menus close when one looks elsewhere
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // -- chart
  const holder = document.getElementById("chart");
  if (holder) {
    const data = JSON.parse(document.getElementById("chart-data").textContent);
    const names = data.points.map((one) => one.name), values = data.points.map((one) => one.value);
    if (!data.line) holder.style.height = `${Math.max(15, data.points.length * 1.5 + 3)}rem`;
    const chart = echarts.init(holder, null, { renderer: "svg" });
    const number = new Intl.NumberFormat("zh-CN", { maximumFractionDigits: 4 });
    const category = { type: "category", data: names, triggerEvent: true, axisTick: { show: false } };
    const measure = { type: "value", axisLabel: { hideOverlap: true, formatter: (value) => number.format(value) } };
    chart.setOption({
      animation: false,
      color: ["#1f5f8b"],
      grid: { left: 8, right: 56, top: 12, bottom: 8, containLabel: true },
      tooltip: { trigger: data.line ? "axis" : "item", valueFormatter: (value) => `${number.format(value)} ${data.unit}` },
      xAxis: data.line ? category : measure,
      yAxis: data.line ? measure : { ...category, inverse: true, axisLabel: { width: Math.min(260, holder.clientWidth * 0.35), overflow: "truncate" } },
      series: [{ type: data.line ? "line" : "bar", data: values, barMaxWidth: 22, symbolSize: 7, label: { show: !data.line, position: "right", formatter: (item) => number.format(item.value) } }],
    });
    chart.on("click", (item) => {
      const point = item.componentType === "series" ? data.points[item.dataIndex] : data.points.find((one) => one.name === item.value);
      if (point?.url) window.location = point.url;
    });
    window.addEventListener("resize", () => chart.resize());
    window.addEventListener("beforeprint", () => chart.resize());
    document.body.dataset.chartDrawn = data.points.length;
  }
})();
