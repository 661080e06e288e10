// One object with its history, and the list of all objects of a kind.
import { actionForm } from './actions.js';
import { ask, block, button, byId, card, chip, doing, emptyNote, faultChip, folded, generatedChip, isGood, keep, link, make, moment, stepOf, table, untilReleased, yuan } from './elements.js';
import { eventTitle, language, named, operationTitle, say } from './i18n.js';
import { sandboxNow } from './layout.js';

const GOOD = new Set(['SUCCESS', 'DONE', 'SIGNED', 'PROCESSED', 'FINISHED', 'USER_PAID', 'TAKING_EFFECT']);
export const stateChip = (state) => chip([...new Set([state, named('stateTexts', state)])].join(' '), GOOD.has(state) ? 'good' : '');
export const objectLink = (kind, number) => link(['money', kind, number], number);

const amountOf = ({ amount, currency }) => (amount === null || amount === undefined ? null : `${yuan(amount, currency)}`);
// Some kinds end with whose they are: "account entry BASIC 1900000109".
export function kindOf(kind) {
  const name = named('kindNames', kind);
  const [, start, whose] = (name === kind && /^(.+) (\S+)$/.exec(kind)) || [];
  return whose ? `${named('kindNames', start)} ${whose}` : name;
}
const timeName = ({ kind, what }) => named('timeNames', kind === 'order' && what === 'success_time' ? 'pay_time' : what);
const asText = (value) => (value === null || value === undefined ? '' : String(value));

const STEPS = {
  fact: (step) => [`${kindOf(step.kind)} · ${timeName(step)}`, objectLink(step.kind, step.number), amountOf(step)],
  planned: (step) => [`${kindOf(step.kind)} · ${timeName(step)}`, objectLink(step.kind, step.number), button(say('advanceTo'), () => advance(step.time), { 'data-key': `until-${step.what}` })],
  request: (step) => [link(['requests', step.id], `${step.method} ${operationTitle(step)}`), chip(step.status || '✗', isGood(step.status) && !step.code ? 'good' : 'bad'), step.code || null, faultChip(step.fault), generatedChip(step.generated)],
  notified: (step) => [link(['callbacks', step.id], `${say('notified')} ${eventTitle({ name: step.event, title: step.title })}`), `${say('attempt')} ${step.attempt}`, chip(step.status || '✗', step.accepted ? 'good' : 'bad'), step.error || null, step.forgery ? chip(`${say('forgery')}: ${named('forgeryTexts', step.forgery)}`, 'fault') : null, step.duplicate ? chip(say('duplicate')) : null],
  pending: (step) => [link(['callbacks', step.id], `${say('notified')} ${eventTitle({ name: step.event, title: step.title })}`), chip(named('stateTexts', step.state))],
  booked: (step) => [`${say('booked')} · ${named('bookNames', step.what)}`, yuan(step.amount), step.fee ? `${say('fee')} ${yuan(step.fee)}` : null, step.balance === null ? null : `${kindOf(step.kind)} · ${say('balance')} ${yuan(step.balance)}`],
};

async function advance(time) {
  await ask('clock', 'POST', { seconds: Math.max(Math.ceil(time - sandboxNow()) + 1, 1) });
  document.dispatchEvent(new Event('changed'));
}

const PARTS = {
  head: ({ kind, number, state, amount, currency, count, steps }) => make('div', {},
    make('p', { class: 'crumbs' }, link(['money'], say('money')), ' › ', link(['money', kind], kindOf(kind))),
    make('h2', { tabindex: '-1' }, `${kindOf(kind)} ${number}`),
    make('p', { class: 'row' }, state ? stateChip(state) : null, amount === null ? null : chip(`${yuan(amount, currency)} · ${amount} ${currency === 'CNY' ? say('fen') : ''}`), count > steps ? chip(`${say('lastSteps')} ${steps}/${count}`) : null)),
  steps: ({ steps }) => card(say('history'), steps.length ? make('ol', { class: 'steps', id: 'steps' }, steps.map((step) => stepOf(step, STEPS))) : emptyNote()),
  related: ({ related }) => (related.length ? card(say('related'), objectTable(related, 'related')) : make('div', { hidden: true })),
  object: ({ object }) => folded(say('stored'), block(object, { id: 'stored' })),
  act: ({ number }) => folded(say('act'), actionForm(number)),
};

const objectTable = (rows, id) => table(['kind', 'number', 'amount', 'state', 'time'].map(say), rows.map((row) => [kindOf(row.kind), objectLink(row.kind, row.number), asText(amountOf(row)), row.state ? stateChip(row.state) : '', row.time === null ? '' : moment(row.time)]), { id });

// What the sandbox knows of a kind, or of an object. No address of it has two dots for a number: they lead upwards.
async function lookUp(kind, wanted) {
  if ([kind, wanted].some((each) => /^\.\.?$/.test(each))) return { gone: say('nowhere') + location.hash };
  const rest = typeof wanted === 'string' ? `/${encodeURIComponent(wanted)}` : `?${new URLSearchParams(wanted)}`;
  const found = await ask(`inspector/objects/${encodeURIComponent(kind)}${rest}`).catch((error) => {
    if (error.status !== 404) throw error;
    return { gone: error.message };
  });
  await untilReleased();
  return found;
}

const showGone = (parent, { gone: text }) => keep(parent, [['gone', { text, language }]], ({ text: reason }) => make('div', {}, make('p', { class: 'crumbs' }, link(['money'], say('money'))), make('p', { class: 'alert', role: 'alert' }, reason)));

// Row is the line of the overview, with its buttons; null for kinds without one.
export async function showObject(kind, number, rowOf) {
  const parent = byId('object');
  const found = await lookUp(kind, number);
  if (found.gone) { showGone(parent, found); return; }
  const { steps, related, object, entry, count, ...head } = found;
  const row = rowOf(kind, entry);
  const parts = [['head', { ...head, count, steps: steps.length }], ...(row ? [['row', { entry }]] : []), ['steps', { steps }], ['related', { related }], ['object', { object }], ['act', { number: head.number }]];
  keep(parent, parts.map(([part, content]) => [part, { part, language, ...content }]), (content) => (content.part === 'row' ? rowOf(kind, content.entry) : PARTS[content.part](content)));
}

let text = '';
let page = 0;
let listed = null;

function move(step) { page += step; return showList(listed); }

// The objects of a kind, a page at a time; their search is not a place of its own.
export async function showList(kind) {
  if (listed !== kind) { text = ''; page = 0; }
  listed = kind;
  const { rows, more, gone } = await lookUp(kind, { text: text.replace(/[\ud800-\udfff]/gu, ''), page });
  if (listed !== kind) return;
  const parent = byId('object');
  if (gone) { showGone(parent, { gone }); return; }
  keep(parent, [['find', { kind, language }], ['list', { rows, more, page, language }]], (content) => (content.rows ? listOf(content) : finderOf(content)));
}

function finderOf({ kind }) {
  const search = make('input', { type: 'search', name: 'find', value: text, placeholder: say('find'), 'aria-label': say('find'), 'data-key': 'find', input: doing(async () => { text = search.value.trim(); page = 0; await showList(kind); }) });
  return make('div', {}, make('p', { class: 'crumbs' }, link(['money'], say('money'))), make('h2', { tabindex: '-1' }, kindOf(kind)), make('div', { class: 'row' }, search));
}

const listOf = ({ rows, more, page: shown }) => make('div', {}, rows.length ? objectTable(rows, 'listed') : emptyNote(), make('div', { class: 'row' },
  shown > 0 ? button(say('newer'), () => move(-1), { 'data-key': 'newer' }) : null, more ? button(say('older'), () => move(1), { 'data-key': 'older' }) : null));
