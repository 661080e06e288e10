// A button that copies the code shown.
document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll(".op-forms")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "复制";
    button.addEventListener("click", async () => {
      const shown = [...box.querySelectorAll("pre")].find((pre) => pre.offsetParent !== null);
      await navigator.clipboard.writeText(shown.textContent + "\n");
      button.textContent = "已复制";
      setTimeout(() => { button.textContent = "复制"; }, 1500);
    });
    box.append(button);
  }
});
