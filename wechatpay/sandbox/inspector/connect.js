// The account in the terms of several languages, to be copied. Secrets are asked for by a button only.
import { ask, button, byId, card, choiceOf, copyButton, make, renew } from './elements.js';
import { named, say } from './i18n.js';

let secrets = null;

function valueRow([name, value]) {
  const code = make('code', {}, value);
  return make('tr', {}, make('th', { scope: 'row' }, named('settingNames', name)), make('td', {}, code), make('td', {}, copyButton(code, { 'data-key': `copy-${name}`, 'aria-label': `${say('copy')} ${name}` })));
}

function secretRow(name) {
  if (secrets) return valueRow([name, secrets[name]]);
  const show = async () => { secrets = await ask('inspector/secrets', 'POST'); await showConnect(); };
  return make('tr', {}, make('th', { scope: 'row' }, named('settingNames', name)), make('td', {}, make('code', {}, '********')), make('td', {}, button(say('show'), show, { 'data-key': `show-${name}`, 'aria-label': `${say('show')} ${name}` })));
}

export async function showConnect() {
  const { values, code } = await ask('inspector/connect');
  const rows = [...Object.entries(values).map(valueRow), ...['apiv3_key', 'secret'].map(secretRow)];
  renew(byId('connect'), card(say('connect'), make('p', { class: 'soft' }, say('connectHint')),
    make('div', { class: 'scroll' }, make('table', { class: 'values', id: 'values' }, make('tbody', {}, rows)))), choiceOf(say('clients'), code, 'client-code'));
}
