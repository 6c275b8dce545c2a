// A grid of all photos found: only those near the window are in the page, so that a hundred thousand scroll like ten.

const grid = document.querySelector("#grid");
if (grid) {
  const GAP = 6;
  const bar = document.querySelector("#chosen");
  const template = grid.querySelector("li");
  const photos = []; // [id, width by height, name]
  const rows = []; // { first, end, top, height }
  const shown = new Map(); // index -> li
  const chosen = new Set(); // ids
  let lastPicked = null;
  let width = 0;

  // Rows of one height each, as near to the usual one as fills the width; those before `from` stay.
  function layOut(from = 0) {
    const usual = innerWidth < 640 ? 120 : 190;
    rows.length = rows.findIndex((row) => row.end > from) + 1 || rows.length;
    rows.pop();
    let first = rows.at(-1)?.end ?? 0;
    let top = rows.length ? rows.at(-1).top + rows.at(-1).height + GAP : 0;
    let sum = 0;
    for (let index = first; index < photos.length; index++) {
      sum += Math.min(Math.max(photos[index][1], 0.4), 4);
      const gaps = GAP * (index - first);
      const isLast = index === photos.length - 1;
      if (sum * usual + gaps >= width || isLast) {
        const height = Math.min((width - gaps) / sum, isLast ? usual : Infinity);
        rows.push({ first, end: index + 1, top, height });
        top += height + GAP;
        first = index + 1;
        sum = 0;
      }
    }
    grid.style.height = `${top}px`;
  }

  function item(index) {
    const [id, , name] = photos[index];
    const li = template.cloneNode(true);
    const [box, link, image] = ["input", "a", "img"].map((name) => li.querySelector(name));
    box.value = id;
    box.checked = chosen.has(String(id));
    box.dataset.index = index;
    link.href = `/photo/${id}${grid.dataset.query}`;
    image.alt = image.title = name;
    box.setAttribute("aria-label", grid.dataset.select.replace("{}", () => name));
    image.removeAttribute("src");
    image.dataset.src = `/photo/${id}/grid.jpg`;
    return li;
  }

  function place(li, row, index) {
    let left = 0;
    for (let before = row.first; before < index; before++) left += breadth(row, before) + GAP;
    Object.assign(li.style, { left: `${left}px`, top: `${row.top}px`, width: `${breadth(row, index)}px`, height: `${row.height}px` });
  }
  const breadth = (row, index) => Math.min(Math.max(photos[index][1], 0.4), 4) * row.height;

  // The first row that ends below a height.
  function rowAt(height) {
    let [low, high] = [0, rows.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].top + rows[middle].height < height) low = middle + 1;
      else high = middle;
    }
    return Math.max(low, 0);
  }

  let loading;
  function show() {
    const top = -grid.getBoundingClientRect().top;
    const [from, to] = [rowAt(top - innerHeight), rowAt(top + 2 * innerHeight)];
    if (!rows.length) return;
    const [first, end] = [rows[from].first, rows[to].end];
    for (const [index, li] of shown) {
      if ((index < first || index >= end) && !li.contains(document.activeElement)) {
        li.querySelector("img").removeAttribute("src");
        li.remove();
        shown.delete(index);
      }
    }
    // In the order of the photos, which is that of the Tab key.
    let next = grid.firstElementChild;
    for (let row = from; row <= to; row++) {
      for (let index = rows[row].first; index < rows[row].end; index++) {
        while (next && Number(next.querySelector("input").dataset.index) < index) next = next.nextElementSibling;
        let li = shown.get(index);
        if (li) next = li.nextElementSibling;
        else {
          li = item(index);
          shown.set(index, li);
          grid.insertBefore(li, next);
        }
        place(li, rows[row], index);
      }
    }
    // What is scrolled past is not asked for.
    clearTimeout(loading);
    loading = setTimeout(() => {
      for (const image of grid.querySelectorAll("img[data-src]:not([src])")) image.src = image.dataset.src;
    }, 60);
  }

  let drawn;
  const soon = () => { drawn ??= requestAnimationFrame(() => { drawn = null; show(); }); };

  async function all() {
    const address = new URL(grid.dataset.photos, location);
    for (;;) {
      address.searchParams.set("from", photos.length);
      const answer = await fetch(address);
      if (!answer.ok) return;
      const chunk = await answer.json();
      const known = photos.length;
      photos.push(...chunk.photos);
      if (!chunk.photos.length) return;
      if (known === 0) begin();
      layOut(known);
      show();
      if (photos.length >= chunk.total) return;
    }
  }

  function begin() {
    for (const box of grid.querySelectorAll(":checked")) chosen.add(box.value);
    grid.replaceChildren();
    grid.classList.add("laid");
    document.querySelector("#pager")?.remove();
    width = grid.clientWidth;
    addEventListener("scroll", soon, { passive: true });
    new ResizeObserver(() => {
      if (grid.clientWidth === width) return;
      // The photo at the top stays there.
      const top = -grid.getBoundingClientRect().top;
      const first = top > 0 ? rows[rowAt(top)].first : null;
      width = grid.clientWidth;
      layOut();
      const row = first !== null && rows.find((row) => row.end > first);
      if (row) scrollBy(0, grid.getBoundingClientRect().top + row.top);
      show();
    }).observe(grid);
    count();
  }

  // Selecting: one, or with the Shift key all from the last one on.
  let shift = false;
  grid.addEventListener("click", (event) => { shift = event.shiftKey; }, true);
  grid.addEventListener("change", (event) => {
    const box = event.target;
    const index = Number(box.dataset.index ?? NaN);
    const [from, to] = shift && lastPicked !== null ? [Math.min(lastPicked, index), Math.max(lastPicked, index)] : [index, index];
    if (Number.isNaN(index)) pick(box.value, box.checked);
    else for (let each = from; each <= to; each++) pick(String(photos[each][0]), box.checked);
    for (const li of shown.values()) {
      const other = li.querySelector("input");
      other.checked = chosen.has(other.value);
    }
    lastPicked = index;
    count();
  });
  const pick = (id, on) => { if (on) chosen.add(id); else chosen.delete(id); };
  const count = () => {
    bar.classList.toggle("on", chosen.size > 0);
    bar.querySelector(".number").textContent = chosen.size || "";
  };
  bar.addEventListener("reset", () => {
    // The button that has the focus is about to go.
    (shown.get(lastPicked) ?? grid).querySelector("input").focus();
    chosen.clear();
    lastPicked = null;
    count();
  });
  // Those that are not in the page are sent too, and each once.
  bar.addEventListener("formdata", (event) => {
    event.formData.delete("photo");
    for (const id of chosen) event.formData.append("photo", id);
  });
  // Back from the next page the browser may have kept the marks: they are what is selected.
  addEventListener("pageshow", count);

  all();
}

// Who or what is added by a click keeps what is typed in the other fields, and adds what is typed beside.
const search = document.querySelector("form.search");
document.addEventListener("click", (event) => {
  const link = search && event.target.closest("form.search a[href^='/search'], .periods a");
  if (!link || link.matches(".button")) return;
  const to = new URL(link.href);
  const typed = link.matches(".periods a") ? ["place", "folder"] : ["since", "until", "place", "folder"];
  for (const name of typed) {
    if (search.elements[name].value) to.searchParams.set(name, search.elements[name].value);
    else to.searchParams.delete(name);
  }
  if (search.elements.only?.checked) to.searchParams.set("only", "true");
  else to.searchParams.delete("only");
  const who = search.elements.who;
  // What was not understood before is not tried again.
  if (who.value.trim() && who.value !== who.defaultValue) {
    to.searchParams.set("who", who.value);
    to.searchParams.set("as", search.elements.as.value);
  }
  link.href = to;
});
