// A text area with a button, and a place to drop files on. Text and files go to the kernel as messages, files in pieces one after the
// other; nothing of them is in a trait.

function render({ model, el }) {
  const id = `mailkit-paste-${Math.random().toString(36).slice(2)}`;
  const label = make("label", { htmlFor: id, className: "mailkit-paste-label" });
  const area = make("textarea", { id, rows: 6, spellcheck: false, autocomplete: "off" });
  const hint = make("p", { id: `${id}-hint`, className: "mailkit-hint" });
  const go = make("button", { type: "button", className: "jupyter-button widget-button mod-primary" });
  const input = make("input", { type: "file", id: `${id}-files`, multiple: true });
  const choose = make("label", { htmlFor: input.id, className: "jupyter-button widget-button", textContent: "Choose files" });
  const clear = make("button", { type: "button", className: "jupyter-button widget-button", textContent: "Clear" });
  const heard = make("span", { className: "mailkit-found" });
  area.setAttribute("aria-describedby", hint.id);
  heard.setAttribute("role", "status");
  el.classList.add("mailkit", "mailkit-paste");
  const files = make("span", { className: "mailkit-paste-files" }, input, choose);
  el.append(label, area, hint, make("div", { className: "mailkit-paste-actions" }, go, files, clear, heard));
  for (const control of [area, go, input, clear]) control.dataset.lmSuppressShortcuts = "true";

  const explain = () => {
    if (model.get("busy")) return;
    const { text } = model.get("limits");
    if (area.value.trim() === "") {
      heard.textContent = "Paste something first, or choose files.";
      area.focus();
      return;
    }
    heard.textContent = area.value.length > text ? `Only the first ${text.toLocaleString("en")} characters are read.` : "";
    model.send({ text: area.value.slice(0, text) });
  };
  const give = async (list) => {
    if (model.get("busy") || list.length === 0) return;
    const { drop, files: most, piece } = model.get("limits");
    const size = list.reduce((sum, file) => sum + file.size, 0);
    if (size > drop || list.length > most) {
      heard.textContent = `That is more than ${drop / 1e6} MB or ${most.toLocaleString("en")} files at once; ${model.get("elsewhere")}.`;
      return;
    }
    heard.textContent = "";
    try {
      model.send({ begin: true });
      for (const file of list) {
        for (let at = 0; at === 0 || at < file.size; at += piece) {
          model.send({ file: file.name, first: at === 0 }, undefined, [await file.slice(at, at + piece).arrayBuffer()]);
        }
      }
      model.send({ end: true });
      area.value = ""; // what is answered now is what was dropped
    } catch {
      heard.textContent = "That could not be read; a folder cannot be dropped, its files can.";
    }
  };

  go.addEventListener("click", explain);
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    explain();
  });
  clear.addEventListener("click", () => {
    area.value = "";
    heard.textContent = "";
    area.focus();
  });
  input.addEventListener("change", async () => {
    const list = [...input.files];
    await give(list);
    input.value = "";
  });
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  el.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    el.classList.add("mailkit-dropping");
  });
  el.addEventListener("dragleave", (event) => {
    if (!el.contains(event.relatedTarget)) el.classList.remove("mailkit-dropping");
  });
  el.addEventListener("drop", (event) => {
    el.classList.remove("mailkit-dropping");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    give([...event.dataTransfer.files]);
  });

  const show = () => {
    label.textContent = model.get("label");
    hint.textContent = model.get("hint");
    go.textContent = model.get("action");
    input.accept = model.get("accept");
    go.disabled = input.disabled = model.get("busy");
  };
  const hear = (message) => {
    if (typeof message.show === "string") area.value = message.show;
  };
  model.on("change", show);
  model.on("msg:custom", hear);
  show();
  return () => {
    area.value = "";
    model.off("change", show);
    model.off("msg:custom", hear);
  };
}

export default { render };
