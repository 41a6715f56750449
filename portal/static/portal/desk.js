// The claims desk: photos under the arrow keys, the sum as you type, the theme the admin was given.
// Everything works without it: photos are links, and "Reckon again" is a button.

const theme = localStorage.getItem("adminTheme")?.replaceAll('"', "");
if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;

// After the browser has gone to the form it came from, the mistakes come first.
addEventListener("load", () => document.getElementById("trouble")?.focus());

const box = document.getElementById("lightbox");
const links = [...document.querySelectorAll("[data-photo]")];
if (box && links.length && typeof box.showModal === "function") {
  const picture = box.querySelector("img");
  const caption = box.querySelector("figcaption");
  let at = 0;
  const show = (index) => {
    at = (index + links.length) % links.length;
    const link = links[at];
    box.classList.remove("full");
    picture.src = link.href;
    picture.alt = link.querySelector("img").alt;
    caption.textContent = `${at + 1} / ${links.length} · ${link.dataset.caption}`;
  };
  links.forEach((link, index) =>
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(index);
      box.showModal();
    }),
  );
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") show(at + 1);
    else if (event.key === "ArrowLeft") show(at - 1);
    else return;
    event.preventDefault();
  });
  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.step) show(at + Number(button.dataset.step));
    else if (button && "zoom" in button.dataset) box.classList.toggle("full");
    else if ((button && "close" in button.dataset) || event.target === box) box.close();
  });
  box.addEventListener("close", () => links[at].focus());
}

// The sum always comes from the server: typing in a line asks it to reckon again.
const column = document.querySelector(".decide");
// A column taller than the window sticks by its foot, so that all of it can be reached.
if (column) {
  const measure = () => column.style.setProperty("--decide", `${column.offsetHeight}px`);
  new ResizeObserver(measure).observe(column);
}
let timer = 0;
let asked = 0;
const reckon = async (form) => {
  const mine = ++asked;
  const data = new FormData(form);
  data.set("action", "preview");
  try {
    const answer = await fetch(location.pathname, { method: "POST", body: data });
    if (!answer.ok || mine !== asked) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-decision]");
    if (!fresh) return;
    for (const name of [".amount", ".money"]) form.querySelector(name).replaceWith(fresh.querySelector(name));
    form.elements.sum.value = fresh.elements.sum.value;
    const button = (inside) => inside.querySelector('button[value="propose"]');
    button(form).textContent = button(fresh).textContent;
  } catch {
    // Offline: the server will reckon when the button is pressed.
  }
};
column?.addEventListener("input", (event) => {
  if (!event.target.matches(".input.sum")) return;
  clearTimeout(timer);
  timer = setTimeout(() => reckon(event.target.form), 350);
});
