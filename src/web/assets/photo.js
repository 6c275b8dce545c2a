// A box is drawn by dragging, shown as it is typed, and a face that is chosen in the photo can be named at once.

const stage = document.querySelector("#stage");
const draw = document.querySelector("#draw");

// To the photo before or after by the arrow keys.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  document.querySelector(`a[rel="${rel}"]`)?.click();
});

function choose() {
  const item = document.querySelector(location.hash.startsWith("#face-") ? location.hash : null);
  for (const link of stage.querySelectorAll("a")) link.classList.toggle("chosen", link.getAttribute("href") === location.hash);
  item?.closest(".crowd")?.setAttribute("open", "");
  item?.querySelector("details")?.setAttribute("open", "");
  item?.querySelector("[name=name]")?.focus();
}
addEventListener("hashchange", choose);
// Not before: a browser that goes to the face in the address takes the focus away.
addEventListener("load", choose);

if (draw) {
  const fields = draw.querySelector("form").elements;
  const sides = ["left", "top", "width", "height"];
  const { width: across, height: down } = stage.viewBox.baseVal;
  const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  box.setAttribute("class", "drawn");

  const show = () => {
    box.remove();
    if (!draw.open) return;
    const [left, top, width, height] = sides.map((side) => Math.max(0, fields[side].valueAsNumber || 0) / 100);
    const at = { x: left * across, y: top * down, width: width * across, height: height * down };
    for (const [name, value] of Object.entries(at)) box.setAttribute(name, value);
    stage.append(box);
  };
  draw.addEventListener("toggle", show);
  draw.addEventListener("input", show);

  // Where the pointer is, in the unit of the boxes, within the photo.
  const point = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(stage.getScreenCTM().inverse());
    return [Math.min(Math.max(at.x, 0), across), Math.min(Math.max(at.y, 0), down)];
  };
  const percent = (part) => Math.round(part * 10000) / 100;
  let start = null;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch" && !draw.open) return;
    start = point(event);
  });
  stage.addEventListener("dragstart", (event) => event.preventDefault());
  addEventListener("pointermove", (event) => {
    if (!start) return;
    const end = point(event);
    const [width, height] = [Math.abs(end[0] - start[0]), Math.abs(end[1] - start[1])];
    // A click that trembles draws nothing.
    if (Math.max(width, height) < 8) return;
    draw.open = true;
    const values = [Math.min(start[0], end[0]) / across, Math.min(start[1], end[1]) / down, width / across, height / down];
    sides.forEach((side, index) => { fields[side].value = percent(values[index]); });
    show();
    stage.classList.add("drawing");
  });
  // What the browser takes for something else, as a second finger, draws no more.
  addEventListener("pointercancel", () => {
    start = null;
    stage.classList.remove("drawing");
  });
  addEventListener("pointerup", () => {
    start = null;
    if (!stage.classList.contains("drawing")) return;
    // The click that ends it must not choose the face below.
    setTimeout(() => stage.classList.remove("drawing"));
    fields.name.focus();
  });
  stage.addEventListener("click", (event) => {
    if (stage.classList.contains("drawing")) event.preventDefault();
  }, true);
  stage.classList.add("drawable");
}
