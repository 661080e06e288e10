// The sidebar shows where the page is.
document.addEventListener("DOMContentLoaded", () => {
  const here = document.querySelector(".sidebar-tree .current-page");
  const box = here && here.closest(".sidebar-scroll");
  if (!box) return;
  const top = here.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
  box.scrollBy({ top, behavior: "instant" });
});

// A button that copies the code shown.
document.addEventListener("DOMContentLoaded", () => {
  const [copy, copied] = document.documentElement.lang.startsWith("zh") ? ["复制", "已复制"] : ["Copy", "Copied"];
  for (const box of document.querySelectorAll(".op-forms")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = copy;
    button.addEventListener("click", async () => {
      const shown = [...box.querySelectorAll("pre")].find((pre) => pre.offsetParent !== null);
      await navigator.clipboard.writeText(shown.textContent + "\n");
      button.textContent = copied;
      setTimeout(() => { button.textContent = copy; }, 1500);
    });
    box.append(button);
  }
});
