// The frame of a page: its rooms, its languages, its colours, and what keeps it up to date.
import { ask, button, byId, doing, keep, make, moment, tell } from './elements.js';
import { language, say, toggleLanguage } from './language.js';
import { go, onArrival, place, rename } from './place.js';

const PERIOD = 500; // milliseconds between two looks at the sandbox
const tabs = [...document.querySelectorAll('[role=tab]')];
let page = null;
let room = tabs[0].dataset.room;
const last = new Map(tabs.map((tab) => [tab.dataset.room, []])); // where each room was left
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

// Show the place that the address names; one that does not exist says so.
async function arrive() {
  const [name, ...rest] = place();
  const known = last.has(name);
  if (!name) rename(room);
  else if (!known) { tell(say('nowhere') + location.hash); rename(room); }
  else { room = name; last.set(room, rest); }
  for (const tab of tabs) {
    const here = tab.dataset.room === room;
    tab.setAttribute('aria-selected', String(here));
    tab.tabIndex = here ? 0 : -1;
    byId(tab.dataset.room).hidden = !here;
    if (here) tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
  await page.opened[room]?.(...last.get(room));
}

// A room as it was left.
export const open = (name) => go(name, ...last.get(name));

// The rooms begin anew: what they showed is gone.
export function forgetPlaces() {
  for (const name of last.keys()) last.set(name, []);
  rename(room);
}

// The sandbox's clock: shown when it is not the real one, and set.
let ahead = 0;
let now = 0;
export const sandboxNow = () => now;
export function showClock(changes) {
  ({ now, ahead } = changes);
  byId('clock').textContent = Math.abs(ahead) < 1 ? '' : `${say('sandboxTime')} ${moment(now)}`;
}

export function clockButtons(send = ask) {
  const turn = (word, ...request) => button(say(word), async () => { await send('clock', ...request); await look(); }, { 'data-key': `clock-${word}` });
  const move = (word, seconds) => turn(word, 'POST', { seconds });
  return [make('p', { class: 'soft' }, say('clockHint')), make('div', { class: 'row' }, move('plusMinute', 60), move('plusHour', 3600), move('plusDay', 86400), turn('backToNow', 'DELETE'))];
}

function speak() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = say('title');
  for (const each of document.querySelectorAll('[data-text]')) each.textContent = say(each.dataset.text);
  for (const each of document.querySelectorAll('[data-label]')) { each.setAttribute('aria-label', say(each.dataset.label)); each.title = say(each.dataset.label); }
  for (const each of document.querySelectorAll('[data-hint]')) each.placeholder = say(each.dataset.hint);
  page.speak();
  doing(arrive)();
  showLive(true);
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener('click', doing(() => open(tab.dataset.room)));
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

// A page begins once, speaks in a language as often as it changes, updates at every look; some rooms want to know
// that they are opened, with the rest of the address, and a page may say where to go when the sandbox does not answer.
export function start({ begin, speak: speakToo, update, opened = {}, lost = null, started = () => {} }) {
  page = { speak: speakToo, update, opened, lost };
  const first = async () => {
    try { await begin(); } catch (error) {
      tell(error.message);
      showLive(false);
      setTimeout(first, PERIOD);
      return;
    }
    tell('');
    onArrival(doing(arrive));
    speak();
    started();
    await watch();
  };
  first();
}
