// Labelled fields. Each control shows the value the kernel holds and sends every edit there as a message; nothing is decided here. A
// field that is being typed in, or whose edit the kernel has not answered yet, keeps what it shows.

const UNKNOWN = "not known";
function render({ model, el }) {
  const prefix = `mailkit-field-${Math.random().toString(36).slice(2)}`; // each view is a module of its own: nothing could count them
  let shown = new Map();
  el.classList.add("mailkit", "mailkit-field-set");
  const unanswered = new Map();
  const send = (id, value) => {
    unanswered.set(id, (unanswered.get(id) ?? 0) + 1);
    model.send({ set: id, value });
  };

  const text = (field, names) => {
    const lines = field.kind === "lines";
    const input = make(lines ? "textarea" : "input", { id: names.control, spellcheck: false, autocomplete: "off" });
    if (lines) input.rows = 3;
    else input.type = "text";
    const empty = make("input", { type: "checkbox" });
    empty.setAttribute("aria-label", `${field.label}: empty on the screen`);
    const choice = make("label", { className: "mailkit-empty" }, empty, "empty");
    let typing = false;
    input.addEventListener("input", () => {
      typing = true;
      choice.hidden = input.value !== "" || !field.empty;
    });
    input.addEventListener("change", () => {
      typing = false;
      send(field.id, input.value === "" ? null : input.value);
    });
    empty.addEventListener("change", () => send(field.id, empty.checked ? "" : null));
    input.readOnly = empty.disabled = Boolean(field.locked);
    return {
      parts: field.empty && !field.locked ? [input, choice] : [input],
      control: input,
      show: (value) => {
        if (typing) return;
        if (input.value !== (value ?? "")) input.value = value ?? "";
        input.placeholder = value === "" ? "empty" : field.unknown ?? UNKNOWN;
        empty.checked = value === "";
        choice.hidden = Boolean(value);
      },
    };
  };

  const choice = (field, names) => {
    const select = make("select", { id: names.control, disabled: Boolean(field.locked) });
    const options = [...(field.certain ? [] : [[null, field.unknown ?? UNKNOWN]]), ...field.options];
    select.append(...options.map(([, words], index) => make("option", { value: String(index), textContent: words })));
    select.addEventListener("change", () => send(field.id, options[Number(select.value)][0]));
    return {
      parts: [select],
      control: select,
      show: (value) => {
        select.value = String(Math.max(0, options.findIndex(([known]) => known === value)));
        select.classList.toggle("mailkit-unknown", value === null);
      },
    };
  };

  const flag = (field, names) => {
    const options = [...field.options, ...(field.certain ? [] : [[null, field.unknown ?? UNKNOWN]])];
    const buttons = options.map(([value], index) => {
      const button = make("input", { type: "radio", name: names.control, id: `${names.control}-${index}`, disabled: Boolean(field.locked) });
      button.addEventListener("change", () => send(field.id, value));
      return button;
    });
    const group = make("div", { className: "mailkit-options" }, ...options.map(([, words], index) => make("label", {}, buttons[index], words)));
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-labelledby", names.label);
    return {
      parts: [group],
      control: group,
      first: buttons[0],
      show: (value) => options.forEach(([known], index) => (buttons[index].checked = known === value)),
    };
  };

  const build = (field, index) => {
    const id = `${prefix}-${index}`;
    const names = { control: id, label: `${id}-label`, hint: `${id}-hint`, problem: `${id}-problem` };
    const made = { text, lines: text, choice, flag }[field.kind](field, names);
    const label = make(field.kind === "flag" ? "span" : "label", { id: names.label, className: "mailkit-label", textContent: field.label });
    if (field.kind !== "flag") label.htmlFor = names.control;
    const locked = make("span", { id: `${id}-locked`, className: "mailkit-chip", textContent: field.locked ?? "", hidden: !field.locked });
    const hint = make("p", { id: names.hint, className: "mailkit-hint", textContent: field.hint ?? "", hidden: !field.hint });
    const problem = make("p", { id: names.problem, className: "mailkit-problem", hidden: true });
    made.control.setAttribute("aria-describedby", `${locked.id} ${names.problem} ${names.hint}`);
    const box = make("div", { className: "mailkit-field" }, label, locked, ...made.parts, problem, hint);
    box.classList.toggle("mailkit-wide", Boolean(field.wide));
    box.classList.toggle("mailkit-locked", Boolean(field.locked));
    shown.set(field.id, {
      control: made.first ?? made.control,
      show: (value, wrong) => {
        made.show(value);
        problem.textContent = wrong ?? "";
        problem.hidden = !wrong;
        if (wrong) made.control.setAttribute("aria-invalid", "true");
        else made.control.removeAttribute("aria-invalid");
      },
    });
    return box;
  };

  const show = () => {
    const [values, problems] = [model.get("values"), model.get("problems")];
    for (const [id, entry] of shown) if (!unanswered.get(id)) entry.show(values[id] ?? null, problems[id]);
  };
  let built = "";
  const rebuild = () => {
    const fields = model.get("fields");
    if (JSON.stringify(fields) === built) return;
    built = JSON.stringify(fields);
    shown = new Map();
    el.replaceChildren();
    let grid = null;
    fields.forEach((field, index) => {
      if (grid === null || field.group !== fields[index - 1].group) {
        grid = make("div", { className: "mailkit-grid" });
        el.append(field.group ? make("fieldset", {}, make("legend", { textContent: field.group }), grid) : grid);
      }
      grid.append(build(field, index));
    });
    // The keys typed here are no commands to the notebook.
    for (const control of el.querySelectorAll("input, select, textarea")) control.dataset.lmSuppressShortcuts = "true";
    show();
  };
  const hear = (message) => {
    if (message.focus) shown.values().next().value?.control.focus();
    if (message.settled) {
      unanswered.set(message.settled, Math.max(0, (unanswered.get(message.settled) ?? 0) - 1));
      show();
    }
  };
  model.on("change:fields", rebuild);
  model.on("change:values change:problems", show);
  model.on("msg:custom", hear);
  rebuild();
  return () => {
    model.off("change:fields", rebuild);
    model.off("change:values change:problems", show);
    model.off("msg:custom", hear);
  };
}

export default { render };
