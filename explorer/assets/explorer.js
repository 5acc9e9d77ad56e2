"use strict";
// The explorer: controls make a query, the query gets an answer, the answer is
// shown. The query is the address of the page, and the only state there is.
(function () {
  const { catalog, figures, defaults } = memsim.data;
  const $ = id => document.getElementById(id);
  const controls = [...document.querySelectorAll("[data-key]")];
  const keys = controls.filter(c => c.dataset.side === "a").map(c => c.dataset.key);
  const control = (side, key) => $(side + "-" + key);
  let comparing = false;
  let shownQuery = null; // what the address says
  let last = {};         // values of A, to let B follow
  let pending = null;    // the request under way

  // el makes an element with a text.
  function el(name, text, attributes) {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    for (const [key, v] of Object.entries(attributes || {})) e.setAttribute(key, v);
    return e;
  }

  // Values of controls. Lines of a text are a list, written with line breaks.
  const value = (side, key) => control(side, key).value.trim();

  function fill(select, choices) {
    const old = select.value;
    select.replaceChildren(...choices.map(([v, text]) => el("option", text, { value: v })));
    select.value = choices.some(c => c[0] === old) ? old : choices[0][0];
  }

  // choose puts a value into a control. A select that does not know it gets it
  // as a choice, so that the server can say what is wrong with it.
  function choose(side, key, v) {
    const c = control(side, key);
    if (c.tagName === "SELECT" && ![...c.options].some(o => o.value === v)) c.append(el("option", v, { value: v }));
    c.value = v;
  }

  const device = side => catalog.devices.find(d => d.name === value(side, "device")) || catalog.devices[0];
  const unit = side => device(side).units.find(u => u.name === value(side, "unit")) || device(side).units[0];
  const model = side => catalog.models.find(m => m.name === value(side, "model")) || catalog.models[0];

  function prepareSelects(side) {
    fill(control(side, "device"), catalog.devices.map(d => [d.name, d.title && d.title !== d.name ? d.name + " · " + d.title : d.name]));
    fill(control(side, "model"), catalog.models.map(m => [m.name, m.name]));
    fill(control(side, "energy"), catalog.energies.map(e => [e, e]));
  }

  // follow offers what the chosen device and model have, and shows their own
  // values where nothing is typed.
  function follow(side) {
    const d = device(side), m = model(side);
    fill(control(side, "unit"), [["", d.units[0].name + " (default)"], ...d.units.slice(1).map(u => [u.name, u.name])]);
    const u = unit(side);
    fill(control(side, "runtime"), [["", u.runtimes[0] + " (default)"], ...u.runtimes.slice(1).map(r => [r, r])]);
    fill(control(side, "quant"), [["", m.quant + " (default)"], ...catalog.quants.filter(q => q !== m.quant).map(q => [q, q])]);
    fill(control(side, "sharing"), [["", (m.sharing || "none") + " (the model's)"], ...catalog.sharings.filter(s => s !== (m.sharing || "none")).map(s => [s, s])]);
    control(side, "sram_mib").placeholder = u.sram ? +u.sram_mib.toPrecision(4) + " (" + u.sram + ")" : "none";
    for (const [key, v] of Object.entries(m.shape)) control(side, key).placeholder = v;
    for (const [key, v] of Object.entries(defaults)) control(side, key).placeholder = v;
    const shares = (value(side, "sharing") || m.sharing || "none") !== "none";
    if (shares && m.shape.repeat < 2) control(side, "repeat").placeholder = 2;
  }

  const lines = text => text.split("\n").map(l => l.trim()).filter(l => l);

  // query is the state of the controls as the address has it.
  function query() {
    const q = new URLSearchParams();
    const add = (prefix, key, v) => {
      if (key !== "set") q.set(prefix + key, v);
      else if (v === "") q.append(prefix + key, "");
      else lines(v).forEach(l => q.append(prefix + key, l));
    };
    for (const key of keys) {
      const v = value("a", key);
      if (v !== "" && !(key === "energy" && v === catalog.energies[0])) add("", key, v);
    }
    if (!comparing) return q.toString();
    q.set("compare", "1");
    for (const key of keys) if (value("b", key) !== value("a", key)) add("b.", key, value("b", key));
    return q.toString();
  }

  // load puts a query into the controls.
  function load(text) {
    const q = new URLSearchParams(text);
    const of = (name, key) => key === "set" ? q.getAll(name).filter(v => v).join("\n") : q.get(name) || "";
    comparing = q.get("compare") === "1";
    for (const side of ["a", "b"]) {
      const get = key => side === "b" && q.has("b." + key) ? of("b." + key, key) : of(key, key);
      prepareSelects(side);
      for (const key of ["device", "model"]) choose(side, key, get(key) || catalog[key + "s"][0].name);
      choose(side, "energy", get("energy") || catalog.energies[0]);
      follow(side);
      choose(side, "unit", get("unit"));
      follow(side);
      for (const key of keys) if (!["device", "model", "unit", "energy"].includes(key)) choose(side, key, get(key));
      follow(side);
    }
    remember();
    dressControls();
  }

  // lost reports whether the controls could not take all of a query: a text where a
  // number belongs, or a key that there is not.
  function lost(text) {
    return [...new URLSearchParams(text)].some(([name, v]) => {
      const side = name.startsWith("b.") ? "b" : "a", key = name.replace(/^b\./, "");
      if (name === "compare" || name === "side") return false;
      return !keys.includes(key) || v !== "" && control(side, key).type === "number" && control(side, key).value !== v;
    });
  }

  // open shows the query of the address. One that the controls could not take is asked
  // as it is, so that the server says what is wrong with it.
  function open() {
    load(location.search);
    ask(false, lost(location.search) ? location.search.slice(1) : query());
  }

  // copy makes B like A: device and model first, which decide what there is to
  // choose from.
  function copy() {
    for (const key of ["device", "model", ...keys]) {
      choose("b", key, control("a", key).value);
      follow("b");
    }
  }

  function remember() { last = Object.fromEntries(keys.map(key => [key, value("a", key)])); }

  function dressControls() {
    document.body.classList.toggle("comparing", comparing);
    $("compare").setAttribute("aria-pressed", comparing);
    $("compare").textContent = comparing ? "Close B" : "Compare with B";
    for (const key of keys) control("b", key).classList.toggle("differs", comparing && value("b", key) !== value("a", key));
  }

  // changed lets B follow A where both were alike, and asks for an answer.
  function changed(source, push) {
    const { side, key } = source.dataset;
    if (side === "a" && value("b", key) === last[key]) {
      choose("b", key, source.value);
      follow("b");
    }
    follow(side);
    if (side === "a") for (const k of ["unit", "runtime", "quant", "sharing"]) if (value("b", k) === last[k]) choose("b", k, value("a", k));
    remember();
    dressControls();
    ask(push);
  }

  let timer = 0;
  controls.forEach(c => {
    if (c.tagName === "SELECT") {
      c.addEventListener("change", () => changed(c, true));
      return;
    }
    c.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => changed(c, false), 60); });
    c.addEventListener("change", () => { clearTimeout(timer); changed(c, true); });
  });
  $("controls").addEventListener("submit", e => e.preventDefault());
  $("compare").addEventListener("click", () => {
    comparing = !comparing;
    if (comparing) copy();
    dressControls();
    ask(true);
  });
  $("reset").addEventListener("click", () => { load(""); ask(true); });
  window.addEventListener("popstate", open);

  // ask gets the answer for the controls and shows it. An older request is
  // cancelled, and its simulation with it.
  async function ask(push, q = query()) {
    if (q === shownQuery) return;
    history[push ? "pushState" : "replaceState"](null, "", "?" + q);
    shownQuery = q;
    if (pending) pending.abort();
    const request = pending = new AbortController();
    const slow = setTimeout(() => { $("status").textContent = "Simulating…"; $("shown").classList.add("stale"); }, 250);
    try {
      const response = await fetch("api/run?" + q, { signal: request.signal });
      const answer = await response.json();
      if (request.signal.aborted) return;
      clearTimeout(slow);
      if (response.ok) show(answer, q);
      else refuse(answer.error, q);
    } catch (e) {
      clearTimeout(slow);
      if (!request.signal.aborted) refuse("The server does not answer: is memsim serve still running?", q);
    }
  }

  // refuse says what is wrong with a query and leaves the last answer, dimmed.
  function refuse(text, q) {
    $("error").textContent = text;
    $("error").hidden = false;
    $("shown").classList.add("stale");
    $("status").textContent = "No answer for these settings.";
    document.body.dataset.query = q;
  }

  function show(answer, q) {
    $("error").hidden = true;
    $("shown").classList.remove("stale");
    $("answer").replaceChildren(...answer.answer.map((s, i) => el("p", s, i ? {} : { class: "lead" })));
    showTiles(answer.sides);
    showExports(answer, q);
    showNotes(answer.sides);
    showFigures(answer.sides);
    showCharts(answer);
    $("status").textContent = (answer.simulation_ms ? "Simulated in " + memsim.number(answer.simulation_ms) + " ms." : "Simulated before.");
    document.body.dataset.query = q;
  }

  // at reads a figure by its path.
  const at = (side, key) => key.split(".").reduce((v, part) => v === undefined ? v : v[part], side.results.results[0]) || 0;
  // interval writes the 90 % interval of a figure, "" where there is none.
  function interval(side, f) {
    const pair = (side.results.results[0].interval90 || {})[f.key];
    return pair ? memsim.number(pair[0] * f.scale) + " to " + memsim.number(pair[1] * f.scale) : "";
  }
  const ratio = (v, base) => base ? (v / base >= 9.995 ? (v / base).toPrecision(4) : (v / base).toFixed(2)) + "×" : "";

  function showTiles(sides) {
    const tiles = ["tokens_per_s", "latency_ms_per_token", "dram_bytes_per_token", "whole_phone_energy_mj_per_token", "tokens_per_charge"];
    $("tiles").replaceChildren(...figures.filter(f => tiles.includes(f.key) && at(sides[0], f.key)).map(f => {
      const tile = el("div");
      tile.append(el("dt", f.label));
      sides.forEach((side, i) => {
        const dd = el("dd", (i ? "B " : "") + memsim.number(at(side, f.key) * f.scale) + " ", { "data-tile": f.key });
        dd.append(el("small", i ? ratio(at(side, f.key), at(sides[0], f.key)) : f.unit));
        const range = interval(side, f);
        if (range) dd.append(el("small", " " + range, { class: "interval" }));
        tile.append(dd);
      });
      return tile;
    }));
  }

  // showNotes shows what a reader must know, as the commands print it.
  function showNotes(sides) {
    const notes = new Set(sides.flatMap(side => side.results.notes || []));
    $("notes").replaceChildren(...[...notes].map(note => el("p", note)));
  }

  function showExports(answer, q) {
    const list = answer.sides.map(side => {
      const span = el("span");
      if (answer.sides.length > 1) span.append(el("b", side.label));
      span.append(el("a", "Report", { href: "report.html?" + side.query }), el("a", "JSON", { href: "results.json?" + side.query }),
        el("a", "pprof", { href: "profile.pb.gz?" + side.query }), el("a", "Flame graph", { href: "pprof/" + encodeURIComponent(side.query) + "/flamegraph?sf=%5Edecode%24" }));
      return span;
    });
    if (answer.sides.length > 1 && answer.same_machine) {
      const span = el("span");
      span.append(el("b", "A and B"), el("a", "Report", { href: "report.html?" + q }), el("a", "JSON", { href: "results.json?" + q }), el("a", "pprof", { href: "profile.pb.gz?" + q }));
      list.push(span);
    }
    $("exports").replaceChildren(...list);
  }

  function showFigures(sides) {
    const head = el("tr");
    head.append(el("th", "Figure", { scope: "col" }));
    sides.forEach((side, i) => head.append(el("th", sides.length > 1 ? "AB"[i] : side.label, { scope: "col", class: "n" })));
    if (sides.length > 1) head.append(el("th", "B / A", { scope: "col", class: "n" }));
    $("figures").tHead.replaceChildren(head);
    let group = "";
    const rows = figures.filter(f => sides.some(side => at(side, f.key))).map(f => {
      const row = el("tr", undefined, { "data-key": f.key });
      if (f.group !== group) row.className = "group";
      group = f.group;
      const name = el("th", f.label + " ", { scope: "row" });
      if (f.part) name.className = "part";
      name.append(el("span", f.unit, { class: "unit" }));
      row.append(name);
      sides.forEach(side => {
        const v = at(side, f.key);
        const cell = el("td", f.optional && !v ? "–" : memsim.number(v * f.scale), { class: "n", "data-value": v });
        const range = interval(side, f);
        if (range) cell.append(el("small", " (" + range + ")", { class: "interval" }));
        row.append(cell);
      });
      if (sides.length > 1) row.append(el("td", f.relative ? ratio(at(sides[1], f.key), at(sides[0], f.key)) : "", { class: "n ratio" }));
      return row;
    });
    $("figures").tBodies[0].replaceChildren(...rows);
  }

  function figure(chart, side) {
    const f = el("figure", undefined, { class: chart.kind + (chart.wide ? " wide" : "") });
    const title = el("h3");
    if (side) title.append(el("span", side, { class: "side" }));
    title.append(chart.title);
    const drawn = chart.markup || chart.kind === "icicle";
    const box = drawn ? el("div", undefined, { class: "drawing", id: chart.id }) :
      el("div", undefined, { class: "chart", id: chart.id, role: "img", "aria-label": chart.title + (side ? ", " + side : "") });
    if (chart.markup) box.innerHTML = chart.markup; // the server's own, names in it escaped
    if (!drawn) box.style.height = chart.height + "px";
    f.append(title, box);
    if (chart.caption) f.append(el("figcaption", chart.caption, { class: "caption" }));
    return f;
  }

  function showCharts(answer) {
    $("overview").replaceChildren(...answer.overview.map(c => figure(c)));
    let charts;
    if (answer.sides.length === 1) {
      charts = answer.sides[0].charts;
      $("details").replaceChildren(...charts.map(c => figure(c)));
    } else {
      const base = id => id.replace(/-\d+$/, "");
      const [a, b] = answer.sides.map(side => side.charts);
      const pairs = a.map(c => [c, b.find(d => base(d.id) === base(c.id))]).filter(p => p[1]);
      pairs.forEach(level);
      charts = pairs.flat();
      $("details").replaceChildren(...pairs.flatMap(p => p.map((c, i) => figure(c, "AB"[i]))));
    }
    memsim.show([...answer.overview, ...charts].filter(c => c.option));
  }

  // level gives two charts of a kind the same axes, so that heights compare.
  function level(pair) {
    if (!pair[0].option || pair[0].kind === "icicle") return;
    const options = pair.map(c => c.option);
    for (const axis of ["xAxis", "yAxis"]) {
      const axes = options.map(o => o[axis][0]);
      if (axes.every(x => x.type === "log")) {
        const bounds = (name, pick) => { const all = axes.map(x => x[name]).filter(v => v !== undefined); if (all.length) axes.forEach(x => { x[name] = pick(...all); }); };
        bounds("min", Math.min);
        bounds("max", Math.max);
      } else if (axes.every(x => x.type === "value")) {
        const most = Math.max(...options.map(o => axis === "xAxis" ? o.xAxis[0].max || 0 : highest(o)));
        if (most > 0) axes.forEach(x => { x.max = axis === "xAxis" ? most : round(most); });
      }
    }
  }

  // highest is the largest value of a chart: of a stack, or of a line.
  function highest(option) {
    const of = d => { const v = d.value === undefined ? d : d.value; return Array.isArray(v) ? v[1] : v; };
    if (option.series.some(s => s.stack)) {
      return Math.max(...option.series[0].data.map((_, i) => option.series.reduce((sum, s) => sum + of(s.data[i]), 0)));
    }
    return Math.max(...option.series.flatMap(s => s.data.map(of)));
  }

  // round is the next number that an axis would end at.
  function round(v) {
    const step = 10 ** Math.floor(Math.log10(v)) / 2;
    return +(Math.ceil(v / step) * step).toPrecision(6);
  }

  if (window.innerWidth < 640) document.querySelector("#controls details").open = false;
  open();
})();
