// Actions of users and of the platform: what each takes, and its result.
import { ask, doing, labelled, make, tell } from './elements.js';
import { language, named, say } from './i18n.js';

let actions = [];
export function knowActions(found) { actions = found; }

const text = (result) => (result === null || result === undefined ? '' : JSON.stringify(result).slice(0, 300));

// One input for each thing that an action takes; values in capitals that its description names are proposed.
function inputsOf({ about, name, takes }, number) {
  const choices = [...new Set(about.match(/\b[A-Z][A-Z_]{3,}\b/g) ?? [])];
  const options = make('datalist', { id: `choices-${name}` }, choices.map((value) => make('option', { value })));
  const inputs = takes.map((each) => {
    const chosen = /^(state|status|mode)$/.test(each.name);
    const value = each.name === 'number' && number ? number : each.default;
    return make('label', {}, make('span', {}, make('code', {}, each.name), each.required ? ` · ${say('required')}` : ''),
      make('input', { name: each.name, value, required: each.required, spellcheck: 'false', list: chosen && choices.length ? `choices-${name}` : null }));
  });
  return [...inputs, options];
}

export function actionForm(number = '') {
  const inside = make('div', { class: 'taken' });
  const chosen = () => actions[select.selectedIndex];
  const fit = () => inside.replaceChildren(make('p', { class: 'soft', lang: named('actionTexts', chosen().name) === chosen().name ? 'en' : null }, named('actionTexts', chosen().name) === chosen().name || language === 'en' ? chosen().about : named('actionTexts', chosen().name)), ...inputsOf(chosen(), number));
  const select = make('select', { name: 'action', change: fit }, actions.map(({ name }) => make('option', { value: name }, named('actionTexts', name) === name ? name : `${name} · ${named('actionTexts', name)}`)));
  const act = async ({ target }) => {
    const { name, takes } = chosen();
    const given = new FormData(target);
    const sent = Object.fromEntries(takes.map((each) => [each.name, given.get(each.name)]).filter(([each, value]) => value !== '' || takes.find((other) => other.name === each).required));
    const { result } = await ask(`actions/${name}`, 'POST', sent);
    document.dispatchEvent(new Event('changed'));
    tell(`${say('acted')}${name} ${text(result)}`, true);
  };
  fit();
  return make('form', { submit: doing(act), class: 'action' }, labelled('action', select), inside, make('div', { class: 'row' }, make('button', { class: 'main' }, say('carryOut'))));
}
