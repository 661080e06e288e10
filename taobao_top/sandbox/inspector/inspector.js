// The page: its rooms, and what it looks at.
import { addressOf, inquire, pin, pinned } from './app.js';
import { byId, doing, keep, make, renew, untilReleased } from './elements.js';
import { showClock, showFaults, showRules } from './faults.js';
import { countOf, look, open, openRoom, start } from './layout.js';
import { showMessageForms, showMessages } from './messages.js';
import { requests } from './requests.js';
import { showTradeForm, showTrades } from './trades.js';
import { say } from './i18n.js';

const GONE = 404;
let catalogue = null;
let last = 0;
let mark = '';
let news = null;

// An app of a test comes and goes: where it is gone, the latest is shown.
async function ask(path) {
  try { return await inquire(path); } catch (error) {
    if (error.status === GONE && pinned() !== null) location.replace(`/_sandbox/${location.hash}`);
    throw error;
  }
}

function showApps(apps) {
  const select = byId('apps');
  select.hidden = apps.length < 2;
  keep(select, apps.map((key) => [key, key]), (key) => make('option', { value: key }, key));
  select.value = pinned();
}

function showNews() {
  if (news === null) return;
  showMessages(news.messages);
  showRules(news);
  showClock(news);
  if (news.trades) showTrades(news);
}

async function update() {
  const changes = await ask(`inspector/changes?after=${last}&seen=${mark}&room=${openRoom()}`);
  await untilReleased();
  if (changes.last < last) { location.reload(); return; } // another sandbox at this address
  requests.show(changes.entries, changes.first);
  last = changes.last;
  mark = changes.mark;
  countOf('requests', Math.max(changes.last - changes.first + 1, 0));
  if (!changes.messages) return;
  news = { ...news, ...changes };
  showApps(changes.apps);
  showNews();
  countOf('messages', changes.messages.waiting.length + changes.messages.unconfirmed.length);
  countOf('faults', changes.faults.length + changes.bans.length + changes.limits.length);
}

async function openRequest(id) { await look(); open('requests'); await requests.choose(id); }

async function begin() {
  catalogue = await ask('inspector/catalogue');
  pin(catalogue.app_key);
  renew(byId('account'), `app_key ${catalogue.app_key}`, ' · ', `${location.origin}/router/rest`);
}

function speak() {
  showTradeForm();
  showMessageForms(openRequest);
  showFaults(catalogue);
  showNews();
  doing(() => requests.again())();
}

byId('apps').addEventListener('change', ({ target }) => location.assign(addressOf(target.value) + location.hash));
byId('reset').addEventListener('click', doing(async () => {
  if (!confirm(say('sure'))) return;
  await inquire('journal', 'DELETE');
  requests.clear();
  await look();
}));

start({ begin, speak, update, opened: { trades: look } });
