// What breaks on purpose: a switch for each kind, rules with settings, limits and bans.
import { inquire } from './app.js';
import { button, byId, card, clock, doing, keep, keepRows, labelled, make, renew, scopeOf, tell } from './elements.js';
import { language, named, say } from './i18n.js';
import { clockButtons } from './layout.js';

const SETTINGS = { error: ['code', 'sub_code', 'sub_msg'], html: ['status'], huge: ['size'] };
const SWITCHED = { latency: { seconds: 2 }, late: { seconds: 2 } };
let rules = [];
let throttle = { bans: [], limits: [] };

const news = () => document.dispatchEvent(new Event('changed'));
const row = (...children) => make('div', { class: 'row' }, ...children);

async function turn(kind, on) {
  for (const rule of rules.filter((each) => each.kind === kind)) await inquire('faults', 'DELETE', rule);
  if (on) await inquire('faults', 'POST', { kind, times: null, ...SWITCHED[kind] });
  news();
}

const switchOf = ({ kind, on }) => make('button', { type: 'button', role: 'switch', class: 'switch', 'aria-checked': String(on), 'data-key': `switch-${kind}`, click: doing(() => turn(kind, !on)) },
  make('span', { class: 'knob', 'aria-hidden': 'true' }), make('span', { class: 'name' }, make('strong', {}, kind), ' ', named('kindTexts', kind)));

function ruleRow({ rule, index }) {
  const settings = [...(SETTINGS[rule.kind] ?? []).map((name) => rule[name]), rule.seconds ? `${rule.seconds} s` : '', rule.executed === null ? '' : `${say('executed')}: ${say(rule.executed ? 'yes' : 'no')}`];
  return [rule.kind, settings.filter(Boolean).join(' · '), scopeOf(rule.method ?? '*', rule.match), rule.times ?? '∞', rule.after,
    button(say('remove'), async () => { await inquire('faults', 'DELETE', rule); news(); }, { 'data-key': `remove-${index}` })];
}

const throttleRow = (each) => [say(each.until ? 'ban' : 'limit'), make('code', {}, each.method ?? '*'), each.until ? `${say('until')} ${clock(each.until)} · code ${each.code} · ${each.sub_code}` : `${each.calls} / ${each.seconds} s · ${say('ban')} ${each.ban} s`];

export function showRules(found) {
  rules = found.faults;
  throttle = { bans: found.bans, limits: found.limits };
  const kinds = byId('fault-switches').dataset.kinds.split(' ');
  keep(byId('fault-switches'), kinds.map((kind) => [kind, { kind, on: rules.some((rule) => rule.kind === kind), language }]), switchOf);
  keepRows(byId('fault-rules'), 'rules', ['fault', 'settings', 'scope', 'limit', 'after', 'action'].map(say), rules.map((rule, index) => ({ rule, index })), ruleRow, 'clear', async () => { await inquire('faults', 'DELETE'); news(); });
  keepRows(byId('fault-throttle'), 'throttles', ['throttle', 'scope', 'settings'].map(say), [...throttle.bans, ...throttle.limits], throttleRow, 'lift', async () => { await inquire('bans', 'DELETE'); news(); });
}

const text = (name, properties = {}) => make('input', { name, ...properties });
const number = (name, properties = {}) => text(name, { type: 'number', ...properties });
const methodInput = (word, placeholder) => labelled(word, text('method', { placeholder, spellcheck: 'false' }));

function ruleForm(kinds, codes) {
  const inputs = {
    code: labelled('code', number('code', { list: 'codes', value: '50' })), sub_code: labelled('subCode', text('sub_code', { value: 'isp.remote-service-error', spellcheck: 'false' })), sub_msg: labelled('subMsg', text('sub_msg')),
    status: labelled('status', number('status', { min: '200', max: '599', value: '502' })), size: labelled('size', number('size', { min: '0', max: '1073741824', value: '1000000' })),
  };
  const fit = () => { for (const [name, input] of Object.entries(inputs)) input.hidden = !(SETTINGS[kind.value] ?? []).includes(name); };
  const kind = make('select', { name: 'kind', change: fit }, kinds.map((name) => make('option', { value: name }, `${name} · ${named('kindTexts', name)}`)));
  const executed = make('select', { name: 'executed' }, [['', 'byKind'], ['true', 'yes'], ['false', 'no']].map(([value, word]) => make('option', { value }, say(word))));
  fit();
  const submit = async ({ target: { elements: given } }) => {
    const rule = { kind: kind.value, times: given.times.value ? Number(given.times.value) : null, after: Number(given.after.value), seconds: Number(given.seconds.value) };
    if (given.method.value.trim()) rule.method = given.method.value.trim();
    if (given.match.value.trim()) rule.match = given.match.value.trim();
    if (executed.value) rule.executed = executed.value;
    for (const name of SETTINGS[kind.value] ?? []) if (given[name].value.trim()) rule[name] = given[name].value.trim();
    await inquire('faults', 'POST', rule);
    news();
  };
  return make('form', { submit: doing(submit), id: 'rule-form' }, labelled('fault', kind), methodInput('operation', 'taobao.trade.*'), labelled('match', text('match', { placeholder: 'tid=42*, payment>=100', spellcheck: 'false' })), labelled('times', number('times', { min: '1', value: '1' })), labelled('after', number('after', { min: '0', value: '0' })), labelled('seconds', number('seconds', { min: '0', max: '3600', step: 'any', value: '0' })),
    Object.values(inputs), labelled('executed', executed), make('datalist', { id: 'codes' }, Object.entries(codes).map(([code, message]) => make('option', { value: code }, message))), row(make('button', { class: 'main' }, say('add'))));
}

function throttleForms() {
  const methodOf = (given) => (given.method.value.trim() ? { method: given.method.value.trim() } : {});
  const ban = async ({ target: { elements: given } }) => { await inquire('bans', 'POST', { seconds: Number(given.seconds.value), ...methodOf(given) }); news(); };
  const limit = async ({ target: { elements: given } }) => { await inquire('limits', 'POST', { calls: Number(given.calls.value), seconds: Number(given.seconds.value), ban: Number(given.ban.value), ...methodOf(given) }); news(); };
  return make('div', { class: 'pair' },
    make('form', { submit: doing(ban), id: 'ban-form' }, labelled('banSeconds', number('seconds', { min: '0', step: 'any', value: '60', required: true })), methodInput('oneMethod', 'taobao.trade.get'), row(make('button', { class: 'main' }, say('ban')))),
    make('form', { submit: doing(limit), id: 'limit-form' }, labelled('calls', number('calls', { min: '0', value: '10', required: true })), labelled('within', number('seconds', { min: '0', step: 'any', value: '1', required: true })), labelled('banSeconds', number('ban', { min: '0', step: 'any', value: '1', required: true })), methodInput('oneMethod', 'taobao.trade.get'), row(make('button', { class: 'main' }, say('setLimit')))));
}

// The clock of the app, and the key that encrypted fields are opened with.
const clockText = (ahead) => `${say('ahead')}${Number(ahead.toFixed(3))} s`;
const secretText = (version) => say('secretVersion') + version;

export function showClock({ ahead, secret_version: version }) {
  byId('clock-state').textContent = clockText(ahead);
  byId('secret-state').textContent = secretText(version);
}

function clockForm() {
  const move = async ({ target: { elements: given } }) => { const { ahead } = await inquire('clock', 'POST', { seconds: Number(given.seconds.value) }); news(); tell(clockText(ahead), true); };
  return make('form', { submit: doing(move), id: 'clock-form' }, make('p', { id: 'clock-state' }), make('p', { class: 'soft' }, say('clockHint')),
    labelled('moveBy', number('seconds', { step: 'any', value: '600', required: true })), row(make('button', { class: 'main' }, say('move'))), clockButtons(inquire));
}

const rotate = async () => { const { version } = await inquire('secret', 'POST'); news(); tell(secretText(version), true); };

export function showFaults(catalogue) {
  const kinds = Object.keys(catalogue.kinds);
  renew(byId('faults'),
    card(say('switches'), make('p', { class: 'soft' }, say('switchesHint')), make('div', { id: 'fault-switches', class: 'switches', 'data-kinds': kinds.join(' ') })),
    card(say('rules'), make('div', { id: 'fault-rules' })), card(say('rule'), make('p', { class: 'soft' }, say('notificationHint'), make('code', {}, 'notify taobao_trade_*')), ruleForm(kinds, catalogue.codes)),
    card(say('throttle'), make('p', { class: 'soft' }, say('banHint')), make('div', { id: 'fault-throttle' }), throttleForms()),
    make('div', { class: 'pair' }, card(say('clock'), clockForm()),
      card(say('secret'), make('p', { id: 'secret-state' }), make('p', { class: 'soft' }, say('secretHint')), row(button(say('rotate'), rotate, { id: 'rotate-secret', 'data-key': 'rotate-secret' })))));
  showRules({ faults: rules, ...throttle });
}
