// Orders, refunds, what else is remembered, and the bills; with what users and the platform do to them.
import { ask, button, byId, emptyNote, isGood, keepTables, link, make, renew, table, tell, untilReleased, yuan } from './elements.js';
import { say } from './i18n.js';
import { kindOf, objectLink, showList, showObject, stateChip } from './objects.js';

let openRequest = null;
let bill = null;
let asking = Promise.resolve();
let shown = [];

const act = (word, name, content) => button(say(word), async () => { await ask(`actions/${name}`, 'POST', content); await changed(); }, { 'data-key': `${name}-${content.number}-${content.status ?? content.state ?? ''}` });
const row = (...children) => make('div', { class: 'row' }, ...children);
const when = (condition, ...elements) => (condition ? elements : null);

async function changed() {
  document.dispatchEvent(new Event('changed'));
  await showMoney();
}

function refundForm(order) {
  const left = order.total - order.refunded;
  const amount = make('input', { type: 'number', min: '1', max: left, value: left, 'aria-label': say('left'), title: say('left'), 'data-key': `amount-${order.out_trade_no}` });
  const refund = async () => {
    const done = await ask('inspector/refund', 'POST', { out_trade_no: order.out_trade_no, refund: Number(amount.value) });
    if (isGood(done.status)) amount.value = amount.defaultValue;
    await changed();
    if (!isGood(done.status)) await openRequest(done.id);
  };
  return [amount, button(say('refund'), refund, { 'data-key': `refund-${order.out_trade_no}` })];
}

function orderRow(order) {
  const { out_trade_no: number, state } = order;
  const paid = ['SUCCESS', 'REFUND'].includes(state);
  const amount = yuan(order.total, order.currency) + (order.refunded ? ` − ${yuan(order.refunded, order.currency)}` : '');
  return [number, order.sent.description ?? order.sent.body ?? '', `${amount}`, make('span', {}, order.trade_type, ' ', stateChip(state)), row(
    when(['NOTPAY', 'USERPAYING'].includes(state), act('pay', 'pay', { number: order.combined ?? number })),
    paid && order.total > order.refunded ? refundForm(order) : null,
    when(paid, act('dispute', 'complain', { number, detail: say('complaintText') })))];
}

function refundRow(refund) {
  const number = refund.out_refund_no;
  const open = ['PROCESSING', 'ABNORMAL'].includes(refund.status);
  return [number, refund.out_trade_no, yuan(refund.amount, refund.currency), stateChip(refund.status), row(
    when(open, act('finishRefund', 'finish_refund', { number, status: 'SUCCESS' }), act('closeRefund', 'finish_refund', { number, status: 'CLOSED' })),
    when(refund.status === 'PROCESSING', act('failRefund', 'finish_refund', { number, status: 'ABNORMAL' })))];
}

function transferRow({ bill }) {
  const number = bill.out_bill_no;
  return [number, bill.transfer_remark ?? '', yuan(bill.transfer_amount ?? 0), stateChip(bill.state), row(
    when(['WAIT_USER_CONFIRM', 'PROCESSING'].includes(bill.state), act('confirmTransfer', 'confirm_transfer', { number }), act('failTransfer', 'confirm_transfer', { number, state: 'FAIL' })))];
}

function serviceRow({ order }) {
  const number = order.out_order_no;
  return [number, order.service_introduction ?? '', yuan(order.total_amount ?? 0), stateChip(order.state), row(
    when(order.state === 'CREATED', act('confirmService', 'confirm_service', { number })), when(order.state_description === 'MCH_COMPLETE', act('payService', 'pay_service', { number })))];
}

function contractRow({ contract }) {
  const number = contract.out_contract_code;
  return [number, contract.insured_display_name ?? '', '', stateChip(contract.contract_state), row(
    when(contract.contract_state === 'UNSIGNED', act('sign', 'sign_contract', { number })), when(contract.contract_state === 'SIGNED', act('terminate', 'terminate_contract', { number })))];
}

function deductionRow({ code: number, state }) {
  return [number, '', '', stateChip(state), row(when(state === 'UNSIGNED', act('sign', 'sign_contract', { number })), when(state === 'SIGNED', act('terminate', 'terminate_contract', { number })))];
}

function authorizationRow({ authorization: { out_authorization_no: number, user_display_name: who, state } }) {
  return [number, who ?? '', '', stateChip(state), row(
    when(state === 'WAIT_USER_CONFIRM', act('allow', 'confirm_authorization', { number })), when(state === 'TAKING_EFFECT', act('close', 'close_authorization', { number })))];
}

function insuranceRow({ order }) {
  const number = order.out_order_no;
  const state = make('input', { value: order.order_receive_state, 'aria-label': say('state'), 'data-key': `state-${number}` });
  const change = async () => { await ask('actions/change_insurance_order', 'POST', { number, state: state.value }); state.value = state.defaultValue; await changed(); };
  return [number, '', '', stateChip(order.order_receive_state), row(state, button(say('change'), change, { 'data-key': `change-${number}` }))];
}

const complaintRow = ({ complaint }) => [complaint.complaint_id, complaint.complaint_order_info[0].out_trade_no, complaint.complaint_detail, stateChip(complaint.complaint_state)];

const HEADS = ['number', 'description', 'amount', 'state', 'action'];
const TABLES = {
  orders: [HEADS, orderRow, (order) => order.out_trade_no],
  refunds: [['number', 'order', 'amount', 'state', 'action'], refundRow, (refund) => refund.out_refund_no],
  complaints: [['number', 'order', 'description', 'state'], complaintRow, ({ complaint }) => complaint.complaint_id],
  transfers: [HEADS, transferRow, ({ bill }) => bill.out_bill_no],
  services: [HEADS, serviceRow, ({ order }) => order.out_order_no],
  contracts: [HEADS, contractRow, ({ contract }) => contract.out_contract_code],
  insurances: [HEADS, insuranceRow, ({ order }) => order.out_order_no],
  deductions: [HEADS, deductionRow, ({ code }) => code],
  authorizations: [HEADS, authorizationRow, ({ authorization }) => authorization.out_authorization_no],
  kinds: [['kind', 'count'], ([name, count]) => [link(['money', name], kindOf(name)), count], ([name]) => name],
};
// The store's kind of each table; its first cell leads to the object.
let kinds = {};
export function knowTables(found) { kinds = found; }
const linked = (name, rowOf) => (item) => { const [number, ...cells] = rowOf(item); return [kinds[name] ? objectLink(kinds[name], number) : number, ...cells]; };
const ALWAYS = ['orders', 'refunds', 'complaints'];

// A bill is text with commas; back quotes keep spreadsheets from reading numbers.
function billTable(text) {
  const lines = text.replace(/^\ufeff/, '').trim().split('\r\n').map((line) => line.split(',').map((cell) => cell.replace(/^`/, '')));
  return [table(lines[0], lines.slice(1, -2), { id: 'bill-rows' }), table(lines.at(-2), lines.slice(-1), { id: 'bill-totals' })];
}

const showBill = () => renew(byId('bill'), bill === null ? null : bill ? billTable(bill) : emptyNote('noBill'));

export function forgetBill() {
  bill = null;
  showBill();
}

export function showBills(today, open) {
  openRequest = open;
  const day = make('input', { type: 'date', name: 'day', value: today, 'aria-label': say('day') });
  const kind = make('select', { name: 'kind', 'aria-label': say('kind') }, ['trade', 'funds'].map((name) => make('option', { value: name }, say(name))));
  const show = async () => {
    bill = await ask(`bills/${day.value}?type=${kind.value}`);
    showBill();
  };
  renew(byId('bill-form'), make('h2', {}, say('bill')), row(day, kind, button(say('show'), show, { id: 'show-bill', 'data-key': 'show-bill' })));
  showBill();
}

async function update() {
  const money = await ask('inspector/money');
  await untilReleased();
  money.kinds = Object.entries(money.kinds);
  const wanted = Object.keys(TABLES).filter((name) => ALWAYS.includes(name) || money[name].length);
  keepTables(byId('money-state'), wanted.map((name) => {
    const [heads, rowOf, keyOf] = TABLES[name];
    return { name, heads, items: money[name], rowOf: linked(name, rowOf), keyOf };
  }));
}

// What stands beside an object's number in its table, with its buttons.
function ownRow(kind, entry) {
  const name = Object.keys(kinds).find((each) => kinds[each] === kind);
  if (!name) return null;
  const [heads, rowOf] = TABLES[name];
  const cells = rowOf(entry).filter((cell, index) => cell !== '' && !['number', 'state'].includes(heads[index]));
  return make('div', { class: 'card', id: 'own' }, cells.map((cell) => (cell instanceof Node ? cell : make('span', {}, cell))));
}

async function showPlace() {
  const [kind, number] = shown;
  byId('overview').hidden = Boolean(kind);
  byId('object').hidden = !kind;
  if (!kind) await update();
  else if (number === undefined) await showList(kind);
  else await showObject(kind, number, ownRow);
}

// The overview, the objects of a kind, or one of them.
export function showMoneyPlace(...place) {
  if (place.join() !== shown.join()) byId('object').replaceChildren();
  shown = place;
  return showMoney();
}

// One look at a time, so that no answer overtakes another.
export function showMoney() {
  asking = asking.catch(() => {}).then(showPlace);
  return asking;
}

// A row that was being typed into shows the news now.
byId('money-state').addEventListener('focusout', ({ target }) => { if (target.matches('input')) showMoney().catch((error) => tell(error.message)); });
