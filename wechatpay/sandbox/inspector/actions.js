// Actions of users and of the platform: what each takes, and its result.
import { ask, doing, labelled, make, tell } from './elements.js';
import { language, say } from './i18n.js';

let actions = [];
export function knowActions(found) { actions = found; }

const text = (result) => (result === null || result === undefined ? '' : JSON.stringify(result).slice(0, 300));

const told = (about, text) => about[language === 'zh' ? `${text}_zh` : text];
const brief = (about) => told(about, 'does').split(/[；：。;:.]/)[0];

// One input for each thing that an action takes, with what it means; its values are proposed.
function inputsOf({ name, takes }, number) {
  return takes.map((each) => {
    const list = each.choices.length ? `choices-${name}-${each.name}` : null;
    const value = each.name === 'number' && number ? number : each.default;
    return make('label', {},
      make('span', {}, make('code', {}, each.name), each.required ? ` · ${say('required')}` : '', ` · ${told(each, 'about')}`),
      make('input', { name: each.name, value, required: each.required, spellcheck: 'false', list }),
      list && make('datalist', { id: list }, each.choices.map((choice) => make('option', { value: choice }))));
  });
}

export function actionForm(number = '') {
  const inside = make('div', { class: 'taken' });
  const chosen = () => actions[select.selectedIndex];
  const fit = () => inside.replaceChildren(make('p', { class: 'soft' }, told(chosen(), 'does')), ...inputsOf(chosen(), number));
  const families = [...new Set(actions.map((each) => told(each, 'family')))];
  const select = make('select', { name: 'action', change: fit }, families.map((label) => make('optgroup', { label },
    actions.filter((each) => told(each, 'family') === label).map((each) => make('option', { value: each.name }, `${each.name} · ${brief(each)}`)))));
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
