// What every page says, and how: in Chinese and in English. Texts of requests never come from here.

const LANGUAGES = {
  zh: {
    theme: '切换深浅色', language: 'English', switchLanguage: 'Switch to English', rooms: '页面', details: '详情', live: '实时', lost: '连接已断开', unreachable: '无法连接沙箱：它已停止，或主机已下线。', nowhere: '没有这个页面：', sandboxTime: '沙箱时间', plusMinute: '+1 分钟', plusHour: '+1 小时', plusDay: '+1 天', backToNow: '恢复为现在', back: '← 返回列表', choose: '选择左侧的一项查看详情。', empty: '暂无', only: '只看失败的',
    copy: '复制', copied: '已复制', python: '复制为 Python', docs: '官方文档', field: '字段', type: '类型', required: '必填', meaning: '说明', value: '值', example: '例', encrypted: '加密', values: '可选值', headers: '请求头', noBody: '（空）',
    identification: '身份与签名', part: '部分', expected: '应为', received: '实际', none: '—', unknownText: '无法得知', verified: '签名正确：所签内容与应签内容完全一致。', absent: '没有发送签名。', found: '签的内容不对：',
    match: '只限这些取值（名称=值，用逗号分隔；留空为不限）', notificationHint: '通知的故障作用于“notify 事件”，如：',
    generated: '编造的应答', generatedHint: '这个接口不保存状态：应答由接口目录按字段编造，不代表平台的行为。',
    partNames: {}, catalogueTexts: {},
  },
  en: {
    theme: 'Light or dark', language: '中文', switchLanguage: '切换为中文', rooms: 'Rooms', details: 'Details', live: 'live', lost: 'disconnected', unreachable: 'The sandbox does not answer: it was stopped, or its host is down.', nowhere: 'No such page: ', sandboxTime: 'sandbox time', plusMinute: '+1 minute', plusHour: '+1 hour', plusDay: '+1 day', backToNow: 'Back to now', back: '← Back to the list', choose: 'Choose one of the list to see it in detail.', empty: 'Nothing yet', only: 'Failed only',
    copy: 'Copy', copied: 'Copied', python: 'Copy as Python', docs: 'Official page', field: 'Field', type: 'Type', required: 'Required', meaning: 'Meaning', value: 'Value', example: 'e.g.', encrypted: 'encrypted', values: 'one of', headers: 'Headers', noBody: '(empty)',
    identification: 'Who signed, and when', part: 'Part', expected: 'Expected', received: 'Received', none: '—', unknownText: 'cannot be known', verified: 'The signature is right: it covers exactly what it has to cover.', absent: 'No signature was sent.', found: 'Something else was signed: ',
    match: 'With these values only (name=value, by commas; empty: any)', notificationHint: 'Faults of notifications strike “notify EVENT”, such as ',
    generated: 'made-up answer', generatedHint: 'This operation keeps no state: the catalogue made the answer up, field by field. It does not show how the platform behaves.',
    partNames: {},
    catalogueTexts: {
      请求参数: 'Request', 返回字典: 'Answer',
      同步纯链式: 'sync · attributes', 同步声明式: "sync · chain('…')", 同步属性式: "sync · ['…']", 异步纯链式: 'async · attributes', 异步声明式: "async · chain('…')", 异步属性式: "async · ['…']",
    },
  },
};

// A page adds its own words; tables of words grow.
export function teach(words) {
  for (const [name, added] of Object.entries(words)) {
    const known = LANGUAGES[name];
    for (const [word, text] of Object.entries(added)) known[word] = typeof text === 'string' ? text : { ...known[word], ...text };
  }
}

function chosenLanguage() {
  const stored = localStorage.getItem('sandbox-language');
  if (Object.hasOwn(LANGUAGES, stored)) return stored;
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}

export let language = chosenLanguage();

export function toggleLanguage() {
  language = language === 'zh' ? 'en' : 'zh';
  localStorage.setItem('sandbox-language', language);
}

// One word or sentence of the page.
export const say = (word) => LANGUAGES[language][word];

// A word of the platform in the reader's language; the word itself where there is none.
export const named = (table, word) => (Object.hasOwn(LANGUAGES[language][table], word) ? LANGUAGES[language][table][word] : word);
