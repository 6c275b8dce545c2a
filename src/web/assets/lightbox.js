// One photo after another on the whole screen: arrow keys, swipes, pixel for pixel, by itself.

const box = document.querySelector("#lightbox");
if (box) {
  const image = box.querySelector("img");
  const frame = box.querySelector(".frame");
  const button = (name) => box.querySelector(`[data-act=${name}]`);
  let here = { address: location.pathname + location.search, ...box.dataset };
  let scale = 1;
  let offset = [0, 0];
  let playing = null;

  // What the page of a photo says of it and of its neighbours.
  const read = (page, address) => ({
    address,
    id: page.querySelector("#lightbox").dataset.photo,
    width: Number(page.querySelector("#lightbox").dataset.width),
    height: Number(page.querySelector("#lightbox").dataset.height),
    title: page.querySelector("h1").textContent,
    number: page.querySelector(".photo-head .pager > a:not([rel])")?.textContent ?? "",
    prev: page.querySelector("a[rel=prev]")?.getAttribute("href") ?? null,
    next: page.querySelector("a[rel=next]")?.getAttribute("href") ?? null,
  });
  const known = new Map();
  const fetched = (address) => {
    if (!known.has(address)) {
      known.set(address, fetch(address).then(async (answer) => {
        if (!answer.ok) throw new Error(answer.status);
        return read(new DOMParser().parseFromString(await answer.text(), "text/html"), address);
      }).catch(() => { known.delete(address); return null; }));
    }
    return known.get(address);
  };

  const draw = () => { image.style.transform = `translate(${offset[0]}px, ${offset[1]}px) scale(${scale})`; };
  // So that a pixel of the photo is one of the screen: one that is smaller than the screen becomes smaller.
  const whole = () => 1 / (Math.min(image.clientWidth / here.width, image.clientHeight / here.height) * devicePixelRatio);
  const zoom = (to, at = [innerWidth / 2, innerHeight / 2]) => {
    to = Math.min(Math.max(to, Math.min(1, whole())), Math.max(whole() * 2, 4));
    const middle = [innerWidth / 2, innerHeight / 2];
    // What is at this place stays there.
    offset = to <= 1 ? [0, 0] : offset.map((part, axis) => at[axis] - middle[axis] - (at[axis] - middle[axis] - part) * to / scale);
    scale = to;
    if (scale > 1 && !image.src.endsWith("/full.jpg")) {
      const full = new Image();
      full.src = `/photo/${here.id}/full.jpg`;
      const id = here.id;
      full.decode().then(() => { if (here.id === id) image.src = full.src; }).catch(() => {});
    }
    box.classList.toggle("zoomed", scale > 1);
    draw();
  };

  const show = async (to) => {
    here = to;
    scale = 1;
    offset = [0, 0];
    box.classList.remove("zoomed");
    draw();
    image.src = `/photo/${to.id}/screen.jpg`;
    image.alt = to.title;
    box.querySelector(".number").textContent = to.number;
    button("prev").disabled = !to.prev;
    button("next").disabled = !to.next;
    button("download").href = `/photo/${to.id}/original`;
    if (to.next) {
      const next = await fetched(to.next);
      if (next) new Image().src = `/photo/${next.id}/screen.jpg`;
    }
  };
  const go = async (where) => {
    const to = here[where] && await fetched(here[where]);
    if (to) await show(to);
    else if (playing) stop();
  };

  const stop = () => {
    clearInterval(playing);
    playing = null;
    button("play").setAttribute("aria-pressed", "false");
  };
  const play = () => {
    if (playing) return stop();
    playing = setInterval(() => go("next"), Number(box.dataset.seconds) * 1000);
    button("play").setAttribute("aria-pressed", "true");
  };
  const open = () => {
    if (box.open) return;
    box.showModal();
    // Not on a button: the Space key would press that.
    box.focus();
    document.documentElement.requestFullscreen?.().catch(() => {});
    show(read(document, location.pathname + location.search));
  };
  const close = () => {
    stop();
    if (document.fullscreenElement) document.exitFullscreen();
    box.close();
    // The page behind is that of the photo seen last.
    if (here.address !== location.pathname + location.search) location.replace(here.address);
  };

  document.querySelector("#enlarge").hidden = false;
  document.querySelector("#enlarge").addEventListener("click", open);
  box.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
  button("close").addEventListener("click", close);
  button("prev").addEventListener("click", () => go("prev"));
  button("next").addEventListener("click", () => go("next"));
  button("play").addEventListener("click", play);
  button("zoom").addEventListener("click", () => zoom(scale === 1 ? whole() : 1));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!box.open) {
      if (event.key.toLowerCase() === "f" && !event.target.closest("input, textarea, select")) open();
      return;
    }
    const act = {
      ArrowLeft: () => go("prev"), ArrowRight: () => go("next"), "+": () => zoom(scale * 1.5), "-": () => zoom(scale / 1.5),
      "1": () => zoom(scale === 1 ? whole() : 1), " ": play, f: close,
    }[event.key];
    if (!act || event.key === " " && event.target.closest("button, a")) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }, true);
  // What is pointed at twice is always to be larger.
  frame.addEventListener("dblclick", (event) => zoom(scale === 1 ? Math.max(whole(), 2) : 1, [event.clientX, event.clientY]));
  frame.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(scale * Math.exp(-event.deltaY / 300), [event.clientX, event.clientY]);
  }, { passive: false });

  // One finger or the mouse swipes, or moves a photo that is larger than the screen; two fingers pinch.
  const fingers = new Map();
  let began = null;
  let spread = null;
  const apart = () => {
    const [one, other] = [...fingers.values()];
    return Math.hypot(one[0] - other[0], one[1] - other[1]);
  };
  frame.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    began = fingers.size === 1 ? [event.clientX, event.clientY] : null;
    spread = fingers.size === 2 ? [apart(), scale] : null;
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (spread) {
      const [one, other] = [...fingers.values()];
      zoom(spread[1] * apart() / spread[0], [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2]);
    } else if (scale > 1) {
      offset = [offset[0] + event.clientX - last[0], offset[1] + event.clientY - last[1]];
      draw();
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    frame.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      if (fingers.size < 2) spread = null;
      if (end === "pointerup" && began && scale <= 1) {
        const across = event.clientX - began[0];
        if (Math.abs(across) > 60 && Math.abs(across) > 2 * Math.abs(event.clientY - began[1])) go(across < 0 ? "next" : "prev");
      }
      began = null;
    });
  }
  image.addEventListener("dragstart", (event) => event.preventDefault());
}
