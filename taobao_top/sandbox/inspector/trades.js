// The seller's orders and sessions, with what buyer, seller and platform do to them.
import { inquire } from './app.js';
import { button, byId, card, chip, doing, keepTables, labelled, link, make, moment, renew, tell } from './elements.js';
import { named, say } from './i18n.js';
import { go } from './place.js';
import { showTrade } from './trade.js';

const OPEN = ['WAIT_BUYER_PAY', 'WAIT_SELLER_SEND_GOODS', 'WAIT_BUYER_CONFIRM_GOODS'];
const NEXT = { WAIT_BUYER_PAY: 'pay', WAIT_SELLER_SEND_GOODS: 'ship', WAIT_BUYER_CONFIRM_GOODS: 'finish' };

const news = () => document.dispatchEvent(new Event('changed'));
const row = (...children) => make('div', { class: 'row' }, ...children);
let shown = null; // the trade that the address names

const act = (word, path, name, key) => button(say(word), async () => { await inquire(path, 'POST', { act: name }); news(); }, { 'data-key': `${name}-${key}` });

function deedsOf({ tid, status }) {
  const deed = (name) => act(name, `inspector/trades/${tid}`, name, tid);
  return row(NEXT[status] ? deed(NEXT[status]) : null, OPEN.includes(status) ? deed('close') : null);
}

function tradeRow(trade) {
  const { tid, status } = trade;
  return [link(['trades', tid], tid), trade.title, trade.buyer_nick, `¥${trade.payment}`, chip(`${status} ${named('stateTexts', status)}`, status === 'TRADE_FINISHED' ? 'good' : ''), trade.created, trade.modified, deedsOf(trade)];
}

function sessionRow(session) {
  const deed = (name) => act(name, `inspector/sessions/${session.id}`, name, session.id);
  const until = session.expires === null ? say('never') : moment(session.expires);
  return [session.token, `${session.nick} ${session.user_id}`, session.expired ? chip(say('expired'), 'bad') : until, row(session.expired ? deed('revive') : deed('expire'), deed('withdraw'))];
}

export function showTrades({ trades, sessions }) {
  keepTables(byId('trades-state'), [
    { name: 'orders', heads: ['number', 'goods', 'buyer', 'payment', 'state', 'created', 'modified', 'action'], items: trades, rowOf: tradeRow, keyOf: ({ tid }) => tid },
    { name: 'sessions', heads: ['token', 'seller', 'expires', 'action'], items: sessions, rowOf: sessionRow, keyOf: ({ id }) => id },
  ]);
}

// The overview, or one trade.
export async function showTradesPlace(tid) {
  if (tid !== (shown ?? undefined)) byId('object').replaceChildren();
  shown = tid ?? null;
  byId('overview').hidden = shown !== null;
  byId('object').hidden = shown === null;
  if (shown !== null) await showTrade(shown, deedsOf);
}

export const renewTrade = () => (shown === null ? null : showTrade(shown, deedsOf));

export function showTradeForm() {
  const number = make('input', { type: 'search', name: 'tid', inputmode: 'numeric', required: true, placeholder: say('findTrade'), 'aria-label': say('findTrade') });
  renew(byId('trades-find'), make('form', { submit: doing(() => go('trades', number.value.trim())), id: 'find-form' }, row(number, make('button', {}, say('find')))));
  const input = (name, value, properties = {}) => make('input', { name, value, ...properties });
  const submit = async ({ target: { elements: given } }) => {
    const trade = { count: Number(given.count.value), status: given.status.value };
    for (const name of ['title', 'buyer_nick', 'payment']) if (given[name].value.trim()) trade[name] = given[name].value.trim();
    await inquire('trades', 'POST', trade);
    news();
    tell(say('placed'), true);
  };
  renew(byId('trades-form'), card(say('newTrade'), make('form', { submit: doing(submit), id: 'trade-form' },
    labelled('count', input('count', '1', { type: 'number', min: '1', max: '1000', required: true })), labelled('goods', input('title', '', { placeholder: '沙箱商品' })), labelled('buyer', input('buyer_nick', '')),
    labelled('payment', input('payment', '', { inputmode: 'decimal', placeholder: '99.00', pattern: '[0-9]+(\\.[0-9]{1,2})?' })), labelled('state', make('select', { name: 'status' }, OPEN.map((name) => make('option', { value: name }, `${name} ${named('stateTexts', name)}`)))),
    row(make('button', { class: 'main' }, say('place'))))));
}
