// A file from the reader's computer. Its bytes go to the kernel as a message, and the field is emptied, so that the same file can be
// chosen again after it was changed.

function render({ model, el }) {
  const id = `mailkit-file-${Math.random().toString(36).slice(2)}`;
  const input = document.createElement("input");
  const label = document.createElement("label");
  const heard = document.createElement("span");
  input.type = "file";
  input.id = id;
  input.dataset.lmSuppressShortcuts = "true";
  label.htmlFor = id;
  label.className = "jupyter-button widget-button";
  heard.setAttribute("role", "status");
  el.classList.add("mailkit", "mailkit-file");
  el.append(input, label, heard);

  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (file === undefined) return;
    if (file.size > model.get("largest")) {
      heard.textContent = `${file.name} is larger than ${Math.round(model.get("largest") / 1e6)} MB; take the part that matters.`;
    } else {
      heard.textContent = "";
      model.send({ file: file.name }, undefined, [await file.arrayBuffer()]);
    }
    input.value = "";
  });
  const show = () => {
    label.textContent = model.get("description");
    input.accept = model.get("accept");
  };
  model.on("change", show);
  show();
  return () => model.off("change", show);
}

export default { render };
