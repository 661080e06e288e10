// The frame of a page: its rooms, its languages, its colours, and what keeps it up to date.
import { byId, doing, keep, make } from './elements.js';
import { language, say, toggleLanguage } from './language.js';

const PERIOD = 500; // milliseconds between two looks at the sandbox
const tabs = [...document.querySelectorAll('[role=tab]')];
let page = null;
let room = tabs[0].dataset.room;
let asking = Promise.resolve();

export const openRoom = () => room;
export const countOf = (name, count) => { byId(`count-${name}`).textContent = count || ''; };

// One look at a time, so that no answer overtakes another.
export function look() {
  asking = asking.then(page.update).then(() => showLive(true), () => showLive(false));
  return asking;
}

function showLive(here) {
  const live = byId('live');
  live.className = here ? 'good' : 'bad';
  keep(live, [['live', { here, language }]], () => make('span', {}, here ? `● ${say('live')}` : [`● ${say('lost')}`, page.lost?.()]));
}

async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, PERIOD);
}

export function open(name) {
  room = name;
  for (const tab of tabs) {
    const here = tab.dataset.room === name;
    tab.setAttribute('aria-selected', String(here));
    tab.tabIndex = here ? 0 : -1;
    byId(tab.dataset.room).hidden = !here;
  }
  history.replaceState(null, '', `#${name}`);
  page.opened[name]?.();
}

function speak() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = say('title');
  for (const each of document.querySelectorAll('[data-text]')) each.textContent = say(each.dataset.text);
  for (const each of document.querySelectorAll('[data-label]')) { each.setAttribute('aria-label', say(each.dataset.label)); each.title = say(each.dataset.label); }
  for (const each of document.querySelectorAll('[data-hint]')) each.placeholder = say(each.dataset.hint);
  page.speak();
  open(room);
  showLive(true);
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener('click', () => open(tab.dataset.room));
  tab.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(index + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}

byId('language').addEventListener('click', () => { toggleLanguage(); speak(); });
byId('theme').addEventListener('click', () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  localStorage.setItem('sandbox-theme', document.documentElement.dataset.theme);
});
document.addEventListener('changed', look);
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });

const theme = localStorage.getItem('sandbox-theme');
if (['light', 'dark'].includes(theme)) document.documentElement.dataset.theme = theme;
if (tabs.some((tab) => `#${tab.dataset.room}` === location.hash)) room = location.hash.slice(1);

// A page begins once, speaks in a language as often as it changes, updates at every look; some rooms want to know
// that they are opened, and a page may say where to go when the sandbox does not answer.
export function start({ begin, speak: speakToo, update, opened = {}, lost = null }) {
  page = { speak: speakToo, update, opened, lost };
  doing(async () => {
    await begin();
    speak();
    await watch();
  })();
}
