// How far a scan is, as the server tells it.

const scanning = document.querySelector("#scanning");
if (scanning) {
  const bar = scanning.querySelector("progress");
  const text = scanning.querySelector(".said");
  const told = new EventSource(scanning.dataset.follow);
  told.addEventListener("message", (event) => {
    const said = JSON.parse(event.data);
    if (!said.goes_on) {
      told.close();
      location.reload();
      return;
    }
    text.textContent = said.text;
    if (said.share === null) bar.removeAttribute("value");
    else bar.value = said.share;
  });
}
