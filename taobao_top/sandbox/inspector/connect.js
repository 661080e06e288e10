// The app in the terms of several languages, to be copied. Secrets are asked for by a button only.
import { inquire } from './app.js';
import { byId, card, choiceOf, make, renew, valueTable } from './elements.js';
import { say } from './i18n.js';

let secrets = null;

export async function showConnect() {
  const { values, code } = await inquire(`inspector/connect?origin=${encodeURIComponent(location.origin)}`);
  const show = async () => { secrets = await inquire('inspector/secrets', 'POST'); await showConnect(); };
  renew(byId('connect'), card(say('connect'), make('p', { class: 'soft' }, say('connectHint')), valueTable(values, ['app_secret', 'session'], secrets, show)), choiceOf(say('clients'), code, 'client-code'));
}
