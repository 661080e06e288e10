// First the best two sections of the guide, then operations in the order of chainable.describe.search:
// words that people use, parts of titles and names, then those that take a field of this name.
(() => {
  "use strict";
  const fold = (text) =>
    text.normalize("NFKC").toLowerCase().replace(/[-_{}\s]/g, "").replaceAll(".", "/");
  const data = window.FINDER;
  const pages = data.pages.map(([title, name, uri, weight, label, other], number) => ({
    title, name, uri, weight, label, number,
    foldedTitle: fold(title), foldedName: name.split(/\s+/).map(fold).join(" "), foldedLabel: fold(`${label}\n${other}`),
  }));
  const fields = new Map();
  for (const [name, numbers] of Object.entries(data.fields)) {
    const key = fold(name);
    fields.set(key, new Set([...(fields.get(key) || []), ...numbers]));
  }
  const sections = data.guide.map(([kind, whole, title, other, uri, text]) => ({
    kind, title, uri, text, name: title === whole ? "" : whole, label: data.texts[kind],
    titles: [fold(title), fold(other)], foldedWhole: fold(whole), foldedText: fold(text),
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
  const scoreTitle = (title, word) => {
    if (title === word) return 1000;
    if (!title.includes(word)) return 0;
    return (title.startsWith(word) || title.endsWith(word) ? 600 : 500) - Math.min(title.length, 90);
  };
  const occurrences = (text, word) => Math.min(text.split(word).length - 1, 20);
  const scoreSection = (section, words) => {
    let total = section.name ? 0 : 500;
    for (const word of words) {
      const inTitle = Math.max(...section.titles.map((title) => scoreTitle(title, word)));
      if (inTitle) total += inTitle;
      else if (section.foldedText.includes(word)) total += 150 + 10 * occurrences(section.foldedText, word);
      else return 0;
      if (section.name && section.foldedWhole.includes(word)) total += 100;
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
  const matching = (words) => pages.map((page) => [scorePage(page, words), page]).filter(([score]) => score > 0);
  const byScore = (found) => found.sort((a, b) => b[0] - a[0]).map(([, page]) => page);
  // The best two whose titles have the words, or else the best one whose text has them, unless an operation is
  // called so; one of a page.
  const inGuide = (words, operation) => {
    const isNamed = Boolean(operation) && words.every((word) => operation.foldedTitle.includes(word));
    const found = byScore(sections.map((each) => [scoreSection(each, words), each]).filter(([score]) => score > 0));
    const titled = (each) => words.every((word) => each.titles.some((title) => title.includes(word)));
    const best = [];
    for (const each of found) {
      const page = each.uri.split("#")[0];
      const room = titled(each) ? 2 : isNamed ? 0 : 1;
      if (best.length < room && each.kind === "guide" && !best.some((other) => other.uri.startsWith(page))) best.push(each);
    }
    return [best, found.filter((each) => !best.includes(each))];
  };
  // Words of a question that say nothing of its subject, and words that people use for those of the guide.
  const ASKING = /^(请问|怎么样|怎么|如何|怎样|为什么)|(怎么办|怎么做|怎么用|是什么|吗|？|\?)+$/g;
  const MEANT = {
    "对帐": "对账", "报错": "错误", "错误处理": "错误", "单元测试": "测试", "切换公钥": "微信支付公钥", "切换微信支付公钥": "微信支付公钥",
    "金额单位": "金额", "证书过期": "证书", "重复回调": "回调", "回调收不到": "回调", "收不到回调": "回调", "二维码": "code_url",
    "商家转账确认收款": "用户确认收款", "unit test": "test", "webhook": "notification", "exception": "error",
  };
  const meant = (query) => {
    const asked = query.trim().replace(ASKING, "").trim() || query;
    return MEANT[asked.toLowerCase()] || asked;
  };
  // Sections whose titles have parts of a word that stands nowhere as it is.
  const loosely = (text) => {
    const pairs = [];
    for (let at = 0; at + 2 <= text.length; at += 1) pairs.push(text.slice(at, at + 2));
    const found = sections.map((each) => {
      const titled = pairs.filter((pair) => each.titles.some((title) => title.includes(pair))).length;
      const told = pairs.filter((pair) => each.foldedText.includes(pair)).length;
      return [titled && 3 * titled + told, each];
    });
    return byScore(found.filter(([score]) => score >= Math.max(3, pairs.length))).slice(0, 5);
  };
  const search = (asked) => {
    const query = meant(asked);
    const words = query.split(/\s+/).map(fold).filter(Boolean);
    if (!words.length) return [];
    const whole = words.join("");
    let found = matching(known.has(whole) ? [whole] : words);
    if (!found.length && contained(whole)) found = matching([contained(whole)]);
    let operations = byScore(found);
    const [best, others] = inGuide(words, operations[0]);
    if (!operations.length && !best.length) {
      operations = byScore(similar(whole));
      if (!others.length) best.push(...loosely(whole));
    }
    return [...best, ...operations.slice(0, 8), ...others.slice(0, 12), ...operations.slice(8)];
  };
  // A piece of a section's text around the first word that was looked for.
  const snippet = (text, query) => {
    const lower = text.toLowerCase();
    const places = query.toLowerCase().split(/\s+/).filter(Boolean).map((word) => lower.indexOf(word));
    const at = Math.max(0, Math.min(...places.filter((place) => place >= 0), text.length) - 40);
    const from = places.some((place) => place >= 0) ? at : 0;
    return (from ? "…" : "") + text.slice(from, from + 160) + (from + 160 < text.length ? "…" : "");
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
      const isNamed = data.texts.first === "name" && page.weight !== undefined && page.title !== page.name;
      const name = document.createElement(isNamed ? "span" : "code");
      if (isNamed) {
        link.append(Object.assign(document.createElement("code"), { textContent: page.name }));
        name.lang = "zh-CN";
      } else {
        link.textContent = page.title;
      }
      name.textContent = isNamed ? page.title : page.name;
      const label = document.createElement("small");
      label.textContent = page.label;
      item.append(link, " ", name, " ", label);
      if (page.text) {
        const piece = document.createElement("p");
        piece.textContent = snippet(page.text, meant(box.value));
        item.append(piece);
      }
      return item;
    }));
    count.textContent = box.value.trim() ? data.texts[found.length === 1 ? "one" : "count"].replace("{}", found.length) : "";
    list.dataset.query = box.value;
  };
  box.value = new URLSearchParams(location.search).get("q") || "";
  box.addEventListener("input", show);
  show();
  box.focus();
})();
