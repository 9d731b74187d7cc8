// The line of status. The element with role=status is made once and keeps its place, so that a screen reader hears each change; the
// seconds beside it change without being read out.

function render({ model, el }) {
  const bar = document.createElement("progress");
  const line = document.createElement("span");
  const detail = document.createElement("span");
  const seconds = document.createElement("span");
  let timer;
  let since = 0;
  bar.setAttribute("aria-label", "Running");
  line.setAttribute("role", "status");
  seconds.setAttribute("aria-hidden", "true");
  detail.setAttribute("aria-hidden", "true");
  seconds.className = "mailkit-seconds";
  el.classList.add("mailkit-status");
  el.append(bar, line, detail, seconds);

  const tick = () => {
    seconds.textContent = `${Math.floor((performance.now() - since) / 1000)} s`;
  };
  const show = () => {
    const running = model.get("running");
    if (line.textContent !== model.get("text")) line.textContent = model.get("text");
    detail.textContent = model.get("detail");
    bar.hidden = !running;
    seconds.hidden = !running;
    if (running && timer === undefined) {
      since = performance.now();
      tick();
      timer = setInterval(tick, 1000);
    } else if (!running) {
      clearInterval(timer);
      timer = undefined;
    }
  };
  model.on("change", show);
  show();
  return () => {
    clearInterval(timer);
    model.off("change", show);
  };
}

export default { render };
