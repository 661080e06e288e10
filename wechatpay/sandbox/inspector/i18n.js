// What this page says besides what all say, in both languages. Texts of requests never come from here.
import { language, say, teach } from './language.js';

export { language, named, say, toggleLanguage } from './language.js';

const zh = {
  title: '微信支付沙箱', reset: '全部清空', sure: '确定清空所有请求、订单、回调与故障吗？',
  requests: '请求', callbacks: '回调', money: '资金', events: '触发事件', faults: '故障',
  backup: '打开备用主机上的页面', search: '筛选：标题、路径、错误码',
  noRequests: '还没有请求。把客户端的 base_url 指向上面的地址，请求会立即出现在这里。', noCallbacks: '还没有回调。付款、退款，或在“触发事件”里发送一个。',
  unknownOperation: '未知接口', fault: '故障', milliseconds: '毫秒', certificate: '客户端证书',
  message: '待签名串', arrived: '收到的内容', signed: '签名所签的内容', line: '第一处不同已标出',
  unsigned: '此消息不需要签名。', cut: '请求体过长，没有完整保留，无法比对。',
  other: '密钥正确，但签的是另一段内容：两个摘要不同，请逐行核对应签内容。', foreign: '不是用应有的密钥签的：请检查私钥（APIv2 为密钥）是否属于此账户。', otherV2: '签名对不上任何一种常见写法：密钥不对，或签的是另一些参数。',
  opened: '解密后的字段', openedAnswer: '应答中解密后的字段', openedResource: '解密后的通知内容', body: '请求体', answer: '应答', answerHeaders: '应答头', answerSignature: '应答的签名', cutBody: '（过长，只保留开头）',
  replay: '重放', replaySigned: '重新签名并重放', replayed: '已重放，应答状态：', fields: '接口字段', eventFields: '通知字段',
  orders: '订单', refunds: '退款', complaints: '投诉', transfers: '转账', services: '支付分订单', contracts: '保险签约', insurances: '保险订单', deductions: '委托代扣签约', authorizations: '免确认收款授权', kinds: '全部状态', bill: '账单', trade: '交易账单', funds: '资金账单', show: '查看', noBill: '这一天没有发生任何交易。',
  pay: '付款', refund: '退款', dispute: '发起投诉', complaintText: '没有收到货', finishRefund: '退款到账', closeRefund: '退款关闭', failRefund: '退款异常', confirmTransfer: '用户收款', failTransfer: '转账失败', confirmService: '用户确认', payService: '用户付款', sign: '用户签约', terminate: '解约', allow: '用户授权', close: '解除授权', change: '更改状态',
  number: '单号', order: '订单', description: '说明', amount: '金额', left: '退款金额（分）', state: '状态', action: '操作', time: '时间', day: '日期', count: '数量', kind: '类别', what: '通知', how: '如何发送', refused: '平台拒绝：',
  event: '事件', filter: '筛选事件', url: '发送到（通知地址）', content: '内容（JSON，可用 amount.total 这样的名称；留空则自动生成）', fill: '填入示例内容', forgery: '伪造', genuine: '真实的通知', duplicates: '额外重复次数', concurrent: '同时发出重复的通知', fire: '发送', fired: '已发送：',
  redeliver: '重新投递', attempts: '投递记录', attempt: '第', duplicate: '重复', hole: '商户接受了伪造的通知，这是安全漏洞！', notJson: '内容不是 JSON 对象：', status: '应答状态', next: '下次重试（秒后）',
  switches: '开关', switchesHint: '打开后对所有请求生效，关闭即恢复。需要限定接口、次数或错误码时，用下面的表单添加规则。', rule: '添加规则', rules: '生效中的规则', operation: '作用于哪些请求（可用 *）', times: '次数（留空为一直）', after: '先放过几次', code: '错误码', httpStatus: 'HTTP 状态（留空按错误码）', text: '错误说明', seconds: '秒', executed: '先执行，再出故障', add: '添加', remove: '移除', clear: '全部移除', struck: '已发生', scope: '作用于', limit: '次数', spent: '已用完',
  hosts: '主机与密钥', rotate: '轮换平台证书', down: '主机下线', up: '主机恢复', rotated: '新的平台证书序列号：', downHint: '主机下线后本页随之断开，请从备用主机的页面恢复：',
  kindTexts: {
    error: '以错误码应答', throttle: '429 限流，带 Retry-After', pending: '202：已受理但未完成，随后完成', latency: '延迟若干秒应答', reset: '应答前重置连接', close: '应答前关闭连接', half_body: '只发半个应答体就关闭连接', 'reset-body': '发到一半重置连接',
    'bad-signature': '应答的签名错误', 'missing-signature': '应答没有签名头', probe: '应答带平台探测签名', 'unknown-serial': '应答用未知的证书序列号', stale: '应答用一小时前的时间签名', rotate: '此刻换用新的平台证书签名', down: '主机停止监听',
    lost: '通知丢失', late: '通知迟到若干秒', doubled: '通知同时到达两次', out_of_order: '通知晚于下一个通知到达',
  },
  forgeryTexts: {
    signature: '用别的密钥签名', probe: '平台探测，随后发送真实通知', stale: '用一小时前的时间签名', serial: '使用无人知晓的证书序列号', body: '签名后改动内容', missing: '没有签名头',
  },
  stateTexts: {
    waiting: '等待中', accepted: '已接受', 'given up': '已放弃', blocked: '未发送：不允许的主机', lost: '已丢失（故障）',
    NOTPAY: '未支付', SUCCESS: '成功', REFUND: '转入退款', CLOSED: '已关闭', REVOKED: '已撤销', USERPAYING: '支付中', PAYERROR: '支付失败', PROCESSING: '处理中', ABNORMAL: '异常', PENDING: '待处理', PROCESSED: '已处理',
    WAIT_USER_CONFIRM: '待用户确认', CANCELING: '撤销中', CANCELLED: '已撤销', FAIL: '失败', CREATED: '待确认', DOING: '进行中', DONE: '已完成', UNSIGNED: '未签约', SIGNED: '已签约', TERMINATED: '已解约', RECEIVED: '已收单', TAKING_EFFECT: '生效中',
  },
  kindNames: {
    order: '订单', 'combined order': '合单', move: '资金变动', refund: '退款', complaint: '投诉', 'complaint notification': '投诉通知地址', 'transfer bill': '转账单', 'transfer authorization': '免确认收款授权', 'transfer batch': '转账批次', 'v2 transfer': 'v2 转账', 'service order': '支付分订单',
    contract: '委托代扣签约', 'insurance contract': '保险签约', 'insurance order': '保险订单', 'profit sharing order': '分账单', 'profit sharing return': '分账回退', 'profit sharing receiver': '分账接收方', media: '上传的文件', 'bill file': '账单文件',
  },
  partNames: { method: '方法', target: '路径与参数', timestamp: '时间戳', nonce_str: '随机串', body: '报文', key: '密钥', mchid: '商户号', mch_id: '商户号', brand_id: '品牌 ID', serial_no: '证书序列号', signature: '签名', sign: '签名', sign_type: '签名类型', Authorization: '认证方案' },
};

const en = {
  title: 'WeChat Pay sandbox', reset: 'Forget all', sure: 'Forget all requests, orders, callbacks and faults?',
  requests: 'Requests', callbacks: 'Callbacks', money: 'Money', events: 'Fire an event', faults: 'Faults',
  backup: 'Open the page on the backup host', search: 'Filter: title, path, error code',
  noRequests: 'No request yet. Point the base_url of your client at the address above; requests appear here at once.', noCallbacks: 'No callback yet. Pay, refund, or fire an event.',
  unknownOperation: 'Unknown operation', fault: 'fault', milliseconds: 'ms', certificate: 'client certificate',
  message: 'Signed message', arrived: 'As it arrived', signed: 'As it was signed', line: 'the first difference is marked',
  unsigned: 'This message needs no signature.', cut: 'The body is too long to be kept in full: it cannot be compared.',
  other: 'The key is right, the message is another one: the digests differ. Compare your message with the expected one, line by line.', foreign: 'It was not made with the key it should be made with: does the private key belong to this account?', otherV2: 'The signature fits none of the usual mistakes: another key, or other parameters.',
  opened: 'Decrypted fields', openedAnswer: 'Decrypted fields of the answer', openedResource: 'Decrypted content', body: 'Body', answer: 'Answer', answerHeaders: 'Headers of the answer', answerSignature: 'Signature of the answer', cutBody: '(too long: its beginning only)',
  replay: 'Replay', replaySigned: 'Sign anew and replay', replayed: 'Replayed; the answer has the status ', fields: 'Fields of the operation', eventFields: 'Fields of the notification',
  orders: 'Orders', refunds: 'Refunds', complaints: 'Complaints', transfers: 'Transfers', services: 'Pay Score orders', contracts: 'Insurance contracts', insurances: 'Insurance orders', deductions: 'Contracts for deductions', authorizations: 'Authorizations of transfers', kinds: 'All state', bill: 'Bills', trade: 'Trade bill', funds: 'Fund flow', show: 'Show', noBill: 'Nothing happened on that day.',
  pay: 'Pay', refund: 'Refund', dispute: 'Dispute', complaintText: 'It never arrived', finishRefund: 'Refund arrives', closeRefund: 'Refund closed', failRefund: 'Refund abnormal', confirmTransfer: 'User takes it', failTransfer: 'Transfer fails', confirmService: 'User confirms', payService: 'User pays', sign: 'User signs', terminate: 'Terminate', allow: 'User allows', close: 'User forbids', change: 'Change state',
  number: 'Number', order: 'Order', description: 'Description', amount: 'Amount', left: 'Amount to refund (fen)', state: 'State', action: 'Action', time: 'Time', day: 'Day', count: 'Count', kind: 'Kind', what: 'Which notification', how: 'How it is sent', refused: 'The platform refused: ',
  event: 'Event', filter: 'Filter events', url: 'Send to (notification URL)', content: 'Content (JSON; names like amount.total are possible; made up if empty)', fill: 'Fill in an example', forgery: 'Forgery', genuine: 'the genuine message', duplicates: 'Duplicates besides', concurrent: 'Send the duplicates at the same moment', fire: 'Send', fired: 'Sent: ',
  redeliver: 'Redeliver', attempts: 'Attempts', attempt: 'No.', duplicate: 'duplicate', hole: 'The merchant took a forged message: that is a hole!', notJson: 'The content is no JSON object: ', status: 'Status', next: 'next attempt in (seconds)',
  switches: 'Switches', switchesHint: 'Switched on, a fault applies to every request until it is switched off. For one operation, a number of times or an error code, add a rule below.', rule: 'Add a rule', rules: 'Rules in force', operation: 'Requests (pattern with *)', times: 'Times (empty: always)', after: 'Skip the first', code: 'Error code', httpStatus: 'HTTP status (empty: that of the code)', text: 'Error message', seconds: 'Seconds', executed: 'Execute first, then fail', add: 'Add', remove: 'Remove', clear: 'Remove all', struck: 'Applied', scope: 'Applies to', limit: 'Times', spent: 'used up',
  hosts: 'Host and keys', rotate: 'Rotate the platform certificate', down: 'Main host down', up: 'Main host up', rotated: 'Serial of the new platform certificate: ', downHint: 'This page goes down with the main host; bring it up again from the page on the backup host:',
  kindTexts: {
    error: 'answer with an error code', throttle: '429 with Retry-After', pending: '202: accepted, finished later', latency: 'answer after some seconds', reset: 'reset the connection before the answer', close: 'close the connection before the answer', half_body: 'close the connection after half of the body', 'reset-body': 'reset the connection after half of the body',
    'bad-signature': 'a wrong signature on the answer', 'missing-signature': 'no signature headers on the answer', probe: "the signature of the platform's probe traffic", 'unknown-serial': 'a key that nobody knows signs the answer', stale: 'the answer is signed an hour ago', rotate: 'a platform certificate made this moment signs', down: 'the main host stops listening',
    lost: 'a notification is lost', late: 'a notification arrives some seconds late', doubled: 'a notification arrives twice at once', out_of_order: 'a notification arrives behind the next one',
  },
  forgeryTexts: {
    signature: "signed with a key that is not the platform's", probe: 'a probe, followed by the genuine message', stale: 'signed an hour ago', serial: 'names a key nobody knows', body: 'altered after it was signed', missing: 'without signature headers',
  },
  stateTexts: {
    waiting: 'waiting', accepted: 'accepted', 'given up': 'given up', blocked: 'not sent: host not allowed', lost: 'lost (fault)',
    NOTPAY: 'not paid', SUCCESS: 'done', REFUND: 'refunded', CLOSED: 'closed', REVOKED: 'revoked', USERPAYING: 'paying', PAYERROR: 'failed', PROCESSING: 'on its way', ABNORMAL: 'abnormal', PENDING: 'open', PROCESSED: 'dealt with',
    WAIT_USER_CONFIRM: 'waits for the user', CANCELING: 'being cancelled', CANCELLED: 'cancelled', FAIL: 'failed', CREATED: 'to be confirmed', DOING: 'going on', DONE: 'completed', UNSIGNED: 'not signed', SIGNED: 'signed', TERMINATED: 'ended', RECEIVED: 'received', TAKING_EFFECT: 'in force',
  },
  kindNames: {},
  partNames: { method: 'method', target: 'URL', timestamp: 'timestamp', nonce_str: 'nonce', body: 'body', key: 'key', Authorization: 'scheme' },
  catalogueTexts: {
    通知头: 'Headers', 路径变量: 'path variable', 'JSON 文本': 'a text that holds JSON', 表单文本: 'a text that holds a form', 至少填一个: 'at least one of',
  },
};

teach({ zh, en });

// What is said of a signature that fits nothing: APIv2 gives no digest away.
export const otherOf = (version) => (version === 'v2' ? 'otherV2' : 'other');

const spaced = (text) => text.toLowerCase().replace(/[-_]/g, ' ');
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// The official titles are Chinese; in English the path says what an operation is: "Pay · transactions · native".
export function operationTitle({ operation, title }) {
  if (!operation) return say('unknownOperation');
  if (language === 'zh') return title;
  const segments = operation.split(' ')[1].split('/').filter((segment) => segment && !/^(v[23]|\{.*\})$/.test(segment));
  return capital(segments.map(spaced).join(' · '));
}

// Without the name and the format, which stand elsewhere.
export function eventTitle({ name, title }) {
  return language === 'zh' ? title.replace(`(${name})`, '').replace(/\((JSON|XML)\)$/, '') : capital(name.split('.').map(spaced).join(' · '));
}
