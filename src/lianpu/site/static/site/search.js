// Search boxes look while one types; the list under the header's box is led by the arrow keys.
const PAUSE = 200;

for (const field of document.querySelectorAll("input[data-look]")) {
  let timer;
  const look = () => {
    clearTimeout(timer);
    const text = field.value.trim();
    // One letter is nothing to look for; one Han character is the beginning of a name.
    if (text.length > 1 || /\p{Script=Han}/u.test(text)) timer = setTimeout(() => htmx.trigger(field, "look"), PAUSE);
    else if (list) close();
  };
  // An input method shows letters that are not yet the text.
  field.addEventListener("input", (event) => { if (!event.isComposing) look(); });
  field.addEventListener("compositionend", look);

  const list = document.getElementById(field.getAttribute("aria-controls"));
  if (!list) continue;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const close = () => { list.hidden = true; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); };
  const choose = (option) => {
    for (const one of options()) { one.classList.toggle("active", one === option); one.setAttribute("aria-selected", one === option); }
    if (option) { option.scrollIntoView({ block: "nearest" }); field.setAttribute("aria-activedescendant", option.id); }
  };
  list.addEventListener("htmx:afterSwap", () => {
    options().forEach((one, at) => { one.id = `found-${at}`; });
    const wanted = document.activeElement === field;
    list.hidden = !wanted;
    field.setAttribute("aria-expanded", wanted);
  });
  field.addEventListener("focus", () => { if (field.value.trim()) look(); });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
    const all = options(), now = all.findIndex((one) => one.classList.contains("active"));
    if (event.key === "ArrowDown") choose(all[(now + 1) % all.length]);
    else if (event.key === "ArrowUp") choose(all[(Math.max(now, 0) - 1 + all.length) % all.length]);
    else if (event.key === "Enter" && now >= 0) window.location = all[now].href;
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => { if (!field.form.contains(event.target)) close(); });
  document.addEventListener("focusin", (event) => { if (!field.form.contains(event.target)) close(); });
}
