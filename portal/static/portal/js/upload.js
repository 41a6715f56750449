// Photos go up one by one, two at a time, and survive dropped lines and reloads.
//
// The page works without this file: each ask has a plain file input and a button. This module hides
// those, shows its own, and sends every file in its own request. Words come from the page's
// <template data-words>, so they are in the reader's language. The queue belongs to the document, not
// to the form: when htmx swaps the next step in, photos still on their way keep going. What has not
// arrived yet also lies in the browser's own database, so that a reload or a crash loses nothing.

const LANES = 2;
const PAUSES = [1000, 4000, 10000]; // before the second, third and last try
const STALL = 45000; // no byte moved for so long: the line is dead
const SPEAK_EVERY = 5000;
// Up to here a picture goes as the camera wrote it: its hidden facts help the desk and are hidden
// from everybody else. Only what is larger is made smaller first, and the row says so.
const BIG = 12 * 1024 * 1024;
const BIG_WHEN_SAVING = 2 * 1024 * 1024; // the person asked their browser to save data
const SIDE = 4096; // pixels of the longer side that a picture made smaller keeps
const KINDS = new Set(["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"]);
const DRAWN = /^image\/(jpeg|png|webp)$/; // what every browser can draw
const ENDINGS = /\.(jpe?g|png|webp|hei[cf])$/i;

/** Everything on its way or failed in this document, oldest first. */
const jobs = [];
let form = null; // the photos form, while it is on the page
let spokenAt = 0;
let speaking = null;
let held = null; // the submitter to press again when required photos have arrived

// --- Words ------------------------------------------------------------------------------------

let words = new Map();
const remembered = { url: "", csrf: "", most: 24, limit: 20 * 1024 * 1024, icons: null, row: null };

function learn() {
  const source = document.querySelector("template[data-words]");
  if (!source) return;
  words = new Map();
  for (const node of source.content.querySelectorAll("[data-word]")) {
    words.set(node.dataset.word, node.textContent.trim());
  }
}

function say(name, values = {}) {
  let text = words.get(name) ?? "";
  for (const [key, value] of Object.entries(values)) text = text.replaceAll(`{${key}}`, value);
  return text;
}

function count(name, n) {
  const rule = new Intl.PluralRules(document.documentElement.lang || "en").select(n);
  return say(words.has(`${name}.${rule}`) ? `${name}.${rule}` : `${name}.other`, { n });
}

function megabytes(bytes) {
  const amount = bytes / 1024 / 1024;
  const digits = amount < 10 ? 1 : 0;
  const number = new Intl.NumberFormat(document.documentElement.lang || "en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${number.format(Math.max(amount, 0.1))} MB`;
}

// --- Keys: the same file for the same ask is the same photo, however often it is sent ------------

function hash(text, seed) {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (const char of text) {
    const code = char.codePointAt(0);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (b >>> 0).toString(16).padStart(8, "0") + (a >>> 0).toString(16).padStart(8, "0");
}

function keyOf(file, slot) {
  const text = `${slot}|${file.name}|${file.size}|${file.lastModified}`;
  return hash(text, 1) + hash(text, 2);
}

// --- The shelf: photos that have not arrived survive a reload, a crash and a flat battery -----------

const SHELF = "amends.photos";
const KEPT_FOR = 14 * 24 * 3600 * 1000; // as long as a draft lives

function shelf(mode, act) {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(SHELF, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("photos", { keyPath: "id" });
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
      const base = asked.result;
      const deal = base.transaction("photos", mode);
      const answer = act(deal.objectStore("photos"));
      deal.oncomplete = () => {
        base.close();
        resolve(answer?.result);
      };
      deal.onabort = () => {
        base.close();
        reject(deal.error);
      };
    };
  });
}

const placeOf = (job) => `${job.url} ${job.key}`;

async function keep(job) {
  const { url, slot, kind, request, key } = job;
  const { name, type, lastModified } = job.file;
  try {
    // The bytes, not the file: a phone may forget what a picked file pointed to.
    const bytes = await job.file.arrayBuffer();
    const entry = { id: placeOf(job), url, slot, kind, request, key, name, type, lastModified, bytes };
    await shelf("readwrite", (photos) => photos.put({ ...entry, at: Date.now() }));
    job.kept = true;
    if (job.token || job.state === "gone") forget(job);
  } catch {
    // Private windows may have no room; then the photo lives in this page only.
  }
}

function forget(job) {
  if (!job.key) return;
  job.kept = false;
  shelf("readwrite", (photos) => photos.delete(placeOf(job))).catch(() => {});
}

/** Take up what an earlier visit to this page could not send. */
async function unshelve() {
  const { url } = remembered;
  let entries;
  try {
    entries = await shelf("readonly", (photos) => photos.getAll());
  } catch {
    return;
  }
  for (const entry of entries) {
    const list = entry.url === url && remembered.url === url ? listOf(entry.slot) : null;
    const has = list?.querySelector(`li[data-key="${CSS.escape(entry.key)}"]`);
    if (has || Date.now() - entry.at > KEPT_FOR) forget(entry);
    else if (list && !jobs.some((job) => job.key === entry.key && job.url === url)) {
      const { name, type, lastModified } = entry;
      begin(new File([entry.bytes], name, { type, lastModified }), entry, { kept: true });
    }
  }
  pump();
}

// --- Rows -----------------------------------------------------------------------------------------

const askOf = (slot) => form?.querySelector(`[data-ask="${CSS.escape(slot)}"]`) ?? null;
const listOf = (slot) => askOf(slot)?.querySelector("[data-list]") ?? null;

function row(name) {
  const item = remembered.row.content.firstElementChild.cloneNode(true);
  item.querySelector("[data-name]").textContent = name;
  item.querySelector("[data-remove]").setAttribute("aria-label", say("remove", { name }));
  item.querySelector("[data-retry]").setAttribute("aria-label", say("again", { name }));
  return item;
}

function icon(name) {
  const found = remembered.icons.content.querySelector(`[data-icon="${name}"]`);
  return found ? found.firstElementChild.cloneNode(true) : document.createElement("span");
}

/** Show one state: which icon, which tone, which words, how far. */
function show(item, { icon: sign, tone = "", text, percent = null, again = false, name = "" }) {
  item.className = tone;
  const state = item.querySelector("[data-state-line]");
  state.replaceChildren(icon(sign), Object.assign(document.createElement("span"), { textContent: text }));
  const bar = item.querySelector("progress");
  bar.hidden = percent === null;
  if (percent !== null) {
    bar.value = percent;
    bar.setAttribute("aria-label", name);
  }
  item.querySelector("[data-redo]").hidden = !again;
}

function picture(item, url) {
  const image = new Image();
  image.alt = "";
  image.decoding = "async";
  image.addEventListener("load", () => item.querySelector("[data-thumb]").replaceChildren(image));
  image.src = url;
}

function paint(job) {
  const behind = jobs.filter((other) => other.state === "waiting").indexOf(job);
  const busy = jobs.filter((other) => other.state === "sending").length;
  const looks = {
    waiting: () => ({ icon: "clock", text: count("queued", Math.max(1, behind + busy)) }),
    shrinking: () => ({ icon: "spin", text: say("shrinking", { size: megabytes(job.file.size) }) }),
    sending: () => ({
      icon: "spin",
      text: say("sending", { percent: `${job.percent}%` }),
      percent: job.percent,
      name: job.file.name,
    }),
    pausing: () => ({ icon: "spin", text: say("pausing", { percent: `${job.percent}%` }) }),
    offline: () => ({ icon: "clock", text: say("offline") }),
    checking: () => ({ icon: "spin", text: job.sentence || say("checking") }),
    dropped: () => ({
      icon: "warn",
      tone: "t-bad",
      text: say("dropped", { percent: `${job.percent}%` }),
      again: true,
    }),
    refused: () => ({ icon: "warn", tone: "t-bad", text: job.sentence }),
    done: () => ({ icon: "check", text: [job.sentence, job.was].filter(Boolean).join(" ") }),
  };
  job.item.dataset.state = job.state;
  show(job.item, looks[job.state]());
}

function paintAll() {
  jobs.forEach(paint);
  tally();
}

// --- What is asked for, and how much of it is there ------------------------------------------------

const GOOD = new Set(["received", "clean", "checking", "done"]);
const MOVING = new Set(["shrinking", "waiting", "sending", "pausing", "offline"]);

function tally() {
  if (form) {
    for (const ask of form.querySelectorAll("[data-ask]")) {
      const states = [...ask.querySelectorAll("[data-list] > li")].map((item) => item.dataset.state);
      const good = states.filter((state) => GOOD.has(state)).length;
      const moving = states.filter((state) => MOVING.has(state)).length;
      const bad = states.length - good - moving;
      const needed = Number(ask.dataset.minimum);
      const missing = Math.max(0, needed - good);
      let pill = needed === 0 && !states.length && !ask.dataset.request ? "optional" : "none";
      if (good && !missing) pill = "done";
      else if (moving) pill = "moving";
      else if (bad) pill = "another";
      else if (good) pill = missing === 1 ? "one" : "some";
      for (const node of ask.querySelectorAll("[data-pill]")) node.hidden = node.dataset.pill !== pill;
      const first = ask.querySelector("[data-add-first]");
      const more = ask.querySelector("[data-add-more]");
      if (first && more) {
        first.hidden = states.length > 0;
        more.hidden = states.length === 0;
      }
    }
  }
  const moving = jobs.filter((job) => MOVING.has(job.state)).length;
  for (const node of document.querySelectorAll("[data-on-their-way]")) {
    node.hidden = moving === 0 || held !== null;
    node.querySelector("[data-on-their-way-text]").textContent = moving ? count("moving", moving) : "";
  }
  speak();
  release();
}

/** Tell a screen reader how the list stands, at most every five seconds. */
function speak() {
  if (!form || speaking) return;
  const wait = Math.max(0, spokenAt + SPEAK_EVERY - Date.now());
  speaking = setTimeout(() => {
    speaking = null;
    spokenAt = Date.now();
    if (!form) return;
    const asks = [...form.querySelectorAll("[data-ask]")].filter((ask) => Number(ask.dataset.minimum) > 0);
    const done = asks.filter((ask) => !ask.querySelector('[data-pill="done"]').hidden).length;
    const parts = [];
    if (asks.length) parts.push(say("tally", { done, all: asks.length }));
    const failed = jobs.filter((job) => job.state === "dropped" || job.state === "refused").length;
    const moving = jobs.filter((job) => MOVING.has(job.state)).length;
    if (failed) parts.push(count("failed", failed));
    if (moving) parts.push(count("moving", moving));
    const line = form.querySelector("[data-uploads-status]");
    const text = parts.join(" ");
    if (line.textContent !== text) line.textContent = text;
  }, wait);
}

// --- Sending ----------------------------------------------------------------------------------------

function pump() {
  while (jobs.filter((job) => job.state === "sending").length < LANES) {
    const next = jobs.find((job) => job.state === "waiting");
    if (!next) break;
    if (!navigator.onLine) {
      next.state = "offline";
      continue;
    }
    send(next);
  }
  paintAll();
}

function send(job) {
  job.state = "sending";
  job.percent = 0;
  const body = new FormData();
  body.append("csrfmiddlewaretoken", remembered.csrf);
  body.append("kind", job.kind);
  body.append("upload_key", job.key);
  if (job.request) body.append("request", job.request);
  body.append("file", job.file, job.file.name);
  const line = new XMLHttpRequest();
  job.line = line;
  let stall = 0;
  const alive = () => {
    clearTimeout(stall);
    stall = setTimeout(() => line.abort(), STALL);
  };
  line.open("POST", job.url);
  line.setRequestHeader("Accept", "application/json");
  line.setRequestHeader("X-CSRFToken", remembered.csrf);
  line.upload.addEventListener("progress", (news) => {
    alive();
    if (!news.lengthComputable) return;
    job.percent = Math.min(99, Math.floor((100 * news.loaded) / news.total));
    paint(job);
  });
  line.addEventListener("loadend", () => {
    clearTimeout(stall);
    job.line = null;
    if (job.state === "gone") return;
    answer(job, line.status, line.responseText, line.getResponseHeader("Retry-After"));
    pump();
  });
  alive();
  line.send(body);
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function answer(job, status, text, retryAfter) {
  const news = read(text);
  if (status >= 200 && status < 300 && news) {
    job.tries = 0;
    accept(job, news);
  } else if (status === 413 && !news) {
    refuse(job, say("large", { size: megabytes(job.file.size), limit: megabytes(remembered.limit) }));
  } else if (!news && [401, 403, 404].includes(status)) {
    // Signed out meanwhile, or the page is old: the photo stays on its shelf for the next visit.
    job.state = "refused";
    job.sentence = say("signin");
  } else if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    refuse(job, news?.sentence || say("unreadable"));
  } else {
    const pause = Number(retryAfter) > 0 ? Number(retryAfter) * 1000 : PAUSES[job.tries];
    job.tries += 1;
    if (job.tries >= PAUSES.length) {
      job.state = "dropped";
      return;
    }
    job.state = navigator.onLine ? "pausing" : "offline";
    if (job.state === "pausing") {
      job.timer = setTimeout(() => {
        if (job.state !== "pausing") return;
        job.state = "waiting";
        pump();
      }, pause * (0.8 + Math.random() * 0.4));
    }
  }
}

function refuse(job, sentence) {
  job.state = "refused";
  job.sentence = sentence;
  forget(job);
}

/** Take the server's word for a photo: kept, ready or refused. */
function accept(job, news) {
  job.token = news.token ?? job.token;
  job.sentence = news.sentence || job.sentence;
  job.item.dataset.token = job.token ?? "";
  if (job.kept) forget(job);
  // It had arrived before, and only the answer was lost: one row is enough.
  for (const twin of form?.querySelectorAll(`li[data-token="${CSS.escape(job.token)}"]`) ?? []) {
    if (twin !== job.item) twin.remove();
  }
  if (news.thumb) picture(job.item, news.thumb);
  if (news.state === "clean") job.state = "done";
  else if (news.state === "refused") job.state = "refused";
  else if (job.state !== "checking") {
    job.state = "checking";
    watch(job);
  }
}

/** Ask how a kept photo fares until it is ready or refused; give up quietly after some two minutes. */
function watch(job, round = 0) {
  if (round > 40) return;
  job.timer = setTimeout(
    async () => {
      if (job.state !== "checking") return;
      try {
        const reply = await fetch(addressOf(job), {
          headers: { Accept: "application/json" },
          credentials: "same-origin",
          cache: "no-store",
        });
        if (reply.ok && job.state === "checking") accept(job, await reply.json());
      } catch {
        // The line is down; the next round asks again.
      }
      if (job.state === "checking") watch(job, round + 1);
      else paintAll();
    },
    Math.min(1000 + 500 * round, 4000),
  );
}

const addressOf = (job) => `${job.url}${encodeURIComponent(job.token)}/`;

// --- Choosing and removing ----------------------------------------------------------------------------

/** Return why a file need not be sent at all, or nothing. */
function fault(file) {
  const kind = file.type || "";
  const known = KINDS.has(kind) || ENDINGS.test(file.name);
  if (!known) {
    if (kind === "application/pdf" || /\.pdf$/i.test(file.name)) return say("pdf");
    if (kind.startsWith("video/")) return say("video");
    return say("wrong");
  }
  if (file.size === 0) return say("empty");
  if (file.size > remembered.limit && !DRAWN.test(kind)) return tooLarge(file);
  return "";
}

function tooLarge(file) {
  return say("large", { size: megabytes(file.size), limit: megabytes(remembered.limit) });
}

function add(files, ask) {
  const slot = ask.dataset.ask;
  for (const file of files) {
    const key = keyOf(file, slot);
    const twin = jobs.find((job) => job.key === key && job.state !== "refused");
    if (twin) continue;
    const kind = ask.dataset.kind || slot;
    begin(file, { slot, kind, request: ask.dataset.request || "", key, url: remembered.url });
  }
  pump();
}

/** Put a file into the queue, or say at once why it need not be sent. */
function begin(file, { slot, kind, request, key, url }, { kept = false } = {}) {
  const job = {
    file,
    slot,
    kind,
    request,
    key,
    url,
    kept,
    state: "waiting",
    percent: 0,
    tries: 0,
    sentence: "",
    was: "",
    token: "",
    item: row(file.name),
  };
  const trouble = fault(file);
  const others = form.querySelectorAll("[data-list] > li:not(.t-bad)").length;
  if (trouble) refuse(job, trouble);
  else if (others >= remembered.most) refuse(job, count("many", remembered.most));
  else {
    if (DRAWN.test(file.type)) picture(job.item, URL.createObjectURL(file));
    if (!kept) keep(job);
    const limit = navigator.connection?.saveData ? BIG_WHEN_SAVING : BIG;
    if (DRAWN.test(file.type) && file.size > limit) shrink(job);
  }
  jobs.push(job);
  listOf(slot).append(job.item);
}

/** Draw a very large picture smaller before it goes; what cannot be drawn goes as it is. */
async function shrink(job) {
  job.state = "shrinking";
  const { file } = job;
  try {
    const whole = await createImageBitmap(file);
    const share = Math.min(1, SIDE / Math.max(whole.width, whole.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(whole.width * share);
    canvas.height = Math.round(whole.height * share);
    canvas.getContext("2d").drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    if (small && small.size < file.size) {
      job.file = new File([small], file.name, { type: "image/jpeg" });
      job.was = say("shrunk", { size: megabytes(file.size) });
    }
  } catch {
    // No picture after all, or too big for this phone: the server says what it is.
  }
  if (job.state !== "shrinking") return;
  job.state = "waiting";
  if (job.file.size > remembered.limit) refuse(job, tooLarge(job.file));
  pump();
}

async function remove(item) {
  const job = jobs.find((other) => other.item === item);
  const token = item.dataset.token;
  const ask = item.closest("[data-ask]");
  const neighbour = item.nextElementSibling ?? item.previousElementSibling;
  if (job) {
    job.state = "gone";
    clearTimeout(job.timer);
    forget(job);
    job.line?.abort();
    jobs.splice(jobs.indexOf(job), 1);
  }
  if (token) {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", remembered.csrf);
    item.querySelector("[data-remove]").disabled = true;
    try {
      const url = `${remembered.url}${encodeURIComponent(token)}/`;
      const reply = await fetch(url, {
        method: "POST",
        body,
        headers: { Accept: "application/json", "X-CSRFToken": remembered.csrf },
        credentials: "same-origin",
      });
      if (!reply.ok && reply.status !== 404) throw new Error(String(reply.status));
    } catch {
      item.querySelector("[data-remove]").disabled = false;
      show(item, { icon: "warn", tone: "t-warn", text: say("stays") });
      return;
    }
  }
  item.remove();
  const stop = neighbour?.querySelector("[data-remove]") ?? ask.querySelector("[data-pick]");
  stop?.focus();
  pump();
}

function again(item) {
  const job = jobs.find((other) => other.item === item);
  if (!job) return;
  job.tries = 0;
  job.percent = 0;
  job.state = "waiting";
  item.querySelector("[data-remove]").focus();
  pump();
}

// --- The page -------------------------------------------------------------------------------------------

/** Hold Continue while photos we must have are still on their way; anything else goes at once. */
function hold(event) {
  const must = (job) =>
    MOVING.has(job.state) &&
    Number(askOf(job.slot)?.dataset.minimum ?? 0) > 0;
  if (!event.submitter?.hasAttribute("data-continue") || !jobs.some(must)) return;
  if (form.querySelector("[name=without_box]")?.value.trim()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  held = event.submitter;
  const line = form.querySelector("[data-held]");
  line.textContent = say("held");
  line.hidden = false;
  tally();
}

function release() {
  if (!held || !form) return;
  const still = jobs.some((job) => MOVING.has(job.state));
  if (still) return;
  const button = held;
  held = null;
  form.querySelector("[data-held]").hidden = true;
  if (jobs.every((job) => job.state !== "dropped")) form.requestSubmit(button);
}

function bind() {
  const found = document.querySelector("form[data-uploads]");
  if (found === form) return;
  form = found;
  held = null;
  if (!form) {
    tally();
    return;
  }
  learn();
  remembered.url = form.dataset.url;
  remembered.most = Number(form.dataset.most);
  remembered.limit = Number(form.dataset.limit);
  remembered.csrf = form.querySelector("[name=csrfmiddlewaretoken]").value;
  remembered.icons = document.querySelector("template[data-upload-icons]");
  remembered.row = document.querySelector("template[data-upload-row]");
  for (const node of form.querySelectorAll("[data-plain]")) {
    node.hidden = true;
    for (const input of node.querySelectorAll("input")) input.disabled = true;
  }
  for (const node of form.querySelectorAll("[data-fancy]")) {
    // What the list of mistakes links to must be the control that is there.
    const pick = node.querySelector("[data-pick]");
    const plain = pick && document.getElementById(pick.id.replace("pick_", "photo_"));
    if (plain) [plain.id, pick.id] = [pick.id, plain.id];
    node.hidden = false;
  }
  form.addEventListener("submit", hold, true);
  form.addEventListener("change", (event) => {
    if (!event.target.matches("[data-pick], [data-shoot]")) return;
    add([...event.target.files], event.target.closest("[data-ask]"));
    event.target.value = "";
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const item = button?.closest("[data-list] > li");
    if (!item) return;
    if (button.hasAttribute("data-remove")) {
      event.preventDefault();
      remove(item);
    } else if (button.hasAttribute("data-retry")) again(item);
  });
  for (const ask of form.querySelectorAll("[data-ask]")) drops(ask);
  resume();
  paintAll();
  unshelve();
}

/** Put rows still on their way back into their lists, and watch those the server is still cleaning. */
function resume() {
  for (const job of jobs) {
    const twin = job.token && form.querySelector(`li[data-token="${CSS.escape(job.token)}"]`);
    if (twin) twin.replaceWith(job.item);
    else listOf(job.slot)?.append(job.item);
  }
  for (const item of form.querySelectorAll('[data-list] > li[data-state="received"]')) {
    const job = {
      file: { name: item.querySelector("[data-name]").textContent, size: 0 },
      slot: item.closest("[data-ask]").dataset.ask,
      kind: "",
      request: "",
      key: "",
      url: remembered.url,
      state: "checking",
      percent: 100,
      tries: 0,
      sentence: item.querySelector("[data-state-line]").textContent.trim(),
      token: item.dataset.token,
      item,
    };
    jobs.push(job);
    watch(job);
  }
}

/** Dropping files on an ask is an extra; the button beside it does the same. */
function drops(ask) {
  ask.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    ask.classList.add("over");
  });
  ask.addEventListener("dragleave", () => ask.classList.remove("over"));
  ask.addEventListener("drop", (event) => {
    event.preventDefault();
    ask.classList.remove("over");
    add([...event.dataTransfer.files], ask);
  });
}

addEventListener("online", () => {
  for (const job of jobs) {
    if (job.state !== "offline" && job.state !== "dropped") continue;
    job.state = "waiting";
    job.tries = 0;
  }
  pump();
});
// What lies on the shelf goes on at the next visit; only the rest would be lost.
addEventListener("beforeunload", (event) => {
  if (jobs.some((job) => MOVING.has(job.state) && !job.kept)) event.preventDefault();
});

// Continue swaps the next question in, so that photos on their way keep going.
document.addEventListener("htmx:afterSettle", (event) => {
  bind();
  const { requestConfig, target } = event.detail;
  if (target !== document.body || requestConfig?.verb !== "post") return;
  if (!document.querySelector("[data-focus]")) {
    document.getElementById("main")?.focus({ preventScroll: true });
  }
});
for (const trouble of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(trouble, (event) => {
    const line = event.target.querySelector?.("[data-trouble]");
    if (line) line.hidden = false;
  });
}
document.addEventListener("htmx:beforeRequest", (event) => {
  const line = event.target.querySelector?.("[data-trouble]");
  if (line) line.hidden = true;
});
bind();
