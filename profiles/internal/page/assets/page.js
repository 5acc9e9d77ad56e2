"use strict";
// memsim is what the script of a page builds on: the page's data, and what all
// pages do alike (charts in both colour schemes, tabs, sorting, saving).
const memsim = (function () {
  const page = JSON.parse(document.getElementById("data").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const live = new Map(); // element -> ECharts instance

  // number formats v as the tables do: three significant digits, and all of a
  // whole number.
  function number(v) {
    if (typeof v !== "number" || !isFinite(v)) return "–";
    if (v === 0) return "0";
    const abs = Math.abs(v);
    if (abs >= 1e9) return (v / 1e9).toPrecision(3) + " G";
    if (abs >= 1e6) return (v / 1e6).toPrecision(3) + " M";
    const digits = Math.max(0, Math.min(9, 2 - Math.floor(Math.log10(abs))));
    return v.toFixed(Number.isInteger(v) ? 0 : digits);
  }

  // measured is the width of a text in pixels.
  const pen = document.createElement("canvas").getContext("2d");
  function measured(text, size) {
    pen.font = (size || 12) + "px " + (getComputedStyle(document.body).fontFamily || "sans-serif");
    return pen.measureText(text).width;
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
  function dress(spec, style, width, height) {
    const option = colors(spec.option, style);
    option.series = option.series || []; // where nothing moves there is nothing to draw
    const text = style.getPropertyValue("--text").trim(), soft = style.getPropertyValue("--soft").trim();
    const rule = style.getPropertyValue("--rule").trim(), ground = style.getPropertyValue("--bg").trim();
    delete option.title;
    delete option.toolbox;
    option.textStyle = { color: text, fontFamily: getComputedStyle(document.body).fontFamily };
    option.legend.textStyle = { color: text };
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
    if (spec.kind === "points") points(option, spec.unit, height);
    if (spec.kind === "trade") trade(option);
    if (spec.kind === "heat") heat(option, spec.unit, text, width, height);
    if (option.tooltip.trigger === "axis" && !option.tooltip.formatter) option.tooltip.formatter = together(option, spec.unit);
    for (const s of option.series) if (s.markLine) for (const d of s.markLine.data) if (d.label) Object.assign(d.label, { backgroundColor: ground, padding: [1, 3] });
    roomForLegend(option, width);
    return option;
  }

  // roomForLegend wraps the legend over as many lines as it needs, above the chart.
  function roomForLegend(option, width) {
    if (option.legend.show === false) return;
    option.legend.type = "plain";
    option.legend.width = width;
    const names = option.legend.data || [...new Set(option.series.map(s => s.name).filter(n => n))];
    let lines = 1, x = 0;
    for (const name of names) {
      const w = measured(typeof name === "string" ? name : name.name) + 14 + 5 + 12;
      if (x > 0 && x + w > width) { lines++; x = 0; }
      x += w;
    }
    if (names.length < 2 && !option.series.some(s => s.type === "scatter")) { option.legend.show = false; lines = 0; }
    const named = [].concat(option.yAxis).some(a => a.name && a.nameLocation !== "middle");
    for (const grid of [].concat(option.grid)) grid.top = lines * 22 + (named ? 30 : 10);
  }

  // together lists what all series have at a place, with the share of each in a
  // stack and its sum.
  function together(option, unit) {
    const axis = [].concat(option.xAxis, option.yAxis).find(a => a.type === "category") || [].concat(option.xAxis)[0];
    const stacked = option.series.some(s => s.stack);
    return list => {
      const some = list.filter(p => p.seriesName && (Array.isArray(p.value) ? p.value[1] : p.value) !== undefined);
      if (!some.length) return "";
      const of = p => Array.isArray(p.value) ? p.value[1] : p.value;
      const sum = some.reduce((t, p) => t + of(p), 0);
      const place = axis.type === "category" ? (axis.name ? axis.name + " " : "") + some[0].name : (axis.name ? axis.name.replace(/ \((.*)\)$/, "") + " " : "") + number(some[0].value[0]) + ((/ \((.*)\)$/.exec(axis.name || "") || [])[1] ? " " + / \((.*)\)$/.exec(axis.name)[1] : "");
      const rows = some.filter(p => !stacked || of(p) !== 0).map(p => "<tr><td>" + p.marker + escape(p.seriesName) + "</td><td class=n><b>" + number(of(p)) + "</b> " + escape(unit) + "</td>" +
        (stacked && sum ? "<td class=n>" + (100 * of(p) / sum).toFixed(0) + " %</td>" : "") + "</tr>");
      if (stacked) rows.push("<tr><td>all</td><td class=n><b>" + number(sum) + "</b> " + escape(unit) + "</td><td></td></tr>");
      return escape(place) + "<table>" + rows.join("") + "</table>";
    };
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

  // parts writes names and values into the parts that are wide enough to hold them,
  // and the sum behind each bar.
  function parts(option, width) {
    const sums = option.series[0].data.map((_, i) => option.series.reduce((sum, s) => sum + s.data[i].value, 0));
    const longest = Math.max(...sums);
    const names = Math.max(...option.yAxis[0].data.flatMap(name => broken(name, width < 500 ? 14 : 22).split("\n").map(l => measured(l))), 0);
    const room = Math.max(60, width - names - 28 - 64 - 20);
    Object.assign(option.grid[0], { left: "16", right: "64" });
    option.series.forEach(s => {
      s.label = { show: true, fontSize: 12, color: readable(s.itemStyle.color), formatter: p => {
        const place = p.value / longest * room - 8, value = number(p.value), whole = p.seriesName + " " + value;
        return place > measured(whole) ? whole : place > measured(value) ? value : "";
      } };
    });
    option.legend.data = option.series.map(s => s.name);
    option.series.push({ type: "bar", stack: "all", name: "", silent: true, tooltip: { show: false },
      data: sums.map(() => 0), label: { show: true, position: "right", fontWeight: "bold", color: option.textStyle.color, formatter: p => number(sums[p.dataIndex]) } });
  }

  // points names a point and both its coordinates, and writes the names of those
  // that were given one to show. Roofs stand in the legend.
  function points(option, unit, height) {
    const x = option.xAxis[0];
    option.tooltip.formatter = p => p.seriesType !== "scatter" ? escape(p.seriesName) :
      "<b>" + escape(p.name) + "</b>, " + escape(p.seriesName) + "<br>" + number(p.value[1]) + " " + escape(unit) + "<br>" +
      (p.value[2] === 0 ? "no DRAM traffic" : number(p.value[2]) + " " + escape(x.name)) + "<br>" + number(p.value[3]) + " % of the phase's time";
    option.legend.data = option.series.map(s => s.name);
    const named = [];
    for (const s of option.series) {
      if (s.type === "line") { s.silent = true; continue; }
      for (const d of s.data) {
        const right = Math.log(d.value[0] / x.min) > .7 * Math.log(x.max / x.min);
        d.label = { show: d.value[4] === 1, position: right ? "left" : "right", fontSize: 11, color: option.textStyle.color, formatter: "{b}", offset: [0, 0] };
        if (d.label.show) named.push(d);
      }
    }
    // Names that would lie on each other move down, a line each.
    const y = option.yAxis[0], scale = (height - 110) / Math.log(y.max / y.min);
    let last = -1e9;
    named.sort((a, b) => b.value[1] - a.value[1]);
    const top = d => Math.log(y.max / d.value[1]) * scale;
    named.forEach(d => { const at = Math.max(top(d), last + 13); d.label.offset = [0, at - top(d)]; last = at; });
  }

  // trade names a point, its series and both its coordinates. A logarithmic axis of
  // sizes goes in doublings.
  function trade(option) {
    if (option.xAxis[0].type === "log") option.xAxis[0].logBase = 2;
    const x = option.xAxis[0].name, y = option.yAxis[0].name;
    option.tooltip.formatter = p => "<b>" + escape(p.name) + "</b><br>" + escape(p.seriesName) + "<br>" +
      escape(y) + " " + number(p.value[1]) + "<br>" + escape(x) + " " + number(p.value[0]);
  }

  // heat says of a cell where it is and what it holds, and writes the value where
  // there is room.
  function heat(option, unit, text, width, height) {
    const x = option.xAxis[0], y = option.yAxis[0];
    option.legend.show = false;
    for (const map of [].concat(option.visualMap)) {
      Object.assign(map, { textStyle: { color: text }, precision: 2, calculable: false, text: [number(map.max) + " " + unit, number(map.min)], itemHeight: 160 });
    }
    for (const grid of [].concat(option.grid)) grid.top = 40;
    const room = (width - 80) / x.data.length > 34 && (height - 90) / y.data.length > 14;
    const map = [].concat(option.visualMap)[0];
    for (const s of option.series) s.label = { show: room, fontSize: 11, formatter: p => number(p.value[2]) };
    if (room) for (const s of option.series) s.data = s.data.map(d => Object.assign({}, d, { label: { color: (d.value[2] - map.min) / ((map.max - map.min) || 1) > .45 ? "#fff" : "#000" } }));
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
    if (spec.kind === "icicle") {
      icicle(element, spec.option);
      live.set(element, { dispose: () => element.replaceChildren() });
      return;
    }
    const chart = echarts.init(element, null, { renderer: "svg" });
    chart.setOption(dress(spec, getComputedStyle(document.documentElement), element.clientWidth, element.clientHeight));
    live.set(element, chart);
  }

  // icicle draws a tree of what a token costs: a box as wide as its share, what it is
  // made of below. A box fills the width when it is chosen.
  function icicle(element, tree) {
    const state = { measure: 0, focus: tree.root };
    const parent = new Map();
    const walk = node => (node.c || []).forEach(child => { parent.set(child, node); walk(child); });
    walk(tree.root);
    const make = (name, text) => { const e = document.createElement(name); if (text !== undefined) e.textContent = text; return e; };
    element.classList.add("icicle");
    function paint() {
      const choices = make("div"), m = tree.measures[state.measure];
      choices.className = "choices";
      tree.measures.forEach((measure, i) => {
        const b = make("button", measure.name);
        b.type = "button";
        b.setAttribute("aria-pressed", i === state.measure);
        b.addEventListener("click", () => { state.measure = i; if (!state.focus.v[i]) state.focus = tree.root; paint(); });
        choices.append(b);
      });
      const says = make("span");
      says.className = "caption";
      choices.append(says);
      const whole = tree.root.v[state.measure] || 1;
      const tell = node => { says.textContent = path(node) + ": " + number(node.v[state.measure]) + " " + m.unit + ", " + (100 * node.v[state.measure] / whole).toFixed(1) + " %"; };
      const path = node => (parent.has(node) && parent.get(node) !== tree.root ? path(parent.get(node)) + " › " : "") + node.n;
      const rows = [];
      const width = element.clientWidth || 600, scale = 100 / (state.focus.v[state.measure] || 1);
      function place(node, depth, left, color) {
        const share = node.v[state.measure] * scale;
        if (share * width < 150 && depth > 0) return; // narrower than a pixel and a half
        if (!rows[depth]) { rows[depth] = make("div"); rows[depth].className = "level"; }
        const box = make(node.c ? "button" : "div", share * width > 2200 ? node.n + (share * width > 11000 ? " " + number(node.v[state.measure]) + " " + m.unit : "") : "");
        if (node.c) box.type = "button";
        color = node.k || color;
        const ground = getComputedStyle(document.documentElement).getPropertyValue(color || "--rest").trim();
        box.style.cssText = "left:" + left + "%;width:" + share + "%;background:" + ground + ";color:" + readable(ground);
        box.setAttribute("aria-label", path(node) + " " + number(node.v[state.measure]) + " " + m.unit);
        box.addEventListener("mouseenter", () => tell(node));
        box.addEventListener("focus", () => tell(node));
        box.addEventListener("click", () => { state.focus = node === state.focus ? parent.get(node) || tree.root : node; paint(); });
        rows[depth].append(box);
        let at = left;
        for (const child of [...(node.c || [])].sort((a, b) => node.o ? 0 : b.v[state.measure] - a.v[state.measure])) {
          place(child, depth + 1, at, color);
          at += child.v[state.measure] * scale;
        }
      }
      place(state.focus, 0, 0, color(state.focus));
      tell(state.focus);
      element.replaceChildren(choices, ...rows);
    }
    const color = node => node.k || (parent.has(node) ? color(parent.get(node)) : "");
    paint();
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
    charts.filter(spec => (document.getElementById(spec.id) || document.body).getBoundingClientRect().top < window.innerHeight).forEach(draw);
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
