// The results, section by section. A section is only touched when its markup changed, and folds that a reader has opened or closed (known
// by data-fold) stay so. The markup is escaped where it is made, in mailkit.report.page.

function render({ model, el }) {
  const shown = new Map();
  el.classList.add("mailkit", "mailkit-sheet");

  const fill = (section, markup) => {
    const opened = new Map();
    for (const fold of section.querySelectorAll("details[data-fold]")) opened.set(fold.dataset.fold, fold.open);
    section.innerHTML = markup;
    for (const fold of section.querySelectorAll("details[data-fold]")) {
      if (opened.has(fold.dataset.fold)) fold.open = opened.get(fold.dataset.fold);
    }
  };
  const show = () => {
    const wanted = new Map(model.get("sections"));
    for (const [name, entry] of shown) {
      if (!wanted.has(name)) {
        entry.section.remove();
        shown.delete(name);
      }
    }
    let last = null;
    for (const [name, markup] of wanted) {
      let entry = shown.get(name);
      if (entry === undefined) {
        entry = { section: document.createElement("div"), markup: null };
        entry.section.dataset.section = name;
        shown.set(name, entry);
      }
      if (entry.markup !== markup) {
        fill(entry.section, markup);
        entry.markup = markup;
      }
      const place = last === null ? el.firstChild : last.nextSibling;
      if (place !== entry.section) el.insertBefore(entry.section, place);
      last = entry.section;
    }
  };
  model.on("change:sections", show);
  show();
  return () => model.off("change:sections", show);
}

export default { render };
