// One page of a table. The rows come from the kernel; choosing, filtering and turning pages are asked of it by messages. Among the rows
// the arrow keys move, so that the table is one stop of the Tab key (two, where its rows can be ticked).

function render({ model, el }) {
  const search = make("input", { type: "search", spellcheck: false, autocomplete: "off" });
  const found = make("span", { className: "mailkit-found" });
  const before = make("button", { type: "button", className: "jupyter-button widget-button", textContent: "Previous page" });
  const after = make("button", { type: "button", className: "jupyter-button widget-button", textContent: "Next page" });
  const caption = make("caption");
  const head = make("thead");
  const body = make("tbody");
  const pager = make("div", { className: "mailkit-pager" }, before, after);
  found.setAttribute("role", "status");
  el.classList.add("mailkit", "mailkit-row-table");
  el.append(
    make("div", { className: "mailkit-finder" }, make("label", {}, "Filter ", search), found),
    make("div", { className: "mailkit-scroll" }, make("table", {}, caption, head, body)),
    pager,
  );
  for (const control of [search, before, after]) control.dataset.lmSuppressShortcuts = "true";

  let waiting;
  let typing = false;
  search.addEventListener("input", () => {
    typing = true;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      typing = false;
      model.send({ filter: search.value });
    }, 250);
  });
  before.addEventListener("click", () => model.send({ page: model.get("page") - 1 }));
  after.addEventListener("click", () => model.send({ page: model.get("page") + 1 }));

  const every = make("input", { type: "checkbox" });
  const heading = make("th", { scope: "col", className: "mailkit-tick" }, make("label", {}, every, " all"));
  every.dataset.lmSuppressShortcuts = "true";
  every.addEventListener("change", () => model.send({ tick: null, on: every.checked }));

  const buttons = () => [...body.querySelectorAll("button")];
  const boxes = () => [...body.querySelectorAll("input")];
  const choose = (number) => () => model.send({ choose: number });
  body.addEventListener("keydown", (event) => {
    const all = event.target.matches("input") ? boxes() : buttons();
    const here = all.indexOf(event.target);
    const there = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
    if (there === undefined || all[there] === undefined) return;
    event.preventDefault();
    stop(all[there]);
    all[there].focus();
  });
  const stop = (control) => {
    if (control === undefined) return;
    for (const other of control.matches("input") ? boxes() : buttons()) other.tabIndex = other === control ? 0 : -1;
  };

  let drawn = "";
  const show = () => {
    const [columns, rows, chosen] = [model.get("columns"), model.get("rows"), model.get("chosen")];
    const [ticking, tones] = [model.get("ticking"), model.get("tones")];
    if (JSON.stringify([columns, rows, tones]) !== drawn) {
      drawn = JSON.stringify([columns, rows, tones]);
      const active = body.contains(document.activeElement) ? document.activeElement : null;
      const [focused, inBox] = [active?.dataset.row ?? null, active?.matches("input") ?? false];
      const toned = new Map(tones);
      head.replaceChildren(
        make("tr", {}, ...(ticking ? [heading] : []), ...columns.map((words) => make("th", { scope: "col", textContent: words }))),
      );
      body.replaceChildren(
        ...rows.map(([number, [first, ...cells]]) => {
          const button = make("button", { type: "button", textContent: first });
          button.dataset.row = String(number);
          button.dataset.lmSuppressShortcuts = "true";
          button.addEventListener("click", choose(number));
          const row = make("tr", {}, make("th", { scope: "row" }, button), ...cells.map((words) => make("td", { textContent: words })));
          if (toned.has(number)) row.children[1].dataset.tone = toned.get(number);
          if (ticking) {
            const box = make("input", { type: "checkbox" });
            box.dataset.row = String(number);
            box.dataset.lmSuppressShortcuts = "true";
            box.setAttribute("aria-label", `Choose ${first}`);
            box.addEventListener("change", () => model.send({ tick: number, on: box.checked }));
            row.prepend(make("td", { className: "mailkit-tick" }, box));
          }
          row.addEventListener("click", (event) => event.target.closest("button, .mailkit-tick") ?? button.click());
          return row;
        }),
      );
      if (focused !== null) (inBox ? boxes() : buttons()).find((control) => control.dataset.row === focused)?.focus();
    }
    const [ticked, locked, all] = [model.get("ticked"), model.get("locked"), model.get("every")];
    for (const box of boxes()) {
      box.checked = ticked.includes(Number(box.dataset.row));
      box.disabled = locked.includes(Number(box.dataset.row));
    }
    heading.firstChild.hidden = every.disabled = all === "";
    every.checked = all === "all";
    every.indeterminate = all === "some";
    if (!boxes().some((box) => box.tabIndex === 0 && !box.disabled && box === document.activeElement)) {
      stop(boxes().find((box) => !box.disabled));
    }
    for (const button of buttons()) {
      const current = Number(button.dataset.row) === chosen;
      button.closest("tr").classList.toggle("mailkit-chosen", current);
      if (current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    stop(buttons().find((button) => button.hasAttribute("aria-current")) ?? buttons()[0]);
    caption.textContent = model.get("caption");
    found.textContent = model.get("found");
    if (!typing && search.value !== model.get("filter")) search.value = model.get("filter");
    before.disabled = model.get("page") <= 1;
    after.disabled = model.get("page") >= model.get("pages");
    pager.hidden = model.get("pages") <= 1;
  };
  const hear = (message) => {
    if (message.focus) (buttons().find((button) => button.tabIndex === 0) ?? search).focus();
  };
  model.on("change", show);
  model.on("msg:custom", hear);
  show();
  return () => {
    clearTimeout(waiting);
    model.off("change", show);
    model.off("msg:custom", hear);
  };
}

export default { render };
