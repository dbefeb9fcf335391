// A button of a legend hides and shows its line.
for (const button of document.querySelectorAll(".legend button")) button.addEventListener("click", () => {
  const shown = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", shown);
  button.closest("figure").querySelector(`[data-series="${button.dataset.of}"]`).style.display = shown ? "" : "none";
});
