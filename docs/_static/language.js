// The switch stays at the same place of the page, and the root page remembers the choice.
document.addEventListener("DOMContentLoaded", () => {
  for (const link of document.querySelectorAll(".language-switch")) {
    link.addEventListener("click", () => {
      try {
        localStorage.setItem("language", link.hreflang.slice(0, 2));
      } catch {}
      link.href = link.href.replace(/[?#].*$/, "") + location.search + location.hash;
    });
  }
});
