// One trade with its history.
import { inquire } from './app.js';
import { block, byId, card, chip, emptyNote, faultChip, folded, generatedChip, isGood, keep, link, make, stepOf, untilReleased } from './elements.js';
import { entryTitle, language, named, say } from './i18n.js';

const STEPS = {
  fact: (step) => [named('timeNames', step.what)],
  request: (step) => [link(['requests', step.id], entryTitle(step)), chip(named('entryKinds', step.kind)), chip(step.code ?? step.status, step.code === null && isGood(step.status) ? 'good' : 'bad'), faultChip(step.fault), generatedChip(step.generated)],
  message: (step) => [link(['messages'], `${say('topic')} ${step.topic}`), chip(say(step.state), step.state === 'confirmed' ? 'good' : step.state === 'failed' ? 'bad' : ''), `${say('deliveries')} ${step.deliveries}`, step.reason || null],
};

const PARTS = {
  head: ({ trade, count, steps }) => make('div', {}, make('p', { class: 'crumbs' }, link(['trades'], say('trades'))), make('h2', { tabindex: '-1' }, `${say('trade')} ${trade.tid}`),
    make('p', { class: 'row' }, chip(`${trade.status} ${named('stateTexts', trade.status)}`, trade.status === 'TRADE_FINISHED' ? 'good' : ''), chip(`¥${trade.payment}`), count > steps ? chip(`${say('lastSteps')} ${steps}/${count}`) : null), make('p', {}, trade.title)),
  steps: ({ steps }) => card(say('history'), steps.length ? make('ol', { class: 'steps', id: 'steps' }, steps.map((step) => stepOf(step, STEPS))) : emptyNote()),
  object: ({ trade }) => folded(say('stored'), block(JSON.stringify(trade, null, 2), { id: 'stored' })),
};

export async function showTrade(tid, deedsOf) {
  const found = await inquire(`inspector/trades/${encodeURIComponent(tid)}`).catch((error) => {
    if (error.status !== 404) throw error;
    return { gone: error.message };
  });
  await untilReleased();
  const parts = found.gone ? [['gone', {}]] : [['head', { count: found.count, steps: found.steps.length, trade: found.trade }], ['deeds', { trade: found.trade }], ['steps', { steps: found.steps }], ['object', { trade: found.trade }]];
  keep(byId('object'), parts.map(([part, content]) => [part, { part, language, gone: found.gone, ...content }]), (content) => {
    if (content.gone) return make('div', {}, make('p', { class: 'crumbs' }, link(['trades'], say('trades'))), make('p', { class: 'alert', role: 'alert' }, content.gone));
    return content.part === 'deeds' ? deedsOf(content.trade) : PARTS[content.part](content);
  });
}
