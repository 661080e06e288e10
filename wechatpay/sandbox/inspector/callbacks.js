// The notifications that went out.
import { ask, block, button, card, chip, clock, comparisonOf, fieldsOf, folded, isGood, make, masterDetail, officialLinks, SENT, table } from './elements.js';
import { eventTitle, language, named, otherOf, say } from './i18n.js';
import { go } from './place.js';

function line(delivery) {
  const kind = delivery.hole || delivery.state !== 'accepted' ? 'bad' : 'good';
  return [
    make('span', { class: 'verb' }, delivery.version), make('span', { class: 'name' }, eventTitle({ name: delivery.event, title: delivery.title })), chip(named('stateTexts', delivery.state), delivery.state === 'waiting' ? '' : kind),
    make('span', { class: 'where' }, delivery.time ? [make('time', {}, clock(delivery.time)), ' '] : null, delivery.event, ' → ', delivery.url),
    delivery.forgery || delivery.hole ? make('span', { class: 'trouble' }, delivery.hole ? say('hole') : `${say('forgery')}: ${named('forgeryTexts', delivery.forgery)}`) : null,
  ];
}

function attemptOf(attempt, index, version) {
  const title = [`${say('attempt')} ${index + 1}`, clock(attempt.time), attempt.status || attempt.error, attempt.forgery ? `${say('forgery')}: ${named('forgeryTexts', attempt.forgery)}` : '', attempt.duplicate ? say('duplicate') : ''];
  const kind = attempt.accepted && !attempt.forgery ? 'good' : 'bad';
  return folded(make('span', { class: `name ${kind}` }, title.filter(Boolean).join(' · ')),
    attempt.forgery ? make('p', { class: 'injected' }, `${say('injected')}${named('forgeryTexts', attempt.forgery)}`) : null, comparisonOf(attempt.comparison, `attempt-${index}`, SENT, otherOf(version)), make('h4', {}, say('headers')), table([say('field'), say('value')], Object.entries(attempt.headers).map(([name, value]) => [make('code', {}, name), value])),
    make('h4', {}, say('answer')), block(attempt.answer));
}

async function details(id) {
  const delivery = await ask(`inspector/deliveries/${encodeURIComponent(id)}`);
  const redeliver = async () => { const sent = await ask(`deliveries/${id}/redeliver`, 'POST'); document.dispatchEvent(new Event('changed')); await go('callbacks', sent.id); };
  const attempts = delivery.attempts.map((attempt, index) => attemptOf(attempt, index, delivery.version));
  if (attempts.length) attempts.at(-1).open = true;
  const last = delivery.attempts.at(-1);
  return [
    make('h2', { tabindex: '-1' }, eventTitle({ name: delivery.event_type, title: delivery.title })),
    language === 'en' ? make('p', { class: 'soft', lang: 'zh' }, delivery.title) : null,
    make('p', { class: 'path' }, make('code', {}, `${delivery.event_type} → ${delivery.url}`)),
    make('p', { class: 'row' }, chip(named('stateTexts', delivery.state), delivery.state === 'accepted' ? 'good' : 'bad'), chip(delivery.version), last ? chip(last.status || '✗', isGood(last.status) ? 'good' : 'bad') : null, delivery.next ? chip(`${say('next')} ${delivery.next.toFixed(1)}`) : null),
    delivery.accepted_forgery ? make('p', { class: 'alert' }, say('hole')) : null,
    make('p', { class: 'row' }, button(say('redeliver'), redeliver, { id: 'redeliver', 'data-key': 'redeliver' }), officialLinks(delivery.description.links)),
    make('div', { class: 'pair' }, delivery.opened ? card(say('openedResource'), block(delivery.opened, { id: 'opened' })) : null, card(say('body'), block(delivery.body))),
    card(say('attempts'), attempts),
    fieldsOf(delivery.description, 'eventFields'),
  ];
}

export const callbacks = masterDetail('callbacks', { line, details, wanted: () => true, emptyWord: 'noCallbacks' });
