// Buttons that save or copy. The text is asked for when a button is pressed and arrives as a message; it becomes a file through a
// Blob, or goes to the clipboard. Only the view whose button was pressed acts on the answer.

function save(file, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  link.download = file;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function copy(text) {
  if (navigator.clipboard !== undefined && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

function render({ model, el }) {
  const buttons = new Map();
  const waiting = new Set();
  const heard = document.createElement("span");
  heard.setAttribute("role", "status");
  el.classList.add("mailkit-save");
  for (const [name, label, kind] of model.get("actions")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.className = "jupyter-button widget-button";
    button.dataset.lmSuppressShortcuts = "true";
    button.addEventListener("click", () => {
      waiting.add(name);
      model.send({ wanted: name });
    });
    buttons.set(name, { button, label, kind });
    el.append(button);
  }
  el.append(heard);

  const answer = async (message, buffers) => {
    if (message.wait) {
      if (waiting.has(message.name)) heard.textContent = "Making the file …";
      return;
    }
    if (!waiting.delete(message.name)) return;
    if (message.why !== undefined) {
      heard.textContent = message.why;
      return;
    }
    const { kind } = buttons.get(message.name);
    try {
      if (kind === "copy") await copy(message.text);
      else save(message.file, message.text ?? buffers[0]);
      heard.textContent = kind === "copy" ? "Copied." : `Saved as ${message.file}.`;
    } catch (error) {
      heard.textContent = `The browser did not allow it: ${error.message}`;
    }
  };
  const show = () => {
    for (const { button } of buttons.values()) button.disabled = model.get("disabled");
    heard.textContent = "";
  };
  model.on("msg:custom", answer);
  model.on("change:disabled", show);
  show();
  return () => {
    model.off("msg:custom", answer);
    model.off("change:disabled", show);
  };
}

export default { render };
