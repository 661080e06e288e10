// The requests that came in.
import { ask, block, button, byId, card, chip, clock, comparisonOf, faultChip, fieldsOf, folded, generatedChip, isGood, make, masterDetail, officialLinks, pythonOf, RECEIVED, SENT, table, tell } from './elements.js';
import { language, named, operationTitle, otherOf, say } from './i18n.js';
import { go } from './place.js';

const good = (entry) => isGood(entry.status) && !entry.code;

function line(entry) {
  return [
    make('span', { class: 'verb' }, entry.method), make('span', { class: 'name' }, operationTitle(entry)), chip(entry.status || '✗', good(entry) ? 'good' : 'bad'),
    make('span', { class: 'where' }, make('time', {}, clock(entry.time)), ' ', entry.target), entry.code ? make('span', { class: 'trouble' }, entry.code) : null,
    entry.fault || entry.generated ? make('span', { class: 'where' }, faultChip(entry.fault), generatedChip(entry.generated)) : null,
  ];
}

function wanted(entry) {
  const text = `${entry.method} ${entry.target} ${operationTitle(entry)} ${entry.title} ${entry.code} ${entry.fault}`.toLowerCase();
  return text.includes(byId('search').value.trim().toLowerCase()) && !(byId('only').checked && good(entry));
}

const plainFields = (word, fields) => (Object.keys(fields).length ? card(say(word), table([say('field'), say('value')], Object.entries(fields).map(([name, text]) => [make('code', {}, name), text]))) : null);
const headerTable = (pairs) => table([say('field'), say('value')], pairs.map(([name, value]) => [make('code', {}, name), value]));

async function details(id) {
  const entry = await ask(`inspector/entries/${encodeURIComponent(id)}`);
  const again = entry.version === 'v3' && entry.verified ? 'replaySigned' : 'replay';
  const replay = async () => {
    const done = await ask(`inspector/entries/${id}/replay`, 'POST');
    document.dispatchEvent(new Event('changed'));
    await go('requests', done.id);
    tell(say('replayed') + done.status, isGood(done.status));
  };
  return [
    make('h2', { tabindex: '-1' }, operationTitle(entry)),
    language === 'en' && entry.title ? make('p', { class: 'soft', lang: 'zh' }, entry.title) : null,
    make('p', { class: 'path' }, make('code', {}, `${entry.method} ${entry.target}`)),
    make('p', { class: 'row' }, chip(entry.status || '✗', good(entry) ? 'good' : 'bad'), chip(named('checks', entry.check), { verified: 'good', unsigned: '', unchecked: 'fault', refused: '' }[entry.check] ?? 'bad'), chip(entry.version),
      faultChip(entry.fault), generatedChip(entry.generated), entry.certificate ? chip(`${say('certificate')} ${entry.certificate.slice(0, 8)}…`) : null, chip(`${entry.milliseconds.toFixed(1)} ${say('milliseconds')}`)),
    entry.message ? make('p', { class: 'alert', id: 'reason' }, make('strong', {}, entry.code), ' ', language === 'zh' ? entry.message_zh : entry.message) : null,
    make('p', { class: 'row' }, button(say(again), replay, { id: 'replay', 'data-key': 'replay' }), officialLinks(entry.description?.links ?? [])),
    entry.generated ? make('p', { class: 'injected' }, say('generatedHint')) : null,
    card(say('message'), ['stale', 'sender', 'nonce', 'unchecked'].includes(entry.check) ? make('p', { class: 'injected' }, named('checkTexts', entry.check)) : null, comparisonOf(entry.comparison, 'message', RECEIVED, otherOf(entry.version))),
    plainFields('opened', entry.opened),
    make('div', { class: 'pair' }, card(say('body') + (entry.cut ? say('cutBody') : ''), block(entry.body, { id: 'body' })), card(say('answer'), block(entry.answer, { id: 'answer' }))),
    plainFields('openedAnswer', entry.answer_opened),
    pythonOf(entry.forms),
    entry.answer_comparison ? folded(say('answerSignature'), entry.fault ? make('p', { class: 'injected' }, `${say('injected')}${entry.fault.split(', ').map((kind) => `${kind} · ${named('kindTexts', kind)}`).join('; ')}`) : null, comparisonOf(entry.answer_comparison, 'answered', SENT)) : null,
    folded(say('headers'), headerTable(entry.headers)), folded(say('answerHeaders'), headerTable(entry.answer_headers)),
    fieldsOf(entry.description, 'fields'),
  ];
}

export const requests = masterDetail('requests', { line, details, wanted, emptyWord: 'noRequests' });
byId('search').addEventListener('input', requests.sift);
byId('only').addEventListener('change', requests.sift);
