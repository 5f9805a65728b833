// Questions of an import, one key each: a digit chooses and goes on to the next one, Enter sends.
const questions = [...document.querySelectorAll("[data-question]")];
const show = (at) => { questions[at]?.focus({ preventScroll: true }); questions[at]?.scrollIntoView({ block: "center" }); };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=radio]), textarea, select")) return;
  const now = document.activeElement.closest("[data-question]");
  const at = now ? questions.indexOf(now) : questions.findIndex((one) => !one.querySelector(":checked"));
  const choice = questions[at]?.querySelector(`[data-key="${event.key}"]`);
  if (choice) {
    choice.checked = true;
    event.preventDefault();
    if (at + 1 < questions.length) show(at + 1);
    else document.querySelector("[data-questions] button").focus();
  } else if (event.key === "Enter" && now) document.querySelector("[data-questions]").requestSubmit();
});
