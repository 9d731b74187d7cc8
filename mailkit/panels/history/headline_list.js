// Sentences that lead to their tables: the fold around a table is opened, and the focus goes there.

function render({ model, el }) {
  const list = make("ul");
  el.classList.add("mailkit", "mailkit-headlines");
  el.append(list);

  const lead = (table, wanted) => {
    const panel = el.closest(".mailkit-panel") ?? document;
    const place = panel.querySelector(`[data-table="${CSS.escape(table)}"]`);
    if (place === null) return;
    for (let fold = place.closest("details"); fold !== null; fold = fold.parentElement.closest("details")) fold.open = true;
    const search = table === "latest" ? panel.querySelector(".mailkit-deliveries input[type=search], .mailkit-deliveries .dt-search input") : null;
    if (search !== null) {
      search.value = wanted;
      search.dispatchEvent(new Event("input", { bubbles: true }));
    }
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "start" });
  };
  const show = () => {
    list.replaceChildren(
      ...model.get("headlines").map(([severity, word, words, table, wanted]) => {
        const button = make("button", { type: "button", textContent: words });
        button.dataset.lmSuppressShortcuts = "true";
        button.addEventListener("click", () => lead(table, wanted));
        return make("li", { className: `mk-${severity}` }, make("span", { className: `mk-word mk-${severity}`, textContent: word }), button);
      }),
    );
  };
  model.on("change", show);
  show();
  return () => model.off("change", show);
}

export default { render };
