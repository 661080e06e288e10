// How the page is built: every element by make(), every text as text. Nothing that was received becomes markup.
import { language, named, say } from './language.js';
import { address, go } from './place.js';

const ROOT = '/_sandbox/';

export const byId = (id) => document.getElementById(id);

// An element. A property called "click", "submit", "input" or "change" is a listener; children are nodes or texts.
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  for (const child of children.flat(2)) {
    if (child !== null && child !== undefined && child !== false) element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

// Nothing is exchanged under a finger or a key that is pressed: the click would go nowhere. News wait for the release,
// five seconds at most: a press of a scroll bar may end without one.
let released = Promise.resolve();
let release = () => {};
function press() {
  release();
  released = new Promise((done) => { release = () => setTimeout(done); setTimeout(done, 5000); });
}
addEventListener('pointerdown', press, true);
addEventListener('keydown', ({ key, repeat }) => { if (key === ' ' && !repeat) press(); }, true);
for (const end of ['pointerup', 'pointercancel', 'keyup']) addEventListener(end, () => release(), true);
export const untilReleased = () => released;

const keyed = (parent, key) => parent.querySelector(`[data-key="${CSS.escape(key)}"]`);
const focusIn = (parent) => (parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined);

// What was given in an element, by the names of the forms and of their controls.
const controlsIn = (parent) => new Map([...parent.querySelectorAll('[name]')].map((control) => [`${control.form?.id} ${control.name}`, control]));

// Put other children into an element, such as the same ones in another language: what was typed and chosen is taken
// over, and the one that had the focus gets it back, found by its data-key.
export function renew(parent, ...children) {
  const focused = focusIn(parent);
  const before = controlsIn(parent);
  parent.replaceChildren(...children.flat(2).filter((child) => child !== null && child !== undefined));
  const taken = [...controlsIn(parent)].filter(([name]) => before.has(name)).map(([name, control]) => [control, before.get(name)]);
  for (const [control, { value, checked }] of taken) Object.assign(control, control.type === 'checkbox' ? { checked } : { value });
  for (const [control] of taken) for (const type of ['input', 'change']) control.dispatchEvent(new Event(type));
  if (focused) keyed(parent, focused)?.focus();
}

const kept = new WeakMap(); // of each parent: what its children show, by their keys

// Children that stay while what they show stays. Items are pairs of a key and what is shown, of which build() makes the
// element. A new one takes over what was typed into the old one, and the focus; one that is being typed into stays.
export function keep(parent, items, build) {
  const before = kept.get(parent) ?? new Map();
  const now = new Map();
  const focused = focusIn(parent);
  for (const [key, content] of items) {
    const text = JSON.stringify(content);
    const old = before.get(key);
    if (old && (old.text === text || isTyped(old.element))) { now.set(key, old); continue; }
    const element = build(content);
    for (const input of old?.element.querySelectorAll('input[data-key]') ?? []) {
      const fresh = keyed(element, input.dataset.key);
      if (fresh && input.value !== input.defaultValue) fresh.value = input.value;
    }
    now.set(key, { text, element });
  }
  kept.set(parent, now);
  const wanted = new Set([...now.values()].map(({ element }) => element));
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  let place = parent.firstChild;
  for (const element of wanted) {
    if (element === place) place = place.nextSibling; else parent.insertBefore(element, place);
  }
  if (focused && focusIn(parent) !== focused) keyed(parent, focused)?.focus();
}

const isTyped = (element) => element.contains(document.activeElement) && document.activeElement.matches('input');

const reasonOf = ({ message, error, sub_msg: detail, msg, zh }) => (language === 'zh' && zh) || (message ?? error ?? detail ?? msg);

// Ask the sandbox. Throws an Error with the reason it gave, and the HTTP status.
export async function ask(path, method = 'GET', content = undefined) {
  const options = { method, headers: {} };
  if (content !== undefined) {
    options.body = JSON.stringify(content);
    options.headers['Content-Type'] = 'application/json';
  }
  const response = await fetch(ROOT + path, options).catch(() => { throw new Error(say('unreachable')); });
  const text = await response.text();
  const isJson = (response.headers.get('Content-Type') ?? '').startsWith('application/json');
  if (!response.ok) throw Object.assign(new Error(isJson ? reasonOf(JSON.parse(text)) : `${response.status} ${text}`), { status: response.status });
  return isJson ? JSON.parse(text) : text;
}

export function tell(text, good = false) {
  const notice = byId('notice');
  notice.hidden = !text;
  notice.className = good ? 'good' : 'bad';
  notice.textContent = text;
}

// A listener that does something and tells what went wrong.
export const doing = (deed) => async (event) => {
  event?.preventDefault();
  tell('');
  try { await deed(event); } catch (error) { tell(error.message); }
};

// A button does one thing at a time: the second click of a double click does nothing.
export function button(text, deed, properties = {}) {
  let busy = false;
  const once = async (event) => {
    if (busy) return;
    busy = true;
    try { await deed(event); } finally { busy = false; }
  };
  return make('button', { type: 'button', click: doing(once), ...properties }, text);
}

export const tableRow = (heads, cells) => make('tr', {}, cells.map((cell, index) => make('td', { 'data-head': heads[index] }, cell)));

export function table(heads, rows, properties = {}) {
  const head = make('tr', {}, heads.map((text) => make('th', { scope: 'col' }, text)));
  const body = rows.map((cells) => tableRow(heads, cells));
  return make('div', { class: 'scroll', tabindex: '0', role: 'group', ...properties }, make('table', {}, make('thead', {}, head), make('tbody', {}, body)));
}

export const card = (title, ...inside) => make('section', { class: 'card' }, make('h3', {}, title), ...inside);
export const folded = (title, ...inside) => make('details', { class: 'card', toggle: (event) => showMarks(event.target) }, make('summary', {}, title), ...inside);
export const block = (text, properties = {}) => make('pre', { tabindex: '0', ...properties }, text ? amounts(text) : say('noBody'));
export const chip = (text, kind = '') => make('span', { class: `chip ${kind}` }, text);
export const faultChip = (fault) => (fault ? chip(`${say('fault')}: ${fault}`, 'fault') : null);
export const generatedChip = (generated) => (generated ? chip(say('generated'), 'fault') : null);
// What a fault strikes: a pattern, and the values that are asked for.
export const scopeOf = (pattern, match) => [pattern, ...Object.entries(match).map(([name, value]) => (/^[<>]/.test(value) ? name + value : `${name}=${value}`))].flatMap((each, index) => [index ? ' ' : null, make('code', {}, each)]);
export const labelled = (word, input) => make('label', {}, make('span', {}, say(word)), input);
export const link = (segments, ...text) => make('a', { href: address(...segments) }, ...text);
export const emptyNote = (word = 'empty') => make('p', { class: 'soft' }, say(word));
export const isGood = (status) => status >= 200 && status < 400;

export const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString(language === 'zh' ? 'zh-CN' : 'en-GB', { hour12: false });

export const moment = (seconds) => new Date(seconds * 1000).toLocaleString(language === 'zh' ? 'zh-CN' : 'en-GB', { hour12: false });

// An amount in the smallest unit of its currency; a currency that nobody knows has hundredths.
export function yuan(fen, currency = 'CNY') {
  let digits = 2;
  try { digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits; } catch { /* not a currency */ }
  const text = (Math.abs(fen) / 10 ** digits).toFixed(digits);
  return (fen < 0 ? '−' : '') + (currency === 'CNY' ? `¥${text}` : `${text} ${currency}`);
}

// JSON or XML of the platform, with the yuan beside each amount: not a part of the text, so that it is not copied.
const AMOUNT = /"(?:\w+_)?(?:total|amount|refund|fee|price)": ?(-?\d{1,15})(?=[,\s}]|$)|<((?:\w+_)?fee(?:_\d+)?)>(?:<!\[CDATA\[)?(\d{1,15})(?:\]\]>)?<\/\2>/g;
export function amounts(text) {
  const [, currency = 'CNY'] = /(?:"currency": ?"|<fee_type>(?:<!\[CDATA\[)?)([A-Z]{3})\b/.exec(text) ?? [];
  const pieces = [];
  let end = 0;
  for (const found of text.matchAll(AMOUNT)) {
    pieces.push(text.slice(end, found.index + found[0].length), make('span', { class: 'yuan', 'data-yuan': yuan(Number(found[1] ?? found[3]), currency) }));
    end = found.index + found[0].length;
  }
  return [...pieces, text.slice(end)];
}

// The first official pages; an event may be named on fifty.
export const officialLinks = (links) => links.filter((url) => url.startsWith('https://')).slice(0, 3).map((url) =>
  make('a', { href: url, rel: 'noopener noreferrer', target: '_blank', class: 'official' }, `${say('docs')} ${url.split('/').slice(-2).join('/')} ↗`));

// The two sides of what came in, and of what the platform signed.
export const RECEIVED = ['expected', 'received'];
export const SENT = ['arrived', 'signed'];

// A text with one character marked; what cannot be seen is shown by a sign.
const SIGNS = { '\n': '↵\n', '\r': '␍', '\t': '⇥', ' ': '␣' };
function marked(text, differs) {
  if (text === null) return make('span', { class: 'soft' }, say('none'));
  const ends = (part) => part.replace(/\n/g, '↵\n').replace(/\r/g, '␍');
  if (differs === null) return ends(text).replace(/\n$/, '');
  const letters = Array.from(text);
  const letter = letters[differs];
  return [ends(letters.slice(0, differs).join('')), make('mark', {}, letter === undefined ? '∅' : SIGNS[letter] ?? letter), ends(letters.slice(differs + 1).join('')).replace(/\n$/, '')];
}

// Long texts have a window of their own: move it to what is marked.
function showMarks(parent) {
  for (const mark of parent.querySelectorAll('pre mark')) {
    const pre = mark.closest('pre');
    pre.scrollTop = Math.max(mark.offsetTop - pre.offsetTop - pre.clientHeight / 2, 0);
  }
}

function sides(parts, id, words, knowsReceived = true) {
  const heads = ['part', ...words].map(say);
  const rows = parts.map((part) => {
    const wrong = part.differs !== null || (knowsReceived && (part.expected === null) !== (part.received === null));
    const received = knowsReceived || part.received !== null ? marked(part.received, part.differs) : make('span', { class: 'soft' }, say('unknownText'));
    const cells = [named('partNames', part.name), make('pre', {}, marked(part.expected, part.differs)), make('pre', {}, received)];
    return make('tr', { class: wrong ? 'wrong' : '' }, cells.map((cell, index) => make(index ? 'td' : 'th', index ? { 'data-head': heads[index] } : { scope: 'row' }, cell)));
  });
  const head = make('tr', {}, heads.map((text) => make('th', { scope: 'col' }, text)));
  return make('table', { class: 'sides', id }, make('thead', {}, head), make('tbody', {}, rows));
}

// What was signed beside what has to be. Of what the platform sends, that is what arrived. "other" is the word for a
// signature that fits nothing that was tried.
export function comparisonOf(comparison, id, words = RECEIVED, other = 'other') {
  const { state, parts, header } = comparison;
  const reason = comparison[language];
  const verdict = state === 'found' ? say('found') + reason : reason || say(state === 'other' ? other : state);
  const right = state === 'verified' || state === 'unsigned';
  return [
    make('p', { class: `verdict ${right ? 'good' : 'bad'}`, id: `${id}-verdict` }, verdict),
    parts.length ? sides(parts, `${id}-parts`, words, state === 'verified' || state === 'found') : null,
    header.length ? make('h4', {}, say('identification')) : null,
    header.length ? sides(header, `${id}-header`, RECEIVED) : null,
  ];
}

// The fields of an operation or event, as the catalogue has them.
export function fieldsOf(description, word) {
  if (!description) return null;
  const heads = [say('field'), say('type'), say('required'), say('meaning')];
  const tables = [...description.tables, ...description.answers].filter((each) => each.rows.length);
  return folded(say(word), tables.map((each) => [make('h4', {}, named('catalogueTexts', each.heading)), table(heads, each.rows.map((row) => {
    const [remark, ...names] = row.note.split('：');
    const remarks = [row.meaning?.[language], row.encrypted ? say('encrypted') : '', [named('catalogueTexts', remark), ...names].join(' '), row.enum.length ? `${say('values')} ${row.enum.join(' | ')}` : '', row.example === null ? '' : `${say('example')} ${row.example}`];
    return [make('code', {}, '\u2003'.repeat(row.depth) + row.name), row.type, row.required ? '✓' : '', remarks.filter(Boolean).join(' · ')];
  }))]));
}

// Tables that stay while what they show stays: each with its word for a title, and its rows by keys.
export function keepTables(parent, tables) {
  const headsOf = new Map(tables.map(({ name, heads }) => [name, heads.map(say)]));
  keep(parent, tables.map(({ name, items }) => [name, { name, language: items.length === 0 && language }]), ({ name, language: empty }) =>
    make('div', {}, make('h2', {}), empty ? emptyNote() : table(headsOf.get(name), [], { id: name })));
  for (const [index, { name, items, keyOf, rowOf }] of tables.entries()) {
    parent.children[index].firstChild.textContent = say(name);
    if (!items.length) continue;
    for (const [column, head] of byId(name).querySelectorAll('th').entries()) head.textContent = headsOf.get(name)[column];
    keep(byId(name).querySelector('tbody'), items.map((item, place) => [keyOf(item, place), { item, language }]), ({ item }) => tableRow(headsOf.get(name), rowOf(item)));
  }
}

// One table with the button that empties it, or a note.
export function keepRows(parent, id, heads, items, rowOf, word, clear) {
  keep(parent, [[id, { empty: items.length === 0, language }]], ({ empty }) => (empty ? emptyNote() : make('div', {}, table(heads, [], { id }),
    make('div', { class: 'row' }, button(say(word), clear, { id: `clear-${id}`, 'data-key': `clear-${id}` })))));
  if (items.length) keep(byId(id).querySelector('tbody'), items.map((item, index) => [index, item]), (item) => tableRow(heads, rowOf(item)));
}

export function copyButton(element, properties = {}) {
  const copy = button(say('copy'), async () => { await copyText(element); copy.textContent = say('copied'); }, properties);
  return copy;
}

// Settings by name, to be copied; secrets are masked until they are asked for.
export function valueTable(values, hidden, secrets, show) {
  const copied = (name, value) => { const code = make('code', {}, value); return [code, copyButton(code, { 'data-key': `copy-${name}`, 'aria-label': `${say('copy')} ${name}` })]; };
  const masked = (name) => [make('code', {}, '********'), button(say('show'), show, { 'data-key': `copy-${name}`, 'aria-label': `${say('show')} ${name}` })];
  const rows = [...Object.entries(values).map(([name, value]) => [name, copied(name, value)]), ...hidden.map((name) => [name, secrets ? copied(name, secrets[name]) : masked(name)])];
  return make('div', { class: 'scroll' }, make('table', { class: 'values', id: 'values' }, make('tbody', {}, rows.map(([name, cells]) => make('tr', {}, make('th', { scope: 'row' }, named('settingNames', name)), cells.map((cell) => make('td', {}, cell)))))));
}

// One step of a history: its time, and what its kind's function says of it.
export const stepOf = (step, says) => make('li', { class: step.step }, make('time', {}, step.time === null ? '—' : moment(step.time)),
  make('span', { class: 'what' }, says[step.step](step).filter((each) => each !== null).map((each) => (each instanceof Node ? each : make('span', {}, each)))));

// Several texts, one of them shown, to be copied.
export function choiceOf(title, texts, id, nameOf = (name) => name) {
  if (!texts.length) return null;
  const code = make('pre', { tabindex: '0', id }, texts[0].code);
  const copy = copyButton(code, { 'data-key': 'copy' });
  const choices = texts.map((each, index) => button(nameOf(each.name), () => {
    code.textContent = each.code;
    copy.textContent = say('copy');
    for (const other of choices) other.setAttribute('aria-pressed', String(other === choices[index]));
  }, { 'aria-pressed': String(index === 0), class: 'choice' }));
  return card(title, make('div', { class: 'row' }, choices, copy), code);
}

// The six forms of a request.
export const pythonOf = (forms) => choiceOf(say('python'), forms, 'python', (name) => named('catalogueTexts', name));

async function copyText(element) {
  if (navigator.clipboard) { await navigator.clipboard.writeText(element.textContent); return; }
  getSelection().selectAllChildren(element); // a page without TLS on another address may not write it: Ctrl-C does
}

// A list of things and the details of one of them.
export function masterDetail(room, { line, details, emptyWord, wanted }) {
  const list = byId(`${room}-list`);
  const panel = byId(`${room}-details`);
  const lines = new Map();
  let chosen = null;

  function show(items, first) {
    let stale = false;
    for (const [id, known] of lines) if (id < first) { known.element.remove(); lines.delete(id); }
    for (const item of items) {
      const text = JSON.stringify(item);
      const known = lines.get(item.id);
      if (known?.text === text) continue;
      const element = make('li', {}, make('button', { type: 'button', 'data-key': `${room}-${item.id}`, 'aria-current': String(item.id === chosen), click: doing(() => go(room, item.id)) }, line(item)));
      stale ||= known !== undefined && item.id === chosen;
      const focused = known?.element.contains(document.activeElement);
      if (known) known.element.replaceWith(element); else list.prepend(element);
      if (focused) element.firstChild.focus();
      lines.set(item.id, { text, item, element });
    }
    sift();
    if (stale) choose(chosen).catch((error) => tell(error.message)); // not doing(): what was told stays
  }

  function sift() {
    let count = 0;
    for (const { item, element } of lines.values()) { element.hidden = !wanted(item); count += !element.hidden; }
    list.dataset.empty = say(emptyWord);
    list.classList.toggle('bare', count === 0);
  }

  async function choose(id) {
    chosen = id;
    for (const [each, { element }] of lines) element.firstChild.setAttribute('aria-current', String(each === id));
    const content = await details(id).catch((error) => {
      if (error.status !== 404) throw error;
      return [make('p', { class: 'alert', role: 'alert' }, error.message)];
    });
    await untilReleased();
    if (chosen !== id) return;
    panel.parentElement.classList.add('detailed');
    renew(panel, button(say('back'), leave, { class: 'back' }), ...content);
    showMarks(panel);
    panel.dataset.shown = id;
  }

  async function leave() {
    const line = lines.get(chosen);
    await go(room);
    line?.element.firstChild.focus();
  }

  function forget() {
    chosen = null;
    for (const { element } of lines.values()) element.firstChild.setAttribute('aria-current', 'false');
    delete panel.dataset.shown;
    panel.parentElement.classList.remove('detailed');
    renew(panel, emptyNote('choose'));
  }

  // The one that an address names, or none.
  const arrive = (id) => (id === undefined ? forget() : choose(/^[0-9]{1,15}$/.test(id) ? Number(id) : id));

  // In another language, or after all was forgotten.
  async function again() {
    const items = [...lines.values()].map(({ item }) => item);
    lines.clear();
    list.replaceChildren();
    show(items, 0);
    if (chosen === null) forget(); else await choose(chosen);
  }

  function clear() { lines.clear(); list.replaceChildren(); forget(); sift(); }

  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key];
    let next = step && event.target.closest('li')?.[step];
    while (next?.hidden) next = next[step];
    if (next) { event.preventDefault(); next.firstChild.focus(); }
  });
  return { show, sift, choose, arrive, again, clear };
}
