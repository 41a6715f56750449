// A claim page stays fresh by itself and loses no word that is being written.

// --- Every 30 seconds, while somebody looks: ask with the ETag, change only what has changed -----

const EVERY = 30000;
const live = document.getElementById("live");
let timer = 0;

function ask() {
  clearTimeout(timer);
  timer = setTimeout(ask, EVERY);
  if (document.hidden || !navigator.onLine || !window.htmx) return;
  // Never under somebody's fingers: the next round comes soon.
  if (live.contains(document.activeElement) && document.activeElement !== document.body) return;
  const open = [...live.querySelectorAll("details[open][id]")].map((node) => node.id);
  window.htmx
    .ajax("GET", `${live.dataset.live}?seen=${encodeURIComponent(live.dataset.seen)}`, {
      source: live,
      target: live,
      swap: "innerHTML",
      headers: { "If-None-Match": live.dataset.etag },
    })
    .then(() => {
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    })
    .catch(() => {});
}

if (live && !live.hasAttribute("data-final")) {
  live.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    const type = xhr.getResponseHeader("Content-Type") ?? "";
    // Signed out, or a proxy's own page: leave what is on the screen alone.
    if (xhr.responseURL && !xhr.responseURL.includes(live.dataset.live)) event.detail.shouldSwap = false;
    else if (xhr.status === 200 && type.startsWith("text/html")) {
      live.dataset.etag = xhr.getResponseHeader("ETag") ?? "";
    }
  });
  timer = setTimeout(ask, EVERY);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) ask();
  });
}

// --- Unsent words survive a reload, a dropped line and a signed-out session ------------------------

const form = document.querySelector("form[data-keep]");
if (form) {
  const shelf = `amends.words.${form.dataset.keep}`;
  const words = form.querySelector("textarea");
  const key = form.querySelector("[name=send_key]");
  const read = () => {
    try {
      return JSON.parse(sessionStorage.getItem(shelf) ?? "null");
    } catch {
      return null;
    }
  };
  const kept = read();
  if (kept && document.querySelector(`[data-sent="${CSS.escape(kept.key)}"]`)) {
    sessionStorage.removeItem(shelf); // they have arrived
  } else if (kept && !words.value) {
    words.value = kept.body;
    key.value = kept.key;
  }
  words.addEventListener("input", () => {
    try {
      if (words.value.trim()) {
        sessionStorage.setItem(shelf, JSON.stringify({ body: words.value, key: key.value }));
      } else sessionStorage.removeItem(shelf);
    } catch {
      // Private windows may have no room; then the words live only in the field.
    }
  });
}
