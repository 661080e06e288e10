// The page: its rooms, and what it looks at.
import { addressOf, inquire, pin, pinned } from './app.js';
import { showConnect } from './connect.js';
import { byId, doing, keep, make, renew, tell, untilReleased } from './elements.js';
import { showClock as showAhead, showFaults, showRules } from './faults.js';
import { countOf, forgetPlaces, look, openRoom, showClock, start } from './layout.js';
import { showMessageForms, showMessages } from './messages.js';
import { go, place } from './place.js';
import { requests } from './requests.js';
import { renewTrade, showTradeForm, showTrades, showTradesPlace } from './trades.js';
import { say } from './i18n.js';

const GONE = 404;
let catalogue = null;
let last = 0;
let mark = '';
let news = null;
let run = null;
let seen = '';

// An app of a test comes and goes: where it is gone, the latest is shown.
async function ask(path) {
  try { return await inquire(path); } catch (error) {
    if (error.status === GONE && pinned() !== null) {
      sessionStorage.setItem('sandbox-gone', pinned());
      location.replace(`/_sandbox/#${place()[0]}`); // numbers of requests belong to their app
    }
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
  showAhead(news);
  if (news.trades) showTrades(news);
}

async function update() {
  const changes = await ask(`inspector/changes?after=${last}&seen=${mark}&room=${openRoom()}`);
  await untilReleased();
  run ??= changes.run;
  if (changes.last < last || changes.run !== run) { location.reload(); return; } // another sandbox at this address
  showClock(changes);
  requests.show(changes.entries, changes.first);
  last = changes.last;
  mark = changes.mark;
  countOf('requests', Math.max(changes.last - changes.first + 1, 0));
  if (openRoom() === 'trades' && seen !== `${last} ${mark}`) {
    seen = `${last} ${mark}`;
    await renewTrade();
  }
  if (!changes.messages) return;
  news = { ...news, ...changes };
  showApps(changes.apps);
  showNews();
  countOf('messages', changes.messages.waiting.length + changes.messages.unconfirmed.length);
  countOf('faults', changes.faults.length + changes.bans.length + changes.limits.length);
}

async function openRequest(id) { await look(); await go('requests', id); }

async function begin() {
  catalogue = await ask('inspector/catalogue');
  pin(catalogue.app_key);
  history.replaceState(null, '', addressOf(catalogue.app_key) + location.hash);
  renew(byId('account'), `app_key ${catalogue.app_key}`, ' · ', `${location.origin}/router/rest`);
}

function speak() {
  showTradeForm();
  showMessageForms(openRequest);
  showFaults(catalogue);
  showNews();
  doing(() => requests.again())();
}

// The app that the address named was gone: its page says so once.
function showGone() {
  const gone = sessionStorage.getItem('sandbox-gone');
  sessionStorage.removeItem('sandbox-gone');
  if (gone) tell(say('appGone') + gone);
}

byId('apps').addEventListener('change', ({ target }) => location.assign(addressOf(target.value) + location.hash));
byId('reset').addEventListener('click', doing(async () => {
  if (!confirm(say('sure'))) return;
  await inquire('journal', 'DELETE');
  requests.clear();
  forgetPlaces();
  await look();
}));

start({ begin, speak, update, opened: { requests: requests.arrive, trades: async (tid) => { await showTradesPlace(tid); look(); }, connect: showConnect }, started: showGone });
