// A password field that keeps nothing: what was typed goes to the kernel as a message (which is part of no saved state) as
// soon as the field is left, and the field is emptied. The model only knows that a password is there.

function render({ model, el }) {
  // By chance and not counted: each widget has a copy of this module, and a label must not lead into another one's field.
  const id = `mailkit-secret-${Math.random().toString(36).slice(2)}`;
  const label = document.createElement("label");
  const input = document.createElement("input");
  const forget = document.createElement("button");
  label.htmlFor = id;
  label.className = "widget-label";
  input.id = id;
  input.type = "password";
  input.autocomplete = "new-password";
  input.spellcheck = false;
  forget.type = "button";
  forget.textContent = "Forget";
  forget.className = "mailkit-forget";
  forget.dataset.lmSuppressShortcuts = "true";
  el.classList.add("mailkit-secret");
  el.append(label, input, forget);

  const send = () => {
    if (input.value !== "") {
      model.send({ typed: input.value });
      input.value = "";
    }
  };
  // So that a Start button can be enabled while the field still has the focus: leaving it sends the value first.
  const tell = () => {
    model.set("filled", input.value !== "");
    model.save_changes();
  };
  const show = () => {
    const held = model.get("held");
    label.textContent = model.get("description");
    input.placeholder = held ? "typed; kept in memory, used once" : "";
    input.disabled = model.get("disabled");
    forget.hidden = !held || model.get("disabled");
    forget.setAttribute("aria-label", `Forget the ${model.get("description").toLowerCase()}`);
  };
  input.addEventListener("input", tell);
  input.addEventListener("change", send);
  input.addEventListener("blur", send);
  forget.addEventListener("click", () => {
    model.send({ typed: "" });
    input.focus();
  });
  model.on("change", show);
  show();
  return () => {
    input.value = "";
    model.off("change", show);
  };
}

export default { render };
