// The requests that came in, and those that went out to the user's server.
import { inquire } from './app.js';
import { block, button, byId, card, chip, clock, comparisonOf, faultChip, fieldsOf, folded, generatedChip, isGood, make, masterDetail, officialLinks, pythonOf, RECEIVED, SENT, table, tell } from './elements.js';
import { entryTitle, language, named, say } from './i18n.js';
import { go } from './place.js';

// A frame has no HTTP status.
const good = ({ kind, status, code }) => (code === null || code === undefined) && (kind === 'channel' || isGood(status));
const troubleOf = ({ code, sub_code: subCode }) => [code, subCode].filter(Boolean).join(' · ');

function line(entry) {
  const trouble = troubleOf(entry);
  return [
    make('span', { class: 'verb' }, named('entryKinds', entry.kind)), make('span', { class: 'name' }, entryTitle(entry)), chip(entry.code ?? (entry.kind === 'channel' ? entry.verb : entry.status || '✗'), good(entry) ? 'good' : 'bad'),
    make('span', { class: 'where' }, make('time', {}, clock(entry.time)), ' ', entry.kind === 'outbound' || language === 'en' || !entry.method ? entry.path : entry.method), trouble ? make('span', { class: 'trouble' }, trouble) : null,
    entry.fault || entry.generated ? make('span', { class: 'where' }, faultChip(entry.fault), generatedChip(entry.generated)) : null,
  ];
}

function wanted(entry) {
  const text = `${entry.kind} ${entry.method} ${entry.path} ${entryTitle(entry)} ${entry.title} ${entry.code} ${entry.sub_code} ${entry.fault}`.toLowerCase();
  return text.includes(byId('search').value.trim().toLowerCase()) && !(byId('only').checked && good(entry));
}

const pairs = (rows) => table([say('field'), say('value')], rows.map(([name, value]) => [make('code', {}, name), value]));

// Each parameter with its meaning, as the catalogue has it.
function parametersOf(entry) {
  if (!entry.parameters.length) return null;
  const known = new Map((entry.description?.tables ?? []).flatMap(({ rows }) => rows.filter(({ depth }) => depth === 0).map((row) => [row.name, row])));
  const heads = [say('field'), say('value'), say('type'), say('meaning')];
  return card(say('parameters'), table(heads, entry.parameters.map(([name, value]) => [make('code', {}, name), make('code', {}, value), known.get(name)?.type ?? '', known.get(name)?.meaning?.[language] ?? '']), { id: 'parameters' }));
}

const filesOf = (files) => (files.length ? card(say('files'), table([say('field'), say('value'), say('type'), say('bytes')], files.map(([name, filename, type, size]) => [make('code', {}, name), filename, type, size]), { id: 'files' })) : null);

function refusalOf(entry) {
  if (entry.code === null) return null;
  return make('div', { class: 'alert', id: 'reason' },
    make('p', {}, make('strong', {}, `code ${entry.code}`), ' ', entry.message), entry.sub_code ? make('p', {}, make('code', {}, entry.sub_code)) : null, entry.sub_msg ? make('p', {}, entry.sub_msg) : null,
    entry.advice ? make('p', { id: 'advice' }, make('strong', {}, say('advice')), ': ', entry.advice[language]) : null);
}

async function details(id) {
  const entry = await inquire(`inspector/entries/${encodeURIComponent(id)}`);
  const replay = async () => {
    const done = await inquire(`inspector/entries/${id}/replay`, 'POST');
    document.dispatchEvent(new Event('changed'));
    await go('requests', done.id);
    tell(say('replayed') + (done.code ?? say('fine')), done.code === null);
  };
  return [
    make('h2', { tabindex: '-1' }, entryTitle(entry)),
    language === 'en' && entry.title ? make('p', { class: 'soft', lang: 'zh' }, entry.title) : null,
    make('p', { class: 'path' }, make('code', {}, `${entry.verb} ${entry.path} ${entry.method}`)),
    make('p', { class: 'row' }, chip(named('entryKinds', entry.kind)), chip(entry.code ?? entry.status, good(entry) ? 'good' : 'bad'), chip(named('checks', entry.check), { verified: 'good', unsigned: '', refused: '' }[entry.check] ?? 'bad'), faultChip(entry.fault), generatedChip(entry.generated)),
    refusalOf(entry),
    make('p', { class: 'row' }, entry.replay ? button(say(entry.verified ? 'replaySigned' : 'replay'), replay, { id: 'replay', 'data-key': 'replay' }) : null, officialLinks(entry.description?.links ?? [])),
    entry.generated ? make('p', { class: 'injected' }, say('generatedHint')) : null,
    card(say('message'), entry.check === 'stale' ? make('p', { class: 'injected' }, named('checkTexts', entry.check)) : null, comparisonOf(entry.comparison, 'message', entry.kind === 'outbound' ? SENT : RECEIVED), entry.comparison.parts.length ? make('p', { class: 'soft' }, say('secretMasked')) : null),
    entry.notes.length ? card(say('notes'), entry.notes.map((note) => make('p', {}, note))) : null,
    parametersOf(entry), filesOf(entry.files),
    make('div', { class: 'pair' }, entry.body ? card(say('body'), block(entry.body, { id: 'body' })) : null, card(say('answer'), block(entry.answer, { id: 'answer' }))),
    pythonOf(entry.forms),
    entry.headers.length ? folded(say('headers'), pairs(entry.headers)) : null,
    fieldsOf(entry.description, 'fields'),
  ];
}

export const requests = masterDetail('requests', { line, details, wanted, emptyWord: 'noRequests' });
byId('search').addEventListener('input', requests.sift);
byId('only').addEventListener('change', requests.sift);
