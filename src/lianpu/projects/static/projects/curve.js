// Done this year against what the plan asks for by each month; the table below the chart has the same figures.
(() => {
  const holder = document.getElementById("curve");
  if (!holder || !window.echarts) return;
  const months = JSON.parse(document.getElementById("curve-data").textContent);
  const chart = echarts.init(holder, null, { renderer: "svg" });
  const line = (name, key, extra) => ({ name, type: "line", symbolSize: 5, connectNulls: false, data: months.map((one) => one[key]), ...extra });
  chart.setOption({
    animation: false,
    tooltip: { trigger: "axis", valueFormatter: (value) => (value === null || value === undefined ? "—" : `${value.toLocaleString()} ${holder.dataset.unit}`) },
    legend: { top: 0 },
    grid: { left: 8, right: 16, top: 32, bottom: 4, containLabel: true },
    xAxis: { type: "category", data: months.map((one) => one.month) },
    yAxis: { type: "value" },
    series: [line(holder.dataset.done, "done", { itemStyle: { color: "#1f5f8b" } }), line(holder.dataset.due, "due", { itemStyle: { color: "#b7791f" }, lineStyle: { type: "dashed" }, symbol: "triangle" })],
  });
  window.addEventListener("resize", () => chart.resize());
  document.body.dataset.curveDrawn = months.length;
})();
