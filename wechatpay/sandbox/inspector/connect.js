// The account in the terms of several languages, to be copied. Secrets are asked for by a button only.
import { ask, byId, card, choiceOf, make, renew, valueTable } from './elements.js';
import { say } from './i18n.js';

let secrets = null;

export async function showConnect() {
  const { values, code } = await ask('inspector/connect');
  const show = async () => { secrets = await ask('inspector/secrets', 'POST'); await showConnect(); };
  renew(byId('connect'), card(say('connect'), make('p', { class: 'soft' }, say('connectHint')), valueTable(values, ['apiv3_key', 'secret'], secrets, show)), choiceOf(say('clients'), code, 'client-code'));
}
