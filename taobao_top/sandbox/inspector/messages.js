// The message channel's queue, messages to publish, and calls to the user's server.
import { inquire } from './app.js';
import { button, byId, card, clock, doing, keepTables, labelled, make, renew, tell } from './elements.js';
import { say } from './i18n.js';

const row = (...children) => make('div', { class: 'row' }, ...children);
const messageRow = (message) => [message.id, message.topic, message.content, message.group, clock(message.time), message.deliveries];
const drop = (word, hard) => button(say(word), async () => {
  const { dropped } = await inquire('connections', 'DELETE', { hard });
  document.dispatchEvent(new Event('changed'));
  tell(say('dropped') + dropped, true);
}, { 'data-key': word });
const HEADS = ['number', 'topic', 'content', 'group', 'time', 'deliveries'];

export function showMessages({ connections, waiting, unconfirmed, confirmed, failed, sent }) {
  const messages = (name, items) => ({ name, heads: HEADS, items, rowOf: messageRow, keyOf: ({ id }) => id });
  keepTables(byId('messages-state'), [
    { name: 'connections', heads: ['count', 'action'], items: connections ? [connections] : [], rowOf: (count) => [count, row(drop('closeLinks', false), drop('cutLinks', true))], keyOf: () => 'count' },
    messages('waiting', waiting), messages('unconfirmed', unconfirmed),
    ...(confirmed.length ? [{ name: 'confirmed', heads: ['number'], items: confirmed, rowOf: (number) => [number], keyOf: (number, index) => `${confirmed.length - index} ${number}` }] : []),
    ...(failed.length ? [{ name: 'failed', heads: ['number', 'reason'], items: failed, rowOf: (each) => each, keyOf: ([number], index) => `${failed.length - index} ${number}` }] : []),
    ...(sent.length ? [messages('sentByClient', sent)] : []),
  ]);
}

// JSON that was typed: an object, or nothing.
function objectOf(text) {
  if (!text.trim()) return null;
  let value;
  try { value = JSON.parse(text); } catch (error) { throw new Error(say('notJson') + error.message); }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(say('notJson') + text);
  return value;
}

const texts = (members) => Object.fromEntries(Object.entries(members).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
const input = (name, properties = {}) => make('input', { name, ...properties });
const area = (name, placeholder) => make('textarea', { name, rows: '4', spellcheck: 'false', placeholder });

async function publish({ target: { elements: given } }) {
  objectOf(given.content.value);
  await inquire('messages', 'POST', { topic: given.topic.value.trim(), content: given.content.value.trim() || '{}', group: given.group.value.trim() || 'default' });
  document.dispatchEvent(new Event('changed'));
  tell(say('published'), true);
}

export function showMessageForms(openRequest) {
  const call = async ({ target: { elements: given } }) => {
    const spi = { url: given.url.value, parameters: texts(objectOf(given.parameters.value) ?? {}), forged: given.forged.checked, age: Number(given.age.value) };
    if (given.method.value.trim()) spi.method = given.method.value.trim();
    const body = objectOf(given.body.value);
    if (body) spi.body = body;
    const done = await inquire('inspector/spi', 'POST', spi);
    localStorage.setItem('sandbox-spi-url', given.url.value);
    await openRequest(done.id);
    tell(say('called') + done.status, true);
  };
  renew(byId('messages-forms'), make('div', { class: 'pair' },
    card(say('publish'), make('form', { submit: doing(publish), id: 'publish-form' },
      labelled('topic', input('topic', { required: true, value: 'taobao_trade_TradeBuyerPay', spellcheck: 'false' })), labelled('jsonContent', area('content', '{"tid": 4200000000000000001}')), labelled('group', input('group', { placeholder: 'default' })), row(make('button', { class: 'main' }, say('send'))))),
    card(say('spi'), make('form', { submit: doing(call), id: 'spi-form' },
      labelled('url', input('url', { type: 'url', required: true, placeholder: 'http://127.0.0.1:8000/spi', value: localStorage.getItem('sandbox-spi-url') })), labelled('method', input('method', { placeholder: 'taobao.sandbox.spi.call', spellcheck: 'false' })),
      labelled('jsonParameters', area('parameters', '{"order_id": "1"}')), labelled('jsonBody', area('body', '{"a": 1}')), labelled('age', input('age', { type: 'number', value: '0', step: 'any' })),
      make('label', { class: 'check' }, make('input', { name: 'forged', type: 'checkbox' }), say('forged')), row(make('button', { class: 'main' }, say('call')))))));
}
