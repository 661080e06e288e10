// The same order as chainable.describe.search: words that people use, parts of titles and names,
// then operations that take a field of this name, then words of the guide.
(() => {
  "use strict";
  const fold = (text) =>
    text.normalize("NFKC").toLowerCase().replace(/[-_{}\s]/g, "").replaceAll(".", "/");
  const data = window.FINDER;
  const pages = data.pages.map(([title, name, uri, weight, label], number) => ({
    title, name, uri, weight, label, number,
    foldedTitle: fold(title), foldedName: name.split(/\s+/).map(fold).join(" "), foldedLabel: fold(label),
  }));
  const fields = new Map();
  for (const [name, numbers] of Object.entries(data.fields)) {
    const key = fold(name);
    fields.set(key, new Set([...(fields.get(key) || []), ...numbers]));
  }
  const guide = data.guide.map(([title, uri, text]) => ({
    title, uri, name: "", label: "指南 Guide", weight: 0, text: fold(text), foldedTitle: fold(title),
  }));

  const known = new Map(Object.entries(data.words).map(([word, places]) => [word, new Map(places)]));

  const scorePage = (page, words) => {
    const steps = "/" + page.foldedName.replaceAll(" ", "/") + "/";
    let total = 0;
    for (const word of words) {
      const { foldedTitle: title, foldedName: name } = page;
      const places = known.get(word);
      if (places && places.has(page.number)) {
        total += 5000 - 500 * places.get(page.number);
      } else if (title.includes(word)) {
        total += title === word ? 1000 : title.startsWith(word) || title.endsWith(word) ? 600 : 500;
      } else if (name.includes(word)) {
        total += name.split(" ").pop() === word ? 900 : steps.includes("/" + word + "/") ? 550 : 400;
      } else if (fields.has(word) && fields.get(word).has(page.number)) {
        total += 250;
      } else if (page.foldedLabel.includes(word)) {
        total += 240;
      } else {
        return 0;
      }
    }
    return total + page.weight - Math.min(page.foldedTitle.length + Math.floor(page.foldedName.length / 4), 90);
  };
  const scoreGuide = (page, words) => {
    let total = 0;
    for (const word of words) {
      if (page.foldedTitle.includes(word)) total += 480;
      else if (page.text.includes(word)) total += 200;
      else return 0;
    }
    return total;
  };
  const similar = (text) => {
    const pairs = new Set();
    for (let at = 0; at + 2 <= text.length; at += 1) pairs.add(text.slice(at, at + 2));
    const least = Math.max(2, Math.floor((pairs.size + 1) / 2));
    return pages.map((page) => {
      let shared = 0;
      for (const pair of pairs) if (page.foldedTitle.includes(pair) || page.foldedName.includes(pair)) shared += 1;
      return [shared, page];
    }).filter(([shared]) => shared >= least);
  };
  const contained = (text) => {
    const found = [...known.keys()].filter((word) => text.includes(word) && /[^\x00-\x7f]/.test(word))
      .sort((a, b) => b.length - a.length);
    if (!found.length) return null;
    const rest = text.replaceAll(found[0], " ");
    return found.some((word) => rest.includes(word)) ? null : found[0];
  };
  const matching = (words) => pages.map((page) => [scorePage(page, words), page])
    .concat(guide.map((page) => [scoreGuide(page, words), page]))
    .filter(([score]) => score > 0);
  const search = (query) => {
    const words = query.split(/\s+/).map(fold).filter(Boolean);
    if (!words.length) return [];
    const whole = words.join("");
    let found = matching(known.has(whole) ? [whole] : words);
    if (!found.length && contained(whole)) found = matching([contained(whole)]);
    if (!found.length) found = similar(whole);
    return found.sort((a, b) => b[0] - a[0]).map(([, page]) => page);
  };

  const box = document.getElementById("finder");
  const list = document.getElementById("finder-results");
  const count = document.getElementById("finder-count");
  const show = () => {
    const found = search(box.value);
    list.replaceChildren(...found.slice(0, 100).map((page) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = page.uri;
      link.textContent = page.title;
      const name = document.createElement("code");
      name.textContent = page.name;
      const label = document.createElement("small");
      label.textContent = page.label;
      item.append(link, " ", name, " ", label);
      return item;
    }));
    count.textContent = box.value.trim() ? `${found.length} 个结果 · results` : "";
    list.dataset.query = box.value;
  };
  box.value = new URLSearchParams(location.search).get("q") || "";
  box.addEventListener("input", show);
  show();
  box.focus();
})();
