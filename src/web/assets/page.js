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
}

async function whois(name, group) {
  const answer = await fetch(`/people/known?${new URLSearchParams({ name, group })}`);
  return answer.status === 200 ? answer.json() : null;
}

// The address says no more what was just done: reloading must not say it again.
const here = new URL(location);
if (here.searchParams.has("done")) {
  here.searchParams.delete("done");
  history.replaceState(null, "", here);
}
