"use strict";
(() => {
  const STEP = 50;
  for (const box of document.querySelectorAll("[data-rows]")) {
    const form = box.querySelector("form");
    const table = box.querySelector("table");
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const more = box.querySelector("[name=more]");
    const rows = [...body.rows].map((row, place) => ({ row, place, words: null }));
    const fields = form.elements;
    let limit = STEP;
    const words = (one) => {
      if (one.words === null) {
        const prompt = document.getElementById(one.row.dataset.p);
        one.words = (one.row.textContent + " " + (prompt ? prompt.textContent : "")).toLowerCase();
      }
      return one.words;
    };
    const value = (one, column) => {
      const cell = one.row.cells[column];
      const text = (column ? cell : cell.firstElementChild).textContent.replace(/,/g, "");
      return parseFloat(text);
    };
    const open = (row, wanted) => {
      row.classList.toggle("open", wanted);
      row.cells[0].firstElementChild.ariaExpanded = String(wanted);
      const prompt = document.getElementById(row.dataset.p);
      const cell = row.cells[row.cells.length - 1];
      if (wanted && prompt && !cell.querySelector(".prompt")) {
        const copy = document.createElement("div");
        copy.className = "prompt t";
        copy.textContent = prompt.textContent;
        cell.prepend(copy);
      }
    };
    const show = () => {
      const asked = fields.q.value.trim().toLowerCase();
      const only = fields.only.value;
      const column = Number(fields.by.value);
      const down = fields.turn.getAttribute("aria-pressed") === "true";
      const kept = rows.filter(
        (one) => (!only || one.row.classList.contains(only)) && (!asked || words(one).includes(asked))
      );
      const keys = new Map(kept.map((one) => [one, value(one, column)]));
      kept.sort((a, b) => {
        const x = keys.get(a), y = keys.get(b);
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || a.place - b.place;
        return (down ? y - x : x - y) || a.place - b.place;
      });
      const visible = new Set(kept.slice(0, limit));
      for (const one of rows) one.row.classList.toggle("late", !visible.has(one));
      for (const one of visible) {
        const button = one.row.cells[0].firstElementChild;
        if (!button.ariaExpanded) button.ariaExpanded = "false";
      }
      if (kept.some((one, place) => body.rows[place] !== one.row)) {
        body.append(...kept.map((one) => one.row));
      }
      heads.forEach((head, index) => {
        if (index === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      const said = `${Math.min(limit, kept.length)} of ${kept.length} rows`;
      form.querySelector("output").value =
        kept.length === rows.length ? said : `${said}, of ${rows.length} on this page`;
      more.hidden = kept.length <= limit;
      more.textContent = `Show ${Math.min(STEP, kept.length - limit)} more rows`;
    };
    const turn = (down) => {
      fields.turn.setAttribute("aria-pressed", String(down));
      fields.turn.textContent = down ? "Smallest first" : "Largest first";
    };
    const anew = () => { limit = STEP; show(); };
    heads.slice(0, -1).forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        turn(Number(fields.by.value) === index && fields.turn.getAttribute("aria-pressed") !== "true");
        fields.by.value = String(index);
        anew();
      });
    });
    body.addEventListener("click", (event) => {
      const button = event.target.closest("th button");
      if (button) open(button.closest("tr"), !button.closest("tr").classList.contains("open"));
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", anew);
    fields.turn.addEventListener("click", () => {
      turn(fields.turn.getAttribute("aria-pressed") !== "true");
      anew();
    });
    more.addEventListener("click", () => { limit += STEP; show(); });
    const follow = () => {
      const row = document.getElementById(location.hash.slice(1));
      if (!row || row.parentElement !== body) return;
      if (row.classList.contains("late")) {
        form.reset();
        turn(false);
        limit = rows.length;
        show();
      }
      open(row, true);
      row.scrollIntoView({ block: "center" });
      row.cells[0].firstElementChild.focus({ preventScroll: true });
    };
    addEventListener("hashchange", follow);
    show();
    follow();
  }
})();
