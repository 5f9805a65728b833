// The review desk: one key a decision. The next firm lies ready in #ahead; what was decided waits in #behind for its answer,
// so that nobody waits for the server.
const desk = document.getElementById("review");
const [now, ahead, behind] = ["now", "ahead", "behind"].map((id) => document.getElementById(id));
const choosing = document.getElementById("choose"), help = document.getElementById("help"), undo = document.getElementById("undo");
const passed = new Set(desk.dataset.passed.split(",").filter(Boolean)); // firms not to be asked of again
const acts = [undo.elements.act.value].filter(Boolean); // one's decisions, the last one last
const PAUSE = 120;

const firm = (box = now) => box.querySelector("[data-firm]");
const open = () => [...now.querySelectorAll("[data-open]")];
const current = () => now.querySelector(".candidate.at");

function point() {
  for (const one of now.querySelectorAll(".candidate.at")) { one.classList.remove("at"); one.removeAttribute("aria-current"); }
  const first = open()[0] ?? now.querySelector(".candidate:has(form)");
  first?.classList.add("at");
  first?.setAttribute("aria-current", "true");
}

function fetchAhead() {
  for (const box of [now, behind]) for (const one of box.querySelectorAll("[data-firm]")) passed.add(one.dataset.firm);
  htmx.ajax("GET", `${desk.dataset.next}&except=${[...passed].slice(-400).join(",")}`, { target: ahead, swap: "innerHTML" });
}

function advance() {
  const gone = firm();
  if (gone) { passed.add(gone.dataset.firm); behind.append(gone); }
  now.replaceChildren();
  promote();
}

function promote() {
  if (now.firstElementChild || !ahead.firstElementChild) return;
  now.append(...ahead.childNodes);
  point();
  if (matchMedia("(max-width: 991px)").matches && scrollY > 0) desk.scrollIntoView();
  if (firm()) fetchAhead();
}

function settle(candidate) {
  candidate.removeAttribute("data-open");
  point();
  if (!open().length) advance();
}

// Buttons, keys and the phone all send the same forms; from here on only the page is looked after.
document.addEventListener("htmx:beforeSend", (event) => {
  const form = event.detail.elt;
  if (form.matches("#now .candidate form")) settle(form.closest(".candidate"));
  else if (form.matches("#now [data-whole]")) advance();
  else if (form.closest("dialog") === choosing && form.tagName === "FORM") {
    const replaced = form.elements.instead_of.value && now.querySelector(`[data-placement="${form.elements.instead_of.value}"]`);
    choosing.close();
    if (replaced) settle(replaced);
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === ahead) promote();
  if (event.detail.target === now) point();
});
// What rests on earlier answers waits for them: one's last decision, and what the firm's candidates have become.
let pending = 0, waiting;
const isPost = (event) => event.detail.requestConfig?.verb === "post";
const whenQuiet = (what) => { if (pending) waiting = what; else what(); };
document.addEventListener("htmx:beforeRequest", (event) => { if (isPost(event)) pending += 1; });
document.addEventListener("htmx:afterRequest", (event) => {
  if (!isPost(event)) return;
  pending -= 1;
  for (const one of [...behind.children].slice(0, -20)) one.remove();
  if (!pending && waiting) { const what = waiting; waiting = undefined; what(); }
});
document.body.addEventListener("decided", (event) => { acts.push(event.detail.act); });
document.body.addEventListener("refused", (event) => { passed.delete(String(event.detail.firm)); });
document.addEventListener("htmx:configRequest", (event) => {
  const form = event.detail.elt, sent = event.detail.parameters;
  if (form === undo) {
    sent.set("act", sent.get("act") || acts.at(-1) || "");
    acts.splice(acts.lastIndexOf(sent.get("act")), 1);
    if (firm()) passed.delete(firm().dataset.firm); // it comes back by itself
  } else if (form.matches("[data-whole]")) {
    const all = [...form.closest("[data-firm]").querySelectorAll(".candidate")];
    sent.set("seen", all.map((one) => `${one.dataset.placement}:${one.dataset.version}`).join(","));
  }
});

function choose() {
  const form = choosing.querySelector("form"), at = current();
  if (!firm()) return;
  form.reset();
  form.elements.firm.value = firm().dataset.firm;
  form.elements.instead_of.value = at?.dataset.placement ?? "";
  form.elements.version.value = at?.dataset.version ?? "";
  form.elements.role.value = at?.querySelector("select")?.value ?? "makes";
  list.replaceChildren();
  choosing.showModal();
  form.elements.q.focus();
}
choosing.querySelector("[name=besides]").addEventListener("change", (event) => {
  const at = current(), fields = choosing.querySelector("form").elements;
  fields.instead_of.value = event.target.checked ? "" : at?.dataset.placement ?? "";
});
const field = choosing.querySelector("[name=q]"), list = document.getElementById("offers");
let timer;
const look = () => { clearTimeout(timer); timer = setTimeout(() => htmx.trigger(field, "look"), PAUSE); };
field.addEventListener("input", (event) => { if (!event.isComposing) look(); });
field.addEventListener("compositionend", look);
const options = () => [...list.querySelectorAll("[role=option]")];
const mark = (option) => {
  for (const one of options()) { one.classList.toggle("active", one === option); one.setAttribute("aria-selected", one === option); }
  option?.scrollIntoView({ block: "nearest" });
};
list.addEventListener("htmx:afterSwap", () => mark(options()[0]));
field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const all = options(), at = all.findIndex((one) => one.classList.contains("active"));
  if (event.key === "ArrowDown") mark(all[(at + 1) % all.length]);
  else if (event.key === "ArrowUp") mark(all[(Math.max(at, 0) - 1 + all.length) % all.length]);
  else if (event.key === "Enter") all[Math.max(at, 0)]?.click();
  else if (event.key === "Escape") choosing.close(); // a search field would only be emptied
  else return;
  event.preventDefault();
});

function turnRole() {
  const select = current()?.querySelector("select");
  if (select) select.selectedIndex = (select.selectedIndex + 1) % select.length;
}
const press = (candidate, state) => candidate?.querySelector(`button[value=${state}]`)?.click();
const keys = {
  y: () => press(current(), "confirmed"),
  n: () => press(current(), "rejected"),
  r: turnRole,
  0: () => whenQuiet(() => now.querySelector("[data-whole] button")?.click()),
  s: advance,
  u: () => whenQuiet(() => { if (acts.length) undo.requestSubmit(); }),
  "/": choose,
  "?": () => help.showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select")) return;
  const number = Number(event.key);
  if (number > 0 && now.querySelectorAll(".candidate").length) press(now.querySelectorAll(".candidate")[number - 1], "confirmed");
  else if (keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
document.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act === "choose") choose();
  else if (act === "skip") { event.preventDefault(); advance(); }
  else if (act === "help") help.showModal();
  else if (act === "close") event.target.closest("dialog").close();
});
now.addEventListener("change", (event) => event.target.blur()); // so that the keys are heard again
point();
if (firm() && !firm(ahead)) fetchAhead();
