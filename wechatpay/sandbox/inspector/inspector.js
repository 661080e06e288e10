// The page: its rooms, and what it looks at.
import { actionForm, knowActions } from './actions.js';
import { callbacks } from './callbacks.js';
import { showConnect } from './connect.js';
import { ask, byId, card, doing, make, renew, untilReleased } from './elements.js';
import { showChosenEvent, showEvents } from './events.js';
import { showFaults, showRules } from './faults.js';
import { countOf, forgetPlaces, look, openRoom, showClock, start } from './layout.js';
import { forgetBill, knowTables, showBills, showMoney, showMoneyPlace } from './money.js';
import { go } from './place.js';
import { requests } from './requests.js';
import './states.js';
import { say } from './i18n.js';

const RESTS = 9; // so many times as long as its money took to show, the page leaves a sandbox full of orders alone

let catalogue = null;
let last = 0;
let mark = '';
let seen = '';
let due = 0;
let run = null;

const backupPage = () => `${catalogue.backup_url}_sandbox/`;

async function update() {
  const changes = await ask(`inspector/changes?after=${last}&seen=${mark}`);
  await untilReleased();
  run ??= changes.run;
  if (changes.run !== run) { location.reload(); return; } // another sandbox at this address
  showClock(changes);
  requests.show(changes.entries, changes.first);
  last = changes.last;
  mark = changes.mark;
  countOf('requests', changes.count);
  if (changes.deliveries) {
    callbacks.show(changes.deliveries, changes.deliveries[0]?.id ?? Infinity);
    showRules(changes.faults);
    countOf('callbacks', changes.deliveries.length);
    countOf('faults', changes.faults.length);
  }
  const now = `${changes.money} ${last} ${mark} ${changes.ahead}`;
  const began = performance.now();
  if (openRoom() === 'money' && now !== seen && began >= due) {
    await showMoney();
    seen = now;
    due = performance.now() + RESTS * (performance.now() - began);
  }
}

async function openRequest(id) { await look(); await go('requests', id); }
async function openCallback(id) { await look(); await go('callbacks', id); }

async function begin() {
  catalogue = await ask('inspector/catalogue');
  knowActions(catalogue.actions);
  knowTables(catalogue.tables);
  renew(byId('account'), catalogue.mchid, ' · ', catalogue.base_url);
}

function speak() {
  showEvents(catalogue, openCallback);
  showFaults(catalogue, backupPage());
  showBills(catalogue.today, openRequest);
  renew(byId('act'), card(say('act'), actionForm()));
  doing(async () => { await requests.again(); await callbacks.again(); })();
}

byId('reset').addEventListener('click', doing(async () => {
  if (!confirm(say('sure'))) return;
  await ask('reset', 'POST');
  requests.clear();
  callbacks.clear();
  forgetBill();
  forgetPlaces();
  await look();
}));

const lost = () => catalogue && [' · ', make('a', { href: backupPage() }, say('backup'))];
start({ begin, speak, update, lost, opened: { requests: requests.arrive, callbacks: callbacks.arrive, money: showMoneyPlace, events: showChosenEvent, connect: showConnect } });
