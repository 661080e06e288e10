// Any of the catalogue's notifications, on demand.
import { ask, button, byId, card, doing, labelled, make, renew, tell } from './elements.js';
import { eventTitle, named, say } from './i18n.js';

function contentOf(text) {
  if (!text.trim()) return {};
  let value;
  try { value = JSON.parse(text); } catch (error) { throw new Error(say('notJson') + error.message); }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(say('notJson') + text);
  return value;
}

export function showEvents({ events, forgeries }, openCallback) {
  const option = (event, index) => make('option', { value: index, title: event.title }, `${eventTitle(event)} · ${event.name} · ${event.version}`);
  const options = events.map(option);
  const usual = events.findIndex((event) => event.name === 'TRANSACTION.SUCCESS' && event.version === 'v3');
  const event = make('select', { name: 'event', size: '14' }, options);
  event.selectedIndex = usual;
  let remembered = options[usual];
  const filter = make('input', { type: 'search', name: 'filter', input: () => {
    const words = filter.value.trim().toLowerCase();
    const found = options.filter((each, index) => `${each.textContent} ${events[index].name} ${events[index].title}`.toLowerCase().includes(words));
    remembered = event.selectedOptions[0] ?? remembered;
    event.replaceChildren(...found);
    event.selectedIndex = Math.max(found.indexOf(remembered), 0);
  } });
  const url = make('input', { name: 'to', type: 'url', required: true, placeholder: 'http://127.0.0.1:8000/notify', value: localStorage.getItem('sandbox-notify-url') });
  const content = make('textarea', { name: 'content', rows: '6', spellcheck: 'false', placeholder: '{"amount.total": 1}' });
  const forgery = make('select', { name: 'forgery' }, make('option', { value: '' }, say('genuine')), Object.keys(forgeries).map((name) => make('option', { value: name }, named('forgeryTexts', name))));
  const duplicates = make('input', { name: 'duplicates', type: 'number', min: '0', max: '20', value: '0' });
  const concurrent = make('input', { name: 'concurrent', type: 'checkbox' });
  const chosen = () => {
    if (event.value === '') throw new Error(say('noEvent'));
    return events[event.value];
  };
  const fill = button(say('fill'), async () => {
    const example = await ask(`inspector/events/${chosen().version}/${encodeURIComponent(chosen().name)}`);
    content.value = JSON.stringify(example, null, 2);
  }, { 'data-key': 'fill' });
  const fire = async () => {
    const sent = { event: chosen().name, version: chosen().version, to: url.value, set: contentOf(content.value), forgery: forgery.value, duplicates: Number(duplicates.value), concurrent: concurrent.checked };
    const delivery = await ask('trigger', 'POST', sent);
    localStorage.setItem('sandbox-notify-url', url.value);
    document.dispatchEvent(new Event('changed'));
    await openCallback(delivery.id);
    tell(say('fired') + chosen().name, true);
  };
  renew(byId('events'), make('form', { submit: doing(fire), class: 'columns' },
    card(say('what'), labelled('filter', filter), labelled('event', event)),
    card(say('how'), labelled('url', url), labelled('content', content), make('div', { class: 'row' }, fill),
      labelled('forgery', forgery), labelled('duplicates', duplicates), make('label', { class: 'check' }, concurrent, say('concurrent')), make('div', { class: 'row' }, make('button', { class: 'main' }, say('fire'))))));
}

// A list that was hidden shows its beginning: bring the chosen one into sight.
export function showChosenEvent() {
  document.querySelector('#events option:checked')?.scrollIntoView({ block: 'nearest' });
}
