// What this page says besides what all say, in both languages. Texts of requests never come from here.
import { language, say, teach } from './language.js';

export { language, named, say, toggleLanguage } from './language.js';

const zh = {
  title: '微信支付沙箱', reset: '全部清空', sure: '确定清空所有请求、订单、回调与故障吗？',
  requests: '请求', callbacks: '回调', money: '资金', events: '触发事件', faults: '故障', connect: '接入',
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
  event: '事件', filter: '筛选事件', noEvent: '没有选中事件：请先放宽筛选条件。', url: '发送到（通知地址）', content: '内容（JSON，可用 amount.total 这样的名称；留空则自动生成）', fill: '填入示例内容', forgery: '伪造', genuine: '真实的通知', duplicates: '额外重复次数', concurrent: '同时发出重复的通知', fire: '发送', fired: '已发送：',
  redeliver: '重新投递', attempts: '投递记录', attempt: '第', duplicate: '重复', hole: '商户接受了伪造的通知，这是安全漏洞！', notJson: '内容不是 JSON 对象：', status: '应答状态', next: '下次重试（秒后）',
  switches: '开关', switchesHint: '打开后对所有请求生效，关闭即恢复。需要限定接口、次数或错误码时，用下面的表单添加规则。', rule: '添加规则', rules: '生效中的规则', operation: '作用于哪些请求（可用 *）', times: '次数（留空为一直）', after: '先放过几次', code: '错误码', httpStatus: 'HTTP 状态（留空按错误码）', text: '错误说明', seconds: '秒', executed: '先执行，再出故障', add: '添加', remove: '移除', clear: '全部移除', struck: '已发生', scope: '作用于', limit: '次数', spent: '已用完',
  hosts: '主机与密钥', rotate: '轮换平台证书', down: '主机下线', up: '主机恢复', rotated: '新的平台证书序列号：', downHint: '主机下线后本页随之断开，请从备用主机的页面恢复：',
  clock: '沙箱的时钟', clockHint: '订单过期、通知重试、转账超时与账单日期都以沙箱时间为准；拨快后，用真实时间签名的请求会因时间相差过大被拒绝。',
  history: '时间线', related: '相关单据', stored: '沙箱保存的内容', act: '用户与平台的操作', acted: '已执行：', carryOut: '执行', find: '按单号或内容查找', older: '更早 →', newer: '← 更新', fen: '分', lastSteps: '只显示最后', notified: '通知', booked: '入账', fee: '手续费', balance: '余额', advanceTo: '把时钟拨到此后',
  injected: '注入的故障：',
  connectHint: '把客户端指向这里，代替 https://api.mch.weixin.qq.com/。密钥以文件路径给出；APIv3 密钥与 APIv2 密钥从环境变量读取，点“查看”才显示。', clients: '各语言的写法',
  settingNames: { mchid: '商户号', appid: 'AppID', serial: '商户 API 证书序列号', key: '商户 API 私钥文件', cert: '商户 API 证书文件', ca: '沙箱 TLS 的 CA 证书文件', public_key_id: '微信支付公钥 ID', public_key: '微信支付公钥文件', base_url: '接口地址', apiv3_key: 'APIv3 密钥', secret: 'APIv2 密钥' },
  timeNames: { created: '下单', create_time: '创建', success_time: '成功', finish_time: '完成', complaint_time: '投诉', expires: '最晚支付时间', closes: '无人支付则关闭', update_time: '更新', pay_time: '支付', service_start_time: '服务开始', authorize_time: '授权', upload_time: '上传' },
  bookNames: { pay: '交易', refund: '退款', reverse: '撤销' },
  checks: { verified: '签名正确', unsigned: '不需要签名', unchecked: '未验签', stale: '签名正确，时间过期', sender: '签名正确，身份不符', nonce: '签名正确，随机串重复', refused: '签名正确，未通过其他检查', absent: '没有签名', wrong: '签名错误' },
  checkTexts: { stale: '签名本身正确：被拒绝是因为时间戳与沙箱时间相差超过 5 分钟。', sender: '签名本身正确：被拒绝是因为下方标出的身份信息不符。', nonce: '签名本身正确：被拒绝是因为这个随机串已经用过，重试也需要新的随机串。', unchecked: '注入的故障先于验签发生：沙箱没有检查这个签名，下面的比对仅供参考。' },
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
    order: '订单', 'combined order': '合单', move: '交易账单明细', refund: '退款', complaint: '投诉', 'complaint notification': '投诉通知地址', 'transfer bill': '转账单', 'transfer authorization': '免确认收款授权', 'transfer batch': '转账批次', 'v2 transfer': 'v2 转账', 'service order': '支付分订单', contract: '委托代扣签约',
    'insurance contract': '保险签约', 'insurance order': '保险订单', 'profit sharing order': '分账单', 'profit sharing return': '分账回退', 'profit sharing receiver': '分账接收方', media: '上传的文件', 'bill file': '账单文件', 'bill link': '账单下载链接', 'account balance': '账户余额', 'account entry BASIC': '基本账户流水', 'account entry OPERATION': '运营账户流水', 'account entry FEES': '手续费账户流水', 'account owners': '有变动的账户', 'account held': '账户冻结金额', 'account held BASIC': '基本账户冻结金额', 'account held OPERATION': '运营账户冻结金额',
    'Pay Score permission': '支付分授权', 'Pay Score permission of user': '用户的支付分授权', 'Pay Score plan': '支付分计划', 'signed Pay Score plan': '支付分签约计划', 'refused deduction': '将失败的扣款', 'refused transfer': '将失败的转账', 'discount card': '先享卡', 'education contracts of a user': '用户的教育续费通签约', 'parking service': '停车服务', parking: '停车入场', 'complaints of an order': '订单的投诉次数', 'invoice application': '发票申请单', 'invoice settings': '电子发票设置',
    'invoice card template': '发票卡券模板', 'coupon stock': '代金券批次', coupon: '代金券', 'merchant coupon stock': '商家券批次', 'merchant coupon': '商家券', 'coupon subsidy': '营销补差付款单', 'coupon subsidy return': '营销补差回退单', 'gift activity': '支付有礼活动', partnership: '合作关系', 'coupon request': '优惠券请求', 'coupons of a user': '用户领券数', 'coupon notification': '优惠券通知地址',
    'gift of an order': '订单的礼品', receipt: '电子回单', withdrawal: '提现单', subsidy: '补差', 'sub-merchant permission': '子商户转账授权', 'subsidy return': '补差回退', 'closed number': '下单前已关闭的单号', applyment: '进件申请单', 'ecommerce applyment': '二级商户进件申请单', 'account intention': '开户意愿申请单', 'sub-merchant': '特约商户', 'settlement change': '结算账户修改申请',
    'cancel application': '注销申请单', 'violation notification': '商户违规通知地址', 'identity verification': '身份核实单', 'brand applyment': '品牌入驻申请单', 'administrator alteration': '超管变更申请单', 'subject alteration': '资料变更申请单', 'name alteration': '商户简称变更申请单',
    code: '导入的券码', 'available code': '未发放的券码', 'coupon use': '代金券核销明细', 'coupon refund': '代金券退款明细', 'frozen order': '待解冻的订单', 'receipt file': '电子回单文件', 'frozen order looked for': '上次检查解冻的日期', 'profit sharing ratio': '最大分账比例',
  },
  partNames: { method: '方法', target: '路径与参数', timestamp: '时间戳', nonce_str: '随机串', body: '报文', key: '密钥', mchid: '商户号', mch_id: '商户号', brand_id: '品牌 ID', serial_no: '证书序列号', signature: '签名', sign: '签名', sign_type: '签名类型', Authorization: '认证方案' },
};

const en = {
  title: 'WeChat Pay sandbox', reset: 'Forget all', sure: 'Forget all requests, orders, callbacks and faults?',
  requests: 'Requests', callbacks: 'Callbacks', money: 'Money', events: 'Fire an event', faults: 'Faults', connect: 'Connect',
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
  event: 'Event', filter: 'Filter events', noEvent: 'No event is chosen: filter for something else first.', url: 'Send to (notification URL)', content: 'Content (JSON; names like amount.total are possible; made up if empty)', fill: 'Fill in an example', forgery: 'Forgery', genuine: 'the genuine message', duplicates: 'Duplicates besides', concurrent: 'Send the duplicates at the same moment', fire: 'Send', fired: 'Sent: ',
  redeliver: 'Redeliver', attempts: 'Attempts', attempt: 'No.', duplicate: 'duplicate', hole: 'The merchant took a forged message: that is a hole!', notJson: 'The content is no JSON object: ', status: 'Status', next: 'next attempt in (seconds)',
  switches: 'Switches', switchesHint: 'Switched on, a fault applies to every request until it is switched off. For one operation, a number of times or an error code, add a rule below.', rule: 'Add a rule', rules: 'Rules in force', operation: 'Requests (pattern with *)', times: 'Times (empty: always)', after: 'Skip the first', code: 'Error code', httpStatus: 'HTTP status (empty: that of the code)', text: 'Error message', seconds: 'Seconds', executed: 'Execute first, then fail', add: 'Add', remove: 'Remove', clear: 'Remove all', struck: 'Applied', scope: 'Applies to', limit: 'Times', spent: 'used up',
  hosts: 'Host and keys', rotate: 'Rotate the platform certificate', down: 'Main host down', up: 'Main host up', rotated: 'Serial of the new platform certificate: ', downHint: 'This page goes down with the main host; bring it up again from the page on the backup host:',
  clock: "The sandbox's clock", clockHint: 'Expiry of orders, retries of notifications, time limits of transfers and days of bills go by it. Once it is ahead, requests that are signed with the real time are refused as too old.',
  history: 'History', related: 'Related', stored: 'As the sandbox stores it', act: 'Actions of users and of the platform', acted: 'Done: ', carryOut: 'Carry out', find: 'Find by number or content', older: 'Older →', newer: '← Newer', fen: 'fen', lastSteps: 'the last steps only', notified: 'Notified:', booked: 'Booked', fee: 'fee', balance: 'balance', advanceTo: 'Set the clock beyond it',
  injected: 'Injected fault: ',
  connectHint: 'Point a client here instead of https://api.mch.weixin.qq.com/. Keys are given as paths of files; the APIv3 key and the APIv2 secret are read from the environment, and shown when you press the button.', clients: 'In the terms of each client',
  settingNames: { mchid: 'Merchant number (mchid)', appid: 'AppID', serial: 'Serial of the merchant certificate', key: 'File of the private key', cert: 'File of the merchant certificate', ca: "File of the CA of the sandbox's TLS", public_key_id: 'Id of the platform public key', public_key: 'File of the platform public key', base_url: 'URL of the API', apiv3_key: 'APIv3 key', secret: 'APIv2 secret' },
  timeNames: { created: 'ordered', create_time: 'created', success_time: 'done', finish_time: 'finished', complaint_time: 'complained', expires: 'payable until', closes: 'closed if nobody pays', update_time: 'updated', pay_time: 'paid', service_start_time: 'service began', authorize_time: 'allowed', upload_time: 'uploaded' },
  bookNames: { pay: 'payment', refund: 'refund', reverse: 'reversal' },
  checks: { verified: 'signature right', unsigned: 'needs no signature', unchecked: 'not checked', stale: 'signature right, time stale', sender: 'signature right, sender wrong', nonce: 'signature right, nonce used before', refused: 'signature right, refused otherwise', absent: 'no signature', wrong: 'wrong signature' },
  checkTexts: { stale: "The signature itself is right: it was refused because its timestamp is more than five minutes off the sandbox's time.", sender: 'The signature itself is right: it was refused because of the sender, as marked below.', nonce: 'The signature itself is right: it was refused because its nonce was used before. Each attempt needs a fresh one.', unchecked: 'The injected fault came first: the sandbox did not check this signature. What follows is a comparison only.' },
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
