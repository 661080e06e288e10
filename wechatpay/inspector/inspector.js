// The page: its rooms, its languages, and what keeps it up to date.
import { callbacks } from './callbacks.js';
import { ask, byId, doing, keep, make, renew, untilReleased } from './elements.js';
import { showChosenEvent, showEvents } from './events.js';
import { showFaults, showRules } from './faults.js';
import { showBills, showMoney } from './money.js';
import { requests } from './requests.js';
import { language, say, toggleLanguage } from './words.js';

const PERIOD = 500; // milliseconds between two looks at the sandbox
const tabs = [...document.querySelectorAll('[role=tab]')];
let catalogue = null;
let last = 0;
let mark = '';
let money = null;
let room = 'requests';
let asking = Promise.resolve();

const backupPage = () => `${catalogue.backup_url}_sandbox/`;
const countOf = (name, count) => { byId(`count-${name}`).textContent = count || ''; };

async function update() {
  const changes = await ask(`inspector/changes?after=${last}&seen=${mark}`);
  await untilReleased();
  if (changes.last < last) { location.reload(); return; } // another sandbox at this address
  requests.show(changes.entries, changes.first);
  last = changes.last;
  mark = changes.mark;
  countOf('requests', Math.max(changes.last - changes.first + 1, 0));
  if (changes.deliveries) {
    callbacks.show(changes.deliveries, changes.deliveries[0]?.id ?? Infinity);
    showRules(changes.faults);
    countOf('callbacks', changes.deliveries.length);
    countOf('faults', changes.faults.length);
  }
  if (room === 'money' && changes.money !== money) {
    await showMoney();
    money = changes.money;
  }
  showLive(true);
}

// One look at a time, so that no answer overtakes another.
function look() {
  asking = asking.then(update).catch(() => showLive(false));
  return asking;
}

function showLive(here) {
  const live = byId('live');
  live.className = here ? 'good' : 'bad';
  keep(live, [['live', { here, language }]], () => make('span', {}, here ? `● ${say('live')}` : [`● ${say('lost')} · `, make('a', { href: backupPage() }, say('backup'))]));
}

async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, PERIOD);
}

function open(name) {
  room = name;
  for (const tab of tabs) {
    const here = tab.dataset.room === name;
    tab.setAttribute('aria-selected', String(here));
    tab.tabIndex = here ? 0 : -1;
    byId(tab.dataset.room).hidden = !here;
  }
  history.replaceState(null, '', `#${name}`);
  if (name === 'money') doing(showMoney)();
  if (name === 'events') showChosenEvent();
}

async function openRequest(id) { await look(); open('requests'); await requests.choose(id); }
async function openCallback(id) { await look(); open('callbacks'); await callbacks.choose(id); }

function speak() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = say('title');
  for (const each of document.querySelectorAll('[data-text]')) each.textContent = say(each.dataset.text);
  for (const each of document.querySelectorAll('[data-label]')) { each.setAttribute('aria-label', say(each.dataset.label)); each.title = say(each.dataset.label); }
  for (const each of document.querySelectorAll('[data-hint]')) each.placeholder = say(each.dataset.hint);
  showEvents(catalogue, openCallback);
  showFaults(catalogue, backupPage());
  showBills(catalogue.today, openRequest);
  doing(async () => { await requests.again(); await callbacks.again(); })();
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
byId('reset').addEventListener('click', doing(async () => {
  if (!confirm(say('sure'))) return;
  await ask('reset', 'POST');
  requests.clear();
  callbacks.clear();
  showBills(catalogue.today, openRequest);
  await look();
}));
document.addEventListener('changed', look);
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });

const theme = localStorage.getItem('sandbox-theme');
if (['light', 'dark'].includes(theme)) document.documentElement.dataset.theme = theme;
if (tabs.some((tab) => `#${tab.dataset.room}` === location.hash)) room = location.hash.slice(1);
doing(async () => {
  catalogue = await ask('inspector/catalogue');
  renew(byId('account'), catalogue.mchid, ' · ', catalogue.base_url);
  speak();
  await watch();
})();
