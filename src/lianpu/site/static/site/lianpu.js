// Small manners that every page shares. No inline script anywhere: the content policy forbids it.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button, input, label")) window.location = row.dataset.href;
});
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select")) return;
  if (event.key === "/") { document.querySelector("input[type=search]")?.focus(); event.preventDefault(); }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});
// Empty filter fields stay out of the address.
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-trim]"))
    for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
});
// The ticked columns of a list travel as one parameter; untouched, the address stays without it.
document.addEventListener("change", (event) => {
  const columns = event.target.closest("[data-columns]");
  if (columns) columns.querySelector("[name=cols]").value = [...columns.querySelectorAll(":checked")].map((one) => one.value).join(",");
});
