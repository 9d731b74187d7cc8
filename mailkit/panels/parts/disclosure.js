// A button that says whether what it stands for is unfolded. The kernel shows and hides the rest.

function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.lmSuppressShortcuts = "true";
  button.addEventListener("click", () => {
    model.set("opened", !model.get("opened"));
    model.save_changes();
  });
  el.classList.add("mailkit-disclosure");
  el.append(button);

  const show = () => {
    button.textContent = model.get("description");
    button.setAttribute("aria-expanded", String(model.get("opened")));
  };
  model.on("change", show);
  show();
  return () => model.off("change", show);
}

export default { render };
