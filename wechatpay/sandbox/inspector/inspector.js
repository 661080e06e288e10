// The page: its rooms, and what it looks at.
import { callbacks } from './callbacks.js';
import { ask, byId, doing, make, renew, untilReleased } from './elements.js';
import { showChosenEvent, showEvents } from './events.js';
import { showFaults, showRules } from './faults.js';
import { countOf, look, open, openRoom, start } from './layout.js';
import { forgetBill, showBills, showMoney } from './money.js';
import { requests } from './requests.js';
import { say } from './i18n.js';

let catalogue = null;
let last = 0;
let mark = '';
let money = null;

const backupPage = () => `${catalogue.backup_url}_sandbox/`;

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
  if (openRoom() === 'money' && changes.money !== money) {
    await showMoney();
    money = changes.money;
  }
}

async function openRequest(id) { await look(); open('requests'); await requests.choose(id); }
async function openCallback(id) { await look(); open('callbacks'); await callbacks.choose(id); }

async function begin() {
  catalogue = await ask('inspector/catalogue');
  renew(byId('account'), catalogue.mchid, ' · ', catalogue.base_url);
}

function speak() {
  showEvents(catalogue, openCallback);
  showFaults(catalogue, backupPage());
  showBills(catalogue.today, openRequest);
  doing(async () => { await requests.again(); await callbacks.again(); })();
}

byId('reset').addEventListener('click', doing(async () => {
  if (!confirm(say('sure'))) return;
  await ask('reset', 'POST');
  requests.clear();
  callbacks.clear();
  forgetBill();
  await look();
}));

const lost = () => [' · ', make('a', { href: backupPage() }, say('backup'))];
start({ begin, speak, update, lost, opened: { money: doing(showMoney), events: showChosenEvent } });
