// A heading. It is no stop of the Tab key, but can be given the focus when what it stands above has changed.

function render({ model, el }) {
  const heading = document.createElement("h3");
  const about = document.createElement("p");
  heading.tabIndex = -1;
  heading.dataset.lmSuppressShortcuts = "true";
  el.classList.add("mailkit", "mailkit-heading");
  el.append(heading, about);

  const show = () => {
    heading.textContent = model.get("text");
    about.textContent = model.get("about");
    about.hidden = model.get("about") === "";
  };
  const hear = (message) => {
    if (message.focus) heading.focus();
  };
  model.on("change", show);
  model.on("msg:custom", hear);
  show();
  return () => {
    model.off("change", show);
    model.off("msg:custom", hear);
  };
}

export default { render };
