/** Small comforts of every page. Nothing here is needed to use one. */

/** Give the summary of mistakes the focus, so that it is read out first. */
const focusSummary = (root) => root.querySelector("[data-focus]")?.focus();

/** Show a copy button beside what it copies; it says so when it has. */
const readyCopies = (root) => {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("button[data-copy][hidden]")) {
    button.hidden = false;
  }
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return; // the text is on the page and can be copied by hand
  }
  const said = button.parentElement.querySelector("[data-copied]");
  if (!said) return;
  said.textContent = button.dataset.said;
  window.setTimeout(() => { said.textContent = ""; }, 4000);
});

/** Whoever signs out may hand the device on: photos that wait to be sent (upload.js) go first. */
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-sign-out]")) indexedDB.deleteDatabase("amends.photos");
});

/** A link of the summary puts the cursor into its field, not only the page to its place. */
document.addEventListener("click", (event) => {
  const link = event.target.closest(".errors a[href^='#']");
  const field = link && document.getElementById(link.getAttribute("href").slice(1));
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.scrollIntoView({ block: "center" });
});

/** After an answer the visitor asked for, the focus goes to what is new; a poll never moves it. */
document.addEventListener("htmx:afterSwap", (event) => {
  readyCopies(event.detail.target);
  if (event.detail.requestConfig?.verb !== "get") focusSummary(event.detail.target);
});

/** A page that is retried by itself says when, and does it. */
const again = document.querySelector("[data-again]");
if (again) window.setTimeout(() => window.location.reload(), Number(again.dataset.again) * 1000);

readyCopies(document);
focusSummary(document);
