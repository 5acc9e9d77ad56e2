"use strict";
(function () {
  const { data, number } = memsim;

  // The table of tensors is long: it is built when it is opened.
  const columns = [["tensor", "tensor"], ["kind", "kind"], ["dtype", "type"], ["dram_bytes_per_token", "DRAM MB", 1e-6], ["sram_bytes_per_token", "SRAM MB", 1e-6],
    ["flash_bytes_per_token", "flash MB", 1e-6], ["time_us_per_token", "µs", 1], ["energy_uj_per_token", "µJ", 1]];
  function tensorTable(list) {
    const table = document.createElement("table");
    table.className = "sortable";
    const head = table.createTHead().insertRow(), body = table.createTBody();
    for (const [, title, scale] of columns) {
      const th = document.createElement("th");
      th.scope = "col";
      th.textContent = title;
      if (scale) th.className = "n";
      head.append(th);
    }
    for (const tensor of [...list].sort((a, b) => b.dram_bytes_per_token - a.dram_bytes_per_token)) {
      const row = body.insertRow();
      for (const [key, , scale] of columns) {
        const cell = row.insertCell();
        cell.textContent = scale ? number(tensor[key] * scale) : tensor[key];
        if (scale) { cell.className = "n"; cell.dataset.value = tensor[key]; }
      }
    }
    memsim.sortable(table);
    return table;
  }
  document.querySelectorAll("details.tensors").forEach(details => details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table")) return;
    const box = document.createElement("div");
    box.className = "scroll tall";
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", details.querySelector("summary").textContent);
    box.append(tensorTable(data.models[details.dataset.model].tensors));
    details.append(box);
  }));

  document.querySelectorAll("[data-download]").forEach(button => button.addEventListener("click", () => {
    const what = button.dataset.download, model = data.models[button.dataset.model];
    const content = what === "json" ? JSON.stringify(data.results, null, 2) + "\n" : what === "csv" ? data.csv : memsim.csv(model[what]);
    const type = what === "json" ? "application/json" : "text/csv";
    memsim.save(what === "json" ? "memsim.json" : what === "csv" ? "memsim.csv" : what + "-" + model.name + ".csv", type, content);
  }));
})();
