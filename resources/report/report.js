"use strict";
// Sorting, searching, downloads and leafing through pictures. Text goes in by textContent alone, nothing leaves the page.
(() => {
  const tables = JSON.parse(document.getElementById("tables").textContent);
  const STEP = 200;
  const make = (name, options = {}, ...children) => {
    const node = Object.assign(document.createElement(name), options);
    node.append(...children);
    return node;
  };

  const save = (name, type, text) => {
    const link = make("a", { download: name, href: URL.createObjectURL(new Blob([text], { type })) });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { saveTable, saveFigure } = button.dataset;
    if (saveTable) save(saveTable.replace("/", "_") + ".tsv", "text/tab-separated-values", tables[saveTable] ?? "");
    if (saveFigure) {
      const bytes = atob(document.querySelector(`#fig-${CSS.escape(saveFigure)} img`).src.split(",")[1]);
      save(saveFigure + ".svg", "image/svg+xml", Uint8Array.from(bytes, (sign) => sign.charCodeAt(0)));
    }
  });

  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, undefined, { numeric: true }) : x - y;
  };

  // A table of rows (arrays of text) with search, sorting by each column and rows shown in steps.
  const live = (columns, rows, label) => {
    const body = make("tbody");
    const status = make("span", { className: "muted", role: "status" });
    const more = make("button", { type: "button", textContent: "Show more rows" });
    const search = make("input", { type: "search" });
    let found = rows;
    let shown = STEP;
    const draw = () => {
      body.replaceChildren(...found.slice(0, shown).map((row) => make("tr", {}, ...row.map((text) => make("td", { textContent: text })))));
      more.hidden = found.length <= shown;
      status.textContent = `${found.length} of ${rows.length} rows`;
    };
    more.onclick = () => { shown += STEP; draw(); };
    search.oninput = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      found = rows.filter((row) => { const text = row.join("\t").toLowerCase(); return words.every((word) => text.includes(word)); });
      shown = STEP;
      draw();
    };
    const heads = columns.map((name, column) => {
      const head = make("th", { scope: "col" }, make("button", { type: "button", textContent: name }));
      head.firstChild.onclick = () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const order = (a, b) => compare(a[column] ?? "", b[column] ?? "");
        rows.sort(order);
        if (down) rows.reverse();
        search.oninput();
      };
      return head;
    });
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body);
    const scroll = make("div", { className: "scroll bounded", tabIndex: 0, role: "region", ariaLabel: label }, table);
    draw();
    return [make("p", { className: "tools" }, make("label", {}, "Search ", search), status), scroll, more];
  };

  for (const details of document.querySelectorAll("details[data-table]")) {
    details.addEventListener("toggle", () => {
      const place = details.querySelector(".rows");
      if (!details.open || place.hasChildNodes()) return;
      const name = details.dataset.table;
      const lines = (tables[name] ?? "").split("\n").slice(0, -1).map((line) => line.split("\t"));
      const button = make("button", { type: "button", textContent: "Download (TSV)" });
      button.dataset.saveTable = name;
      place.append(...live(lines[0] ?? [], lines.slice(1), name), make("p", { className: "downloads" }, button));
    });
  }
  for (const table of document.querySelectorAll("table[data-live]")) {
    const text = (row) => [...row.cells].map((cell) => cell.textContent);
    const place = table.closest(".scroll");
    place.replaceWith(...live(text(table.tHead.rows[0]), [...table.tBodies[0].rows].map(text), place.getAttribute("aria-label")));
  }

  for (const viewer of document.querySelectorAll("[data-viewer]")) {
    const people = [...viewer.querySelectorAll("[data-person]")];
    const choice = viewer.querySelector("[data-people]");
    const visit = viewer.querySelector("[data-visits]");
    const show = (index) => {
      choice.selectedIndex = index;
      people.forEach((person, i) => { person.hidden = i !== index; });
    };
    viewer.querySelector(".chooser").hidden = false;
    visit.onchange = () => {
      for (const picture of viewer.querySelectorAll("[data-visit]")) {
        picture.hidden = visit.value !== "" && picture.dataset.visit !== "" && picture.dataset.visit !== visit.value;
      }
    };
    choice.onchange = () => show(choice.selectedIndex);
    for (const button of viewer.querySelectorAll("[data-step]")) {
      button.onclick = () => show((choice.selectedIndex + Number(button.dataset.step) + people.length) % people.length);
    }
    show(0);
  }

  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();
  if (matchMedia("(max-width: 56rem)").matches) document.querySelector(".contents").open = false;

  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "0px 0px -75% 0px" });
  document.querySelectorAll("main > section").forEach((section) => seen.observe(section));
})();
