// The list of steps. A step's element is made once and its words change, so that the focus stays where it is.

function render({ model, el }) {
  const list = make("ol");
  const nav = make("nav", {}, list);
  nav.setAttribute("aria-label", "Steps");
  el.classList.add("mailkit", "mailkit-steps");
  el.append(nav);
  let names = "";
  let entries = [];

  const show = () => {
    const steps = model.get("steps");
    if (JSON.stringify(steps.map(([name]) => name)) !== names) {
      names = JSON.stringify(steps.map(([name]) => name));
      entries = steps.map(([name], index) => {
        const [title, state] = [make("span", { className: "mailkit-step-title" }), make("span", { className: "mailkit-step-state" })];
        const button = make("button", { type: "button" }, make("span", { className: "mailkit-step-number", textContent: index + 1 }), title, " ", state);
        button.dataset.lmSuppressShortcuts = "true";
        button.addEventListener("click", () => model.send({ go: name }));
        return { button, title, state };
      });
      list.replaceChildren(...entries.map(({ button }) => make("li", {}, button)));
    }
    steps.forEach(([name, words, state, said], index) => {
      const entry = entries[index];
      entry.title.textContent = words;
      entry.state.textContent = said;
      entry.button.dataset.state = state;
      if (name === model.get("current")) entry.button.setAttribute("aria-current", "step");
      else entry.button.removeAttribute("aria-current");
    });
  };
  model.on("change", show);
  show();
  return () => model.off("change", show);
}

export default { render };
