/**
 * Ask every half minute whether a journey has news.
 *
 * An unchanged journey is answered 304 and nothing moves. The question is not asked while the page
 * is hidden, and not any more once the parcel is at its end. A change never takes the focus and
 * never closes what the reader has opened; one polite sentence says what is new. What the reader
 * asked for in place gets the focus instead, for the link that asked may be gone.
 */
const region = document.getElementById("journey");
const live = document.getElementById("live");
const every = Number(region?.dataset.poll ?? 30) * 1000;
const root = () => region.firstElementChild;
let clock = 0;
let opened = [];
let news = "";

const isOver = () => root()?.hasAttribute("data-final") ?? true;

const ask = () => {
  if (!document.hidden && !isOver()) window.htmx?.trigger(region, "amends:poll");
};

const start = () => {
  window.clearInterval(clock);
  if (!isOver()) clock = window.setInterval(ask, every);
};

if (region) {
  region.addEventListener("htmx:configRequest", (event) => {
    if (event.target !== region) return; // a link inside asks for something else
    event.detail.headers["If-None-Match"] = root().dataset.etag;
  });
  region.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target !== region) return;
    // What can hold the focus has an id: by it htmx gives the focus back after the swap.
    opened = [...region.querySelectorAll("details[open]")].map((one) => one.id);
    news = root().dataset.news;
  });
  region.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== region) return;
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    const said = root()?.dataset.news ?? "";
    if (said && said !== news) live.textContent = said;
    if (isOver()) window.clearInterval(clock);
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) ask();
  });
  start();
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== region) event.detail.target.querySelector("[data-here]")?.focus();
});
