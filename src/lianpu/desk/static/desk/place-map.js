// Districts coloured by their firms; zones as points, for no polygon of theirs is published.
(() => {
  const holder = document.getElementById("map");
  if (!holder) return;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const districts = read("district-data"), zones = read("zone-data").filter((zone) => zone.at[0] !== null);
  const label = { show: true, fontSize: 11, color: "#33414f", textBorderColor: "#fff", textBorderWidth: 3 };
  fetch(holder.dataset.boundary).then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.status)))).then((shape) => {
    echarts.registerMap("place", shape);
    const chart = echarts.init(holder, null, { renderer: "svg" });
    const names = Object.fromEntries(districts.map((one) => [one.code, one]));
    chart.setOption({
      animation: false,
      tooltip: { formatter: (item) => item.data?.note ? `${item.name}<br>${item.data.note}` : `${names[item.name]?.name ?? item.name}：${names[item.name]?.firms ?? "—"} ${holder.dataset.firms}` },
      visualMap: { min: 0, max: Math.max(1, ...districts.map((one) => one.firms)), text: [holder.dataset.more, holder.dataset.fewer], inRange: { color: ["#eef4f9", "#1f5f8b"] }, left: 0, bottom: 0, itemHeight: 80, seriesIndex: 0 },
      geo: { map: "place", nameProperty: "code", roam: false, top: 8, bottom: 8, itemStyle: { borderColor: "#fff" }, label: { show: false }, emphasis: { label: { show: false }, itemStyle: { areaColor: "#f3d9a4" } } },
      series: [
        { type: "map", map: "place", nameProperty: "code", geoIndex: 0, data: districts.map((one) => ({ name: one.code, value: one.firms })) },
        // Names are points of their own, so that a zone's name gives way to a district's in the crowded centre.
        { type: "scatter", coordinateSystem: "geo", silent: true, symbolSize: 16, itemStyle: { color: "transparent" }, label: { ...label, formatter: "{b}" }, labelLayout: { hideOverlap: true }, data: districts.filter((one) => one.at[0] !== null).map((one) => ({ name: one.name, value: one.at })) },
        { type: "scatter", coordinateSystem: "geo", symbol: "diamond", symbolSize: 11, itemStyle: { color: "#b7791f", borderColor: "#fff" }, label: { ...label, color: "#8a5a12", position: "right", formatter: (item) => item.data.label }, labelLayout: { hideOverlap: true }, data: zones.map((zone) => ({ name: zone.name, label: zone.label, value: [...zone.at, zone.firms], note: `${zone.firms ?? "—"} ${holder.dataset.firms}<br>${zone.note}`, url: zone.url })) },
      ],
    });
    const urls = Object.fromEntries(districts.map((one) => [one.code, one.url]));
    chart.on("click", (item) => { const url = item.data?.url ?? urls[item.name]; if (url) window.location = url; });
    window.addEventListener("resize", () => chart.resize());
    document.body.dataset.placeDrawn = districts.length;
  }).catch(() => { holder.textContent = holder.dataset.absent; });
})();
