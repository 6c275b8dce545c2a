// Conveniences: everything works without them.

// As a name is typed that somebody has, the server is asked what naming the group so would do, and it is said.
let asked;
document.addEventListener("input", (event) => {
  const form = event.target.closest("form.naming");
  if (!form) return;
  form.elements.joins.value = "";
  clearTimeout(asked);
  asked = setTimeout(() => tell(form), 200);
});

async function tell(form) {
  const name = form.elements.name.value;
  const known = name.trim() && await whois(name, form.dataset.group);
  if (form.elements.name.value !== name) return;
  form.elements.joins.value = known ? known.id : "";
  form.querySelector(".note").textContent = known ? known.note : "";
  const button = form.querySelector("button");
  button.textContent = known ? button.dataset.merge : button.dataset.name;
  if (naming === form) offer();
}

async function whois(name, group) {
  const answer = await fetch(`/people/known?${new URLSearchParams({ name, group })}`);
  return answer.status === 200 ? answer.json() : null;
}

// On a phone, names that fit are offered at the bottom, in reach of the thumb, with what the Enter key would do and the way on.
const quick = document.querySelector("#quick");
const names = [...document.querySelectorAll("#known option")].map((option) => option.value);
let naming = null;
function offer() {
  if (!quick || quick.hidden) return;
  const typed = naming.elements.name.value.trim().toLowerCase();
  const fits = (name) => ` ${name.toLowerCase()}`.includes(` ${typed}`) && name.toLowerCase() !== typed;
  quick.querySelector(".names").replaceChildren(...names.filter(fits).slice(0, 12).map((name) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    return button;
  }));
  const send = quick.querySelector(".primary");
  send.textContent = naming.querySelector("button").textContent;
  send.disabled = !typed;
  quick.querySelector(".next").hidden = !nextNaming();
}
const nextNaming = () => {
  const forms = [...document.querySelectorAll("form.naming")];
  return forms[forms.indexOf(naming) + 1];
};
if (quick && matchMedia("(pointer: coarse)").matches) {
  document.addEventListener("focusin", (event) => {
    naming = event.target.closest("form.naming") ?? naming;
    quick.hidden = !event.target.closest("form.naming, #quick");
    document.body.classList.toggle("naming-now", !quick.hidden);
    offer();
  });
  document.addEventListener("focusout", (event) => {
    if (event.relatedTarget) return;
    quick.hidden = true;
    document.body.classList.remove("naming-now");
  });
  document.addEventListener("input", (event) => { if (event.target.closest("form.naming") === naming) offer(); });
  // The field keeps the focus, and with it the keyboard stays.
  quick.addEventListener("pointerdown", (event) => { if (event.target.closest("button")) event.preventDefault(); });
  quick.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches(".primary")) naming.requestSubmit(naming.querySelector("button"));
    else if (button.matches(".next")) {
      const field = nextNaming().elements.name;
      field.closest("li")?.scrollIntoView({ block: "center" });
      field.focus({ preventScroll: true });
    } else {
      naming.elements.name.value = button.textContent;
      naming.elements.name.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
  // Above the keyboard, where that lies over the page.
  const lift = () => { quick.style.bottom = `${Math.max(0, innerHeight - visualViewport.height - visualViewport.offsetTop)}px`; };
  visualViewport?.addEventListener("resize", lift);
  visualViewport?.addEventListener("scroll", lift);
}

// The address says no more what was just done: reloading must not say it again.
const here = new URL(location);
if (here.searchParams.has("done")) {
  here.searchParams.delete("done");
  history.replaceState(null, "", here);
}

// What was done is read out, and the Tab key goes on from there; after a name it goes on at the card that came next.
document.addEventListener("submit", (event) => {
  const next = event.target.closest("li")?.nextElementSibling?.querySelector("form.naming");
  if (next && event.target.matches(".naming")) sessionStorage.setItem("next", next.dataset.group);
});
const done = document.querySelector("#done");
if (done) {
  const field = document.querySelector(`.naming[data-group="${sessionStorage.getItem("next")}"] [name="name"]`);
  field?.setAttribute("aria-describedby", `done ${field.getAttribute("aria-describedby")}`);
  field?.closest("li").scrollIntoView({ block: "center" });
  (field ?? done).focus({ preventScroll: !field });
}
sessionStorage.removeItem("next");

// Keys that press a button, unless somebody types, or wants none: it is remembered.
const keys = document.querySelector(".keys");
if (keys) {
  const box = keys.querySelector("input");
  box.checked = localStorage.getItem("keys") !== "off";
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
  keys.hidden = false;
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select") || keys?.querySelector(":not(:checked)")) return;
  const button = document.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

// All faces of a month at once, or none.
for (const button of document.querySelectorAll("button.all")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...button.closest("section").querySelectorAll(".pick input")];
    const on = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = on;
    button.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// How many faces are not selected, where those are what a button means.
const rest = document.querySelector("#selected .rest");
if (rest) {
  const count = () => {
    const left = document.querySelectorAll(".pick input:not(:checked)").length;
    rest.textContent = left;
    rest.closest("button").disabled = left === 0;
  };
  document.addEventListener("change", count);
  // Back from another page the browser may have kept the marks.
  addEventListener("pageshow", count);
}

// The Esc key closes a menu, an explanation or the form that adds a face; a click beside a menu closes it too.
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details:is(.menu, .explained, .draw)[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// Selecting people or faces: with the Shift key all from the last one on; how many there are is told.
let picked = null;
let shifted = false;
document.addEventListener("click", (event) => { shifted = event.shiftKey; }, true);
document.addEventListener("change", (event) => {
  const box = event.target;
  if (!box.matches(".pick input") || box.closest("#grid")) return;
  const boxes = [...document.querySelectorAll(".pick input")];
  const [from, to] = [boxes.indexOf(picked), boxes.indexOf(box)];
  if (shifted && from >= 0) for (let each = Math.min(from, to); each <= Math.max(from, to); each++) boxes[each].checked = box.checked;
  picked = box;
});
const number = document.querySelector("#selected .number");
if (number) {
  const tell = () => { number.textContent = number.dataset.count.replace("{}", document.querySelectorAll(".pick input:checked").length); };
  document.addEventListener("change", tell);
  addEventListener("pageshow", tell);
}

// Back at a page that was left, by whatever way, one is where one was.
const place = `place ${location.pathname}${new URLSearchParams([...new URLSearchParams(location.search)].filter(([name]) => name !== "done"))}`;
const places = () => JSON.parse(sessionStorage.getItem("places") ?? "{}");
addEventListener("pagehide", () => {
  const kept = Object.entries(places()).filter(([key]) => key !== place).slice(-50);
  sessionStorage.setItem("places", JSON.stringify(Object.fromEntries([...kept, [place, scrollY]])));
});
const cameBack = performance.getEntriesByType("navigation")[0]?.type !== "navigate" || done !== null || sessionStorage.getItem("return") === place;
sessionStorage.removeItem("return");
if (cameBack && !location.hash && !document.activeElement?.closest(".naming")) {
  const top = places()[place];
  // Pages that are laid out by a script are as high only later.
  const until = performance.now() + 10000;
  const go = () => {
    scrollTo(0, top);
    const isLaid = !document.querySelector("#grid:not(.laid)");
    if (!moved && !(isLaid && Math.abs(scrollY - top) <= 2) && performance.now() < until) requestAnimationFrame(go);
  };
  let moved = false;
  if (top > 0) {
    history.scrollRestoration = "manual";
    go();
    for (const stop of ["wheel", "touchstart", "keydown", "mousedown"]) addEventListener(stop, () => { moved = true; }, { once: true, passive: true });
  }
}
// A link that leads back to where one came from, as from a photo to the search.
document.addEventListener("click", (event) => {
  const back = event.target.closest("a[data-back]");
  if (!back) return;
  const to = new URL(back.href);
  sessionStorage.setItem("return", `place ${to.pathname}${to.searchParams}`);
});

// A form that cannot be carried out says so beside its field, and keeps what was typed; nor can it be sent again by reloading.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const sender = event.submitter;
  const [method, action] = [sender?.getAttribute("formmethod") ?? form.method, new URL(sender?.getAttribute("formaction") ?? form.getAttribute("action"), location)];
  // Who logs out is left to the browser, and a search says itself what it does not know.
  if (event.defaultPrevented || action.pathname === "/leave" || form.matches(".search")) return;
  event.preventDefault();
  if (form.dataset.sent) return;
  form.dataset.sent = "true";
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const fields = new URLSearchParams(new FormData(form, sender));
  if (method === "get") action.search = fields;
  let answer;
  try {
    answer = await fetch(action, method === "get" ? {} : { method: "POST", body: fields });
  } catch {
    delete form.dataset.sent;
    tellProblem(form, document.documentElement.lang === "en" ? "facetag does not answer. Is it still running?" : "facetag 没有回应。它还在运行吗？");
    return;
  }
  const text = answer.redirected && answer.ok ? "" : await answer.text();
  if (!answer.ok) {
    delete form.dataset.sent;
    const page = new DOMParser().parseFromString(text, "text/html");
    const problem = page.querySelector(".problem");
    tellProblem(form, problem?.textContent ?? answer.statusText, problem?.dataset.field);
    // Whoever is logged out meanwhile can log in beside, and send what they typed then.
    if (answer.status === 401) {
      const link = Object.assign(document.createElement("a"), { href: "/enter", target: "_blank", textContent: page.querySelector("form.entry button").textContent });
      form.querySelector(".told").append(" ", link);
    }
  } else {
    const to = new URL(answer.url);
    if (to.href === location.href) location.reload();
    else if (to.pathname === location.pathname) location.replace(to);
    else location.assign(to);
  }
});

// A page that comes back as it was left can send its forms again.
addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

// What is wrong, and the name of the field that it is about, if it is about one.
function tellProblem(form, text, name) {
  let problem = form.querySelector(".told");
  if (!problem) {
    problem = document.createElement("p");
    problem.className = "warning told";
    problem.id = `problem-${document.querySelectorAll(".told").length}`;
    problem.setAttribute("role", "alert");
    form.append(problem);
  }
  problem.textContent = text;
  const fields = [...form.elements].filter((field) => field.matches("input:not([type=hidden]):not([type=checkbox])"));
  const field = name && (fields.find((field) => field.name === name) ?? fields[0]);
  if (!field) return;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", problem.id);
  field.focus();
}

// People are merged by dragging one onto another; it is asked first.
let dragged = null;
for (const card of document.querySelectorAll(".wall .faces > li")) {
  const id = card.querySelector("[name=who]")?.value;
  if (!id) continue;
  card.addEventListener("dragstart", (event) => {
    dragged = id;
    event.dataTransfer.setData("text/plain", id);
    event.dataTransfer.effectAllowed = "link";
  });
  card.addEventListener("dragover", (event) => {
    if (!dragged || dragged === id) return;
    event.preventDefault();
    card.classList.add("over");
  });
  card.addEventListener("dragleave", () => card.classList.remove("over"));
  card.addEventListener("drop", (event) => {
    event.preventDefault();
    card.classList.remove("over");
    if (dragged && dragged !== id) location.assign(`/merge?${new URLSearchParams([["who", id], ["who", dragged]])}`);
  });
  card.addEventListener("dragend", () => { dragged = null; });
}
