"use strict";
// memsim is what the script of a page builds on: the page's data, and what all
// pages do alike (charts in both colour schemes, tabs, sorting, saving).
const memsim = (function () {
  const page = JSON.parse(document.getElementById("data").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const live = new Map(); // element -> ECharts instance

  // number formats v as the tables do: four significant digits.
  function number(v) {
    if (typeof v !== "number" || !isFinite(v)) return "–";
    if (v === 0) return "0";
    const abs = Math.abs(v);
    if (abs >= 1e9) return (v / 1e9).toPrecision(4) + " G";
    if (abs >= 1e6) return (v / 1e6).toPrecision(4) + " M";
    const digits = Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(abs))));
    return v.toFixed(Number.isInteger(v) ? 0 : digits);
  }

  function escape(s) {
    return String(s).replace(/[&<>"']/g, c => "&#" + c.charCodeAt(0) + ";");
  }

  // colors replaces the names of CSS variables by their values in the current scheme.
  function colors(value, style) {
    if (Array.isArray(value)) return value.map(v => colors(v, style));
    if (value === null || typeof value !== "object") return value;
    const out = {};
    for (const [key, v] of Object.entries(value)) {
      const named = (key === "color" || key === "borderColor") && typeof v === "string" && v.startsWith("--");
      out[key] = named ? style.getPropertyValue(v).trim() : colors(v, style);
    }
    return out;
  }

  // dress adds what options as data cannot hold: functions, and the page's own colours.
  function dress(spec, style, width) {
    const option = colors(spec.option, style);
    const text = style.getPropertyValue("--text").trim(), soft = style.getPropertyValue("--soft").trim();
    const rule = style.getPropertyValue("--rule").trim(), ground = style.getPropertyValue("--bg").trim();
    delete option.title;
    delete option.toolbox;
    option.textStyle = { color: text, fontFamily: getComputedStyle(document.body).fontFamily };
    option.legend.textStyle = { color: text };
    option.legend.pageTextStyle = { color: soft };
    option.legend.pageIconColor = text;
    option.legend.pageIconInactiveColor = rule;
    Object.assign(option.tooltip, { backgroundColor: ground, borderColor: rule, textStyle: { color: text, fontSize: 13 }, confine: true,
      valueFormatter: v => number(Array.isArray(v) ? v[1] : v) + " " + spec.unit });
    for (const axis of [].concat(option.xAxis, option.yAxis)) {
      axis.nameTextStyle = { color: soft, align: axis.nameLocation === "middle" ? "center" : "left" };
      axis.axisLabel = Object.assign({ hideOverlap: true }, axis.axisLabel, { color: soft });
      axis.axisLine = { lineStyle: { color: rule } };
      axis.splitLine = { show: axis.type !== "category", lineStyle: { color: rule, opacity: .6 } };
      if (axis.type === "log") axis.axisLabel.formatter = v => String(+v.toPrecision(6));
      if (axis.type !== "category") axis.axisLabel.showMaxLabel = axis.max === undefined || axis.type === "log" && Number.isInteger(Math.log10(axis.max)); // others are no round numbers
    }
    if (option.yAxis[0].type === "category") option.yAxis[0].axisLabel = Object.assign(option.yAxis[0].axisLabel, { lineHeight: 15, formatter: name => broken(name, width < 500 ? 14 : 22) });
    if (spec.kind === "parts") parts(option, width);
    if (spec.kind === "points") points(option, spec.unit);
    if (spec.kind === "trade") trade(option);
    if (spec.kind === "heat") heat(option, spec.unit, text);
    return option;
  }

  // broken breaks a long name before plus signs and after hyphens.
  function broken(name, most) {
    const pieces = name.split(/(?=\+)/).flatMap(p => p.length > most ? p.split(/(?<=[-/ ])/) : [p]);
    let line = "";
    return pieces.reduce((lines, piece) => {
      if (line && line.length + piece.length > most) { lines.push(line); line = ""; }
      line += piece;
      return lines;
    }, []).concat(line).join("\n");
  }

  // readable is black or white, whichever has more contrast on a colour.
  function readable(hex) {
    const [r, g, b] = [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16) / 255).map(c => c <= .04 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b > .18 ? "#000" : "#fff";
  }

  // parts writes values into the parts that are wide enough to hold them, and
  // the sum behind each bar.
  function parts(option, width) {
    const sums = option.series[0].data.map((_, i) => option.series.reduce((sum, s) => sum + s.data[i].value, 0));
    const longest = Math.max(...sums);
    Object.assign(option.grid[0], { left: "20", right: "64", top: "36" });
    const last = option.series.length - 1;
    option.series.forEach(s => {
      s.label = { show: true, fontSize: 12, color: readable(s.itemStyle.color), formatter: p => p.value / longest * width > 90 ? number(p.value) : "" };
    });
    option.series.push({ type: "bar", stack: "all", name: "", silent: true, tooltip: { show: false },
      data: sums.map(() => 0), label: { show: true, position: "right", fontWeight: "bold", color: option.textStyle.color, formatter: p => number(sums[p.dataIndex]) } });
    option.legend.data = option.series.slice(0, last + 1).map(s => s.name);
  }

  // points names a point and both its coordinates, and writes names where there is room.
  function points(option, unit) {
    option.tooltip.formatter = p => p.seriesType !== "scatter" ? escape(p.seriesName) :
      "<b>" + escape(p.name) + "</b><br>" + escape(p.seriesName) + "<br>" + number(p.value[1]) + " " + unit + " at " + number(p.value[0]) + " per DRAM byte";
    const { min, max } = option.xAxis[0];
    option.legend.data = option.series.filter(s => s.type === "scatter").map(s => s.name);
    for (const s of option.series) {
      if (s.type === "line") { // a roof, with its name where there is room
        const flat = s.data[0].value[1] === s.data[1].value[1];
        Object.assign(s, { silent: true, showSymbol: true, symbol: "circle", symbolSize: .1,
          label: { show: true, position: flat ? "right" : "left", offset: [0, -8], fontSize: 11, color: s.itemStyle.color, formatter: "{a}" } });
        s.data[flat ? 1 : 0].label = { show: false };
        continue;
      }
      Object.assign(s, { labelLayout: { hideOverlap: true }, label: { show: true, position: "right", fontSize: 11, color: option.textStyle.color, formatter: "{b}" } });
      for (const d of s.data) {
        if (Math.log(d.value[0] / min) > .75 * Math.log(max / min)) d.label = { position: "left" };
      }
    }
  }

  // trade names a point, its series and both its coordinates.
  function trade(option) {
    const x = option.xAxis[0].name, y = option.yAxis[0].name;
    option.tooltip.formatter = p => "<b>" + escape(p.name) + "</b><br>" + escape(p.seriesName) + "<br>" +
      escape(y) + " " + number(p.value[1]) + "<br>" + escape(x) + " " + number(p.value[0]);
  }

  // heat says of a cell where it is and what it holds.
  function heat(option, unit, text) {
    const x = option.xAxis[0], y = option.yAxis[0];
    option.legend.show = false;
    for (const map of [].concat(option.visualMap)) map.textStyle = { color: text };
    option.tooltip.formatter = p => escape(x.name) + " " + x.data[p.value[0]] + ", " + escape(y.name) + " " + y.data[p.value[1]] + "<br><b>" + number(p.value[2]) + " " + escape(unit) + "</b>";
  }

  // visible is false in a hidden tab and in closed details, where a chart would
  // find no room.
  function visible(element) {
    return element.checkVisibility ? element.checkVisibility() : element.offsetParent !== null && !element.closest("details:not([open])");
  }

  function draw(spec) {
    const element = document.getElementById(spec.id);
    if (!element || live.has(element) || !visible(element)) return;
    const chart = echarts.init(element, null, { renderer: "svg" });
    chart.setOption(dress(spec, getComputedStyle(document.documentElement), element.clientWidth));
    live.set(element, chart);
  }

  function drawVisible() { page.charts.forEach(draw); }

  function redraw() {
    live.forEach(chart => chart.dispose());
    live.clear();
    drawVisible();
  }

  // show draws other charts than the page came with: those on screen at once,
  // the rest when the browser has shown them.
  function show(charts) {
    page.charts = charts;
    live.forEach(chart => chart.dispose());
    live.clear();
    charts.filter(spec => document.getElementById(spec.id).getBoundingClientRect().top < window.innerHeight).forEach(draw);
    setTimeout(() => { if (page.charts === charts) drawVisible(); });
  }

  let width = window.innerWidth;
  window.addEventListener("resize", () => { if (window.innerWidth !== width) { width = window.innerWidth; redraw(); } });
  dark.addEventListener("change", redraw);

  // Tabs, with arrow keys as the pattern for tab lists has them.
  const tabs = [...document.querySelectorAll("[role=tab]")];
  function select(tab) {
    for (const t of tabs) {
      const chosen = t === tab;
      t.setAttribute("aria-selected", chosen);
      t.tabIndex = chosen ? 0 : -1;
      document.getElementById(t.getAttribute("aria-controls")).hidden = !chosen;
    }
    drawVisible();
  }
  tabs.forEach((tab, i) => {
    tab.tabIndex = i ? -1 : 0;
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", e => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!step) return;
      const next = tabs[(i + step + tabs.length) % tabs.length];
      select(next);
      next.focus();
    });
  });

  document.querySelectorAll("details").forEach(details => details.addEventListener("toggle", drawVisible));

  // Sorting: by data-value where there is one, else by text.
  function sortable(table) {
    table.querySelectorAll("thead th").forEach((th, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = th.textContent;
      th.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = th.getAttribute("aria-sort") === "descending" || (!th.hasAttribute("aria-sort") && !th.classList.contains("n"));
        table.querySelectorAll("thead th").forEach(t => t.removeAttribute("aria-sort"));
        th.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = row => { const c = row.cells[column]; return c.dataset.value === undefined ? c.textContent : Number(c.dataset.value); };
        const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
        const rows = [...table.tBodies[0].rows].sort((a, b) => order(key(a), key(b)));
        table.tBodies[0].append(...(up ? rows : rows.reverse()));
      });
    });
  }
  document.querySelectorAll("table.sortable").forEach(sortable);

  function csv(list) {
    if (!list || !list.length) return "";
    const keys = Object.keys(list[0]);
    const field = v => /[",\r\n]/.test(v) ? '"' + String(v).replace(/"/g, '""') + '"' : String(v);
    return [keys, ...list.map(row => keys.map(k => row[k]))].map(line => line.map(field).join(",")).join("\n") + "\n";
  }

  // save hands a file to the reader.
  function save(name, type, content) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type }));
    link.download = name.replace(/[^\w.+-]+/g, "_");
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  drawVisible();
  return { data: page.data, number, sortable, csv, save, show };
})();
