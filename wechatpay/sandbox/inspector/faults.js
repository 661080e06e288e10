// What breaks on purpose: a switch for each kind, rules with settings, the host and its keys.
import { ask, button, byId, card, chip, doing, keep, keepRows, labelled, make, renew, scopeOf, tell } from './elements.js';
import { clockButtons } from './layout.js';
import { named, say } from './i18n.js';

const SETTINGS = { error: ['code', 'status', 'message', 'executed'], throttle: ['seconds', 'code'], pending: ['code', 'executed'], latency: ['seconds'], late: ['seconds'], reset: ['executed'], close: ['executed'] };
const SWITCHED = { pending: { times: 1, executed: true }, error: { code: 'SYSTEM_ERROR' } };
let rules = [];
let codes = [];

async function changed() {
  document.dispatchEvent(new Event('changed'));
  showRules((await ask('faults')).faults);
}

const isSpent = (rule) => rule.times !== null && rule.struck >= rule.times;

async function turn(kind, on) {
  for (const rule of rules.filter((each) => each.kind === kind)) await ask('faults', 'DELETE', rule);
  if (on) await ask('faults', 'POST', { kind, ...SWITCHED[kind] });
  await changed();
}

function struckBy(kind) {
  const own = rules.filter((rule) => rule.kind === kind);
  return { kind, on: own.some((rule) => !isSpent(rule)), struck: own.reduce((sum, rule) => sum + rule.struck, 0) };
}

const switchOf = ({ kind, on, struck }) => make('button', { type: 'button', role: 'switch', class: 'switch', 'aria-checked': String(on), 'data-key': `switch-${kind}`, click: doing(() => turn(kind, !on)) },
  make('span', { class: 'knob', 'aria-hidden': 'true' }), make('span', { class: 'name' }, make('strong', {}, kind), ' ', named('kindTexts', kind)), struck ? chip(`${say('struck')} ${struck}`, 'bad') : null);

function ruleRow({ rule, index }) {
  const settings = [rule.code, rule.status || '', ['latency', 'late', 'throttle'].includes(rule.kind) ? `${rule.seconds} s` : '', rule.message].filter(Boolean).join(' · ');
  return [`${rule.kind}${settings ? ` · ${settings}` : ''}`, scopeOf(rule.operation, rule.match), rule.times ?? '∞', make('span', {}, rule.struck, isSpent(rule) ? ` · ${say('spent')}` : ''),
    button(say('remove'), async () => { await ask('faults', 'DELETE', rule); await changed(); }, { 'data-key': `remove-${index}` })];
}

export function showRules(found, kinds = byId('fault-switches').dataset.kinds.split(' ')) {
  rules = found;
  const heads = ['fault', 'scope', 'limit', 'struck', 'action'].map(say);
  keep(byId('fault-switches'), kinds.map((kind) => [kind, struckBy(kind)]), switchOf);
  keepRows(byId('fault-rules'), 'rules', heads, rules.map((rule, index) => ({ rule, index })), ruleRow, 'clear', async () => { await ask('faults', 'DELETE'); await changed(); });
}

function ruleForm(kinds) {
  const text = (name, properties = {}) => make('input', { name, ...properties });
  const inputs = {
    code: labelled('code', text('code', { list: 'codes', placeholder: 'SYSTEM_ERROR' })), status: labelled('httpStatus', text('status', { type: 'number', min: '100', max: '599' })), message: labelled('text', text('message')),
    seconds: labelled('seconds', text('seconds', { type: 'number', min: '0', step: '0.1', value: '1' })), executed: make('label', { class: 'check' }, make('input', { name: 'executed', type: 'checkbox' }), say('executed')),
  };
  const fit = () => { for (const [name, input] of Object.entries(inputs)) input.hidden = !(SETTINGS[kind.value] ?? []).includes(name); };
  const kind = make('select', { name: 'kind', change: fit }, kinds.map((name) => make('option', { value: name }, `${name} · ${named('kindTexts', name)}`)));
  fit();
  const submit = async (event) => {
    const form = event.target.elements;
    const wanted = new Set(SETTINGS[kind.value] ?? []);
    const rule = { kind: kind.value, operation: form.operation.value.trim() || '*', match: form.match.value, after: Number(form.after.value) };
    if (form.times.value) rule.times = Number(form.times.value);
    for (const name of ['code', 'message']) if (wanted.has(name)) rule[name] = form[name].value.trim();
    for (const name of ['status', 'seconds']) if (wanted.has(name)) rule[name] = Number(form[name].value);
    if (wanted.has('executed') && form.executed.checked) rule.executed = true;
    await ask('faults', 'POST', rule);
    await changed();
  };
  return make('form', { submit: doing(submit), id: 'rule-form' }, labelled('fault', kind), labelled('operation', text('operation', { value: '*', placeholder: 'POST v3/pay/transactions/*', spellcheck: 'false' })),
    labelled('match', text('match', { placeholder: 'out_trade_no=T2026*, amount.total>=100', spellcheck: 'false' })),
    labelled('times', text('times', { type: 'number', min: '1' })), labelled('after', text('after', { type: 'number', min: '0', value: '0' })), Object.values(inputs),
    make('datalist', { id: 'codes' }, codes.map((code) => make('option', { value: code }))), make('div', { class: 'row' }, make('button', { class: 'main' }, say('add'))));
}

function hostButtons(backup) {
  const action = (word, after = () => {}) => button(say(word), async () => { after(await ask(`actions/${word}`, 'POST')); }, { id: `host-${word}`, 'data-key': `host-${word}` });
  return [
    make('div', { class: 'row' }, action('rotate', ({ result }) => tell(say('rotated') + result, true)), action('down'), action('up')),
    make('p', { class: 'soft' }, say('downHint'), ' ', make('a', { href: backup, target: '_blank' }, backup)),
  ];
}

export function showFaults(catalogue, backup) {
  const kinds = Object.keys(catalogue.kinds);
  codes = catalogue.codes;
  renew(byId('faults'),
    card(say('switches'), make('p', { class: 'soft' }, say('switchesHint')), make('div', { id: 'fault-switches', class: 'switches', 'data-kinds': kinds.join(' ') })),
    card(say('rules'), make('div', { id: 'fault-rules' })), card(say('rule'), make('p', { class: 'soft' }, say('notificationHint'), make('code', {}, 'notify TRANSACTION.SUCCESS')), ruleForm(kinds)), card(say('hosts'), hostButtons(backup)), card(say('clock'), clockButtons()));
  showRules(rules);
}
