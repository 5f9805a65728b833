// Small manners that every page shares. No inline script anywhere: the content policy forbids it.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button, input, label")) window.location = row.dataset.href;
});
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select")) return;
  if (event.key === "/") { (document.querySelector("main input[type=search]") ?? document.querySelector("input[type=search]"))?.focus(); event.preventDefault(); }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});
// A form that was typed in is not left by mistake; Ctrl+Enter sends it.
let typed = false;
document.addEventListener("input", (event) => { if (event.target.closest("form[data-guarded]")) typed = true; });
document.addEventListener("submit", () => { typed = false; });
window.addEventListener("beforeunload", (event) => { if (typed) event.preventDefault(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.closest("form[data-guarded]")?.requestSubmit();
});
// Empty filter fields stay out of the address.
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-trim]"))
    for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
});
