// A grid of all photos found: only those near the window are in the page, so that a million scroll like ten. The shapes of all are known
// from the beginning, two bytes each, so that every photo has its place; what else there is to say of them is asked as they come near.

const grid = document.querySelector("#grid");
if (grid) {
  const GAP = 6;
  const bar = document.querySelector("#chosen");
  const WINDOW = 500; // photos that are asked for at once
  let shapes = new Uint16Array(); // of each photo its width by height, in thousandths
  let photos = []; // [id, width by height, name], where known
  let windows = new Map(); // number -> its photos are known
  const rows = []; // { first, end, top, height }
  const shown = new Map(); // index -> li
  const chosen = new Set(); // ids
  let lastPicked = null;
  let width = 0;

  const shape = (index) => Math.min(Math.max(shapes[index] / 1000, 0.4), 4);

  // Rows of one height each, as near to the usual one as fills the width.
  function layOut() {
    const usual = innerWidth < 640 ? 120 : 190;
    rows.length = 0;
    let [first, top, sum] = [0, 0, 0];
    for (let index = first; index < shapes.length; index++) {
      sum += shape(index);
      const gaps = GAP * (index - first);
      const isLast = index === shapes.length - 1;
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
    const li = template.cloneNode(true);
    li.querySelector("input").dataset.index = index;
    if (photos[index]) fill(li, index);
    return li;
  }

  function fill(li, index) {
    const [id, , name] = photos[index];
    const [box, link, image] = ["input", "a", "img"].map((name) => li.querySelector(name));
    box.value = id;
    box.checked = chosen.has(String(id));
    box.disabled = false;
    link.href = `/photo/${id}${grid.dataset.query}`;
    image.alt = image.title = name;
    box.setAttribute("aria-label", grid.dataset.select.replace("{}", () => name));
    image.dataset.src = `/photo/${id}/grid.jpg`;
  }

  // The same without a photo: what is not known yet.
  const template = grid.querySelector("li").cloneNode(true);
  template.querySelector("a").removeAttribute("href");
  for (const name of ["src", "alt", "title", "width", "height"]) template.querySelector("img").removeAttribute(name);
  for (const name of ["value", "aria-label", "checked"]) template.querySelector("input").removeAttribute(name);
  template.querySelector("input").disabled = true;

  function place(li, row, index) {
    let left = 0;
    for (let before = row.first; before < index; before++) left += breadth(row, before) + GAP;
    Object.assign(li.style, { left: `${left}px`, top: `${row.top}px`, width: `${breadth(row, index)}px`, height: `${row.height}px` });
  }
  const breadth = (row, index) => shape(index) * row.height;

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
    loading = setTimeout(async () => {
      await know(first, end);
      for (const image of grid.querySelectorAll("img[data-src]:not([src])")) image.src = image.dataset.src;
    }, 60);
  }

  let drawn;
  const soon = () => { drawn ??= requestAnimationFrame(() => { drawn = null; show(); }); };

  // Asks for photos from one index to before another, unless they are known.
  async function know(first, end) {
    const asked = [];
    for (let number = Math.floor(first / WINDOW); number * WINDOW < end; number++) {
      if (!windows.has(number)) windows.set(number, ask(number).catch(() => windows.delete(number)));
      asked.push(windows.get(number));
    }
    await Promise.all(asked);
  }

  async function ask(number) {
    const before = windows;
    const { total, photos: found } = await fetched(number);
    if (before !== windows) return;
    // Others are found by now.
    if (total !== shapes.length) return all();
    put(number, found);
    for (const [index, li] of shown) if (photos[index] && li.querySelector("input").disabled) fill(li, index);
  }

  async function fetched(number) {
    const address = new URL(grid.dataset.photos, location);
    address.searchParams.set("from", number * WINDOW);
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }
  const put = (number, found) => { for (const [place, photo] of found.entries()) photos[number * WINDOW + place] = photo; };

  async function all() {
    // The first photos come with the shapes, so that what is seen at once can be opened at once.
    const [answer, first] = await Promise.all([fetch(new URL(grid.dataset.shapes, location)), fetched(0)]);
    if (!answer.ok) return;
    const bytes = new DataView(await answer.arrayBuffer());
    if (!bytes.byteLength) return;
    shapes = Uint16Array.from({ length: bytes.byteLength / 2 }, (_, index) => bytes.getUint16(2 * index, true));
    [photos, windows] = [[], new Map([[0, Promise.resolve()]])];
    put(0, first.photos);
    for (const li of shown.values()) li.remove();
    shown.clear();
    if (!grid.classList.contains("laid")) begin();
    layOut();
    show();
  }

  function begin() {
    for (const box of grid.querySelectorAll(":checked")) chosen.add(box.value);
    // As high as before until it is laid out: a page that is shorter for a moment would scroll up.
    grid.style.height = `${grid.offsetHeight}px`;
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
  grid.addEventListener("change", async (event) => {
    const box = event.target;
    const [index, on] = [Number(box.dataset.index ?? NaN), box.checked];
    const [from, to] = shift && lastPicked !== null ? [Math.min(lastPicked, index), Math.max(lastPicked, index)] : [index, index];
    if (Number.isNaN(index)) pick(box.value, on);
    else {
      if (to > from) await know(from, to + 1);
      for (let each = from; each <= to; each++) if (photos[each]) pick(String(photos[each][0]), on);
    }
    for (const li of shown.values()) {
      const other = li.querySelector("input");
      other.checked = chosen.has(other.value);
    }
    lastPicked = index;
    count();
  });
  // What is not known yet is opened once it is.
  grid.addEventListener("click", async (event) => {
    const link = event.target.closest("li > a:not([href])");
    if (!link) return;
    const index = Number(link.parentElement.querySelector("input").dataset.index);
    await know(index, index + 1);
    if (link.isConnected && link.href) link.click();
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
