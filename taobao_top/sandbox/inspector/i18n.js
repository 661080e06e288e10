// What this page says besides what all say, in both languages. Texts of requests never come from here.
import { language, say, teach } from './language.js';

export { language, named, say, toggleLanguage } from './language.js';

const zh = {
  title: '淘宝开放平台沙箱', reset: '清空请求', sure: '确定清空请求列表吗？', apps: '应用',
  requests: '请求', trades: '订单', messages: '消息', faults: '故障',
  search: '筛选：接口、标题、错误码', unknownMethod: '（没有接口名）', fault: '故障',
  noRequests: '还没有请求。把客户端的 gateway 指向上面的地址，请求会立即出现在这里。',
  message: '待签名串', unsigned: '没有自己的签名：批量中的一项由整批签名，OAuth 凭 client_secret，消息帧凭连接的令牌。', cut: '内容过长，无法比对。',
  other: '签名对不上任何一种常见写法：密钥不对，或签的值与发送的不同。请逐项核对应签内容。', foreign: '不是用应有的密钥签的。', secretMasked: 'app_secret 以 ******** 代替。',
  arrived: '收到的内容', signed: '签名所签的内容', parameters: '参数', files: '文件（不参与签名）', bytes: '字节', body: '原始报文', answer: '应答', fields: '接口字段', own: '业务参数', common: '公共参数', notes: '值得注意',
  replay: '重放', replaySigned: '重新签名并重放', replayed: '已重放，应答：', fine: '成功', advice: '含义与处理',
  orders: '订单', number: '编号', goods: '商品', buyer: '买家', payment: '实付（元）', state: '状态', created: '下单时间', modified: '修改时间', action: '操作',
  pay: '买家付款', ship: '发货', finish: '确认收货', close: '关闭', newTrade: '新订单', count: '数量', place: '下单', placed: '已下单',
  sessions: '授权（只显示 session 的开头）', token: 'session', seller: '卖家', expires: '有效期至', never: '永不过期', expired: '已过期', expire: '使其过期', withdraw: '取消授权', revive: '恢复',
  connections: '消息通道的连接数', waiting: '等待推送', unconfirmed: '已推送、未确认', confirmed: '已确认', failed: '处理失败', sentByClient: '客户端发布的消息', topic: '主题', content: '内容', group: '分组', time: '时间', deliveries: '推送次数', reason: '原因',
  publish: '发布一条消息', jsonContent: '内容（JSON）', send: '发布', published: '已发布', spi: '调用你的服务器（SPI）', url: '你的地址', method: '接口名', jsonParameters: '业务参数（JSON 对象，值为文本）', jsonBody: '原始报文（JSON，留空则为表单）', age: '时间戳提前的秒数', forged: '签名后再改动（你的服务器应当拒绝）', call: '调用', called: '已调用，应答状态：', notJson: '不是 JSON 对象：',
  switches: '开关', switchesHint: '打开后对所有请求生效，关闭即恢复。需要限定接口、次数或错误码时，用下面的表单添加规则。', rule: '添加规则', rules: '生效中的规则', operation: '作用于哪个接口（可用 *；留空为全部）', times: '次数（留空为一直）', after: '先放过几次', seconds: '延迟秒数', status: 'HTTP 状态', size: '字节数', code: '错误码', subCode: 'sub_code', subMsg: 'sub_msg', executed: '先执行，再出故障', byKind: '按种类', yes: '是', no: '否',
  add: '添加', remove: '移除', clear: '全部移除', scope: '作用于', limit: '次数', settings: '设置', all: '全部',
  throttle: '限流与封禁', bans: '封禁', limits: '限流', until: '直到', ban: '封禁', banSeconds: '封禁秒数', calls: '允许次数', within: '每多少秒', setLimit: '添加限流', lift: '全部解除', oneMethod: '只限这个接口（留空为全部）', banHint: '封禁期间应答 code 7 与剩余秒数；超过限流的调用引发封禁。',
  closeLinks: '关闭连接', cutLinks: '强行切断', dropped: '已断开的连接数：',
  clock: '沙箱的时钟', ahead: '比真实时间快：', moveBy: '拨快的秒数（负数为拨慢）', move: '拨动时钟', clockHint: '封禁、session 与消息的重推随之到期；时间戳与沙箱相差超过 10 分钟的调用应答 code 31。',
  secret: 'taobao.top.secret.get 的密钥', secretVersion: '当前版本：', rotate: '轮换密钥', secretHint: '轮换后发出新版本的密钥；旧版本加密的字段仍可用旧密钥打开。app_secret 不变。',
  connect: '接入', connectHint: '把客户端的网关指向这里。app_secret 与 session 从环境变量读取，点“查看”才显示。', clients: '各语言的写法', show: '查看', settingNames: { app_key: 'app_key', gateway: '网关地址', app_secret: 'app_secret', session: 'session' },
  appGone: '地址中的应用已不存在，现在显示最新的应用。不存在的 app_key：', trade: '订单', findTrade: '按订单编号（tid）查找', find: '查找', history: '时间线', stored: '沙箱保存的内容', lastSteps: '只显示最后',
  timeNames: { created: '下单', pay_time: '买家付款', consign_time: '卖家发货', end_time: '交易结束', modified: '修改' },
  checks: { verified: '签名正确', unsigned: '不需要签名', stale: '签名正确，时间过期', refused: '签名正确，未通过其他检查', absent: '没有签名', wrong: '签名错误' },
  checkTexts: { stale: '签名本身正确：被拒绝是因为 timestamp 与沙箱时间相差超过 10 分钟。' },
  kindTexts: {
    latency: '延迟若干秒应答', reset: '应答前重置连接', close: '应答前关闭连接', half_body: '只发一半应答就关闭连接', empty: '200，内容为空', html: '应答一个网页', truncated: '只发前一半，却当作完整应答', control_characters: '应答的字符串中夹带控制字符', content_type: 'Content-Type 写成 text/html', broken_gzip: '声明 gzip，发的却不是', huge: '用空白把应答撑大', redirect: '302 跳转到别的主机', error: '以 error_response 应答',
    lost: '通知丢失', late: '通知迟到若干秒', doubled: '通知到达两次', out_of_order: '通知晚于下一个通知到达',
  },
  entryKinds: { call: '调用', item: '批量项', batch: '批量', oauth: 'OAuth', channel: '消息帧', outbound: '回调' },
  stateTexts: { WAIT_BUYER_PAY: '待付款', WAIT_SELLER_SEND_GOODS: '待发货', WAIT_BUYER_CONFIRM_GOODS: '已发货', TRADE_FINISHED: '已完成', TRADE_CLOSED: '已关闭', TRADE_CLOSED_BY_TAOBAO: '已关闭' },
  partNames: { 'secret before': '密钥（串首）', 'secret behind': '密钥（串尾）', body: '原始报文' },
};

const en = {
  title: 'Taobao Open Platform sandbox', reset: 'Forget requests', sure: 'Forget all requests of the list?', apps: 'App',
  requests: 'Requests', trades: 'Trades', messages: 'Messages', faults: 'Faults',
  search: 'Filter: method, title, error code', unknownMethod: '(no method)', fault: 'fault',
  noRequests: 'No request yet. Point the gateway of your client at the address above; requests appear here at once.',
  message: 'Signed string', unsigned: 'It has no signature of its own: an item is signed with its batch, OAuth goes by client_secret, frames by the token of their connection.', cut: 'It is too long to be compared.',
  other: 'The signature fits none of the usual mistakes: another secret, or other values signed than sent. Compare your string with the expected one, piece by piece.', foreign: 'It was not made with the secret it should be made with.', secretMasked: '******** stands for the app_secret.',
  arrived: 'As it arrived', signed: 'As it was signed', parameters: 'Parameters', files: 'Files (not signed)', bytes: 'bytes', body: 'Raw body', answer: 'Answer', fields: 'Fields of the method', own: "the method's", common: 'common', notes: 'Worth knowing',
  replay: 'Replay', replaySigned: 'Sign anew and replay', replayed: 'Replayed; the answer: ', fine: 'good', advice: 'What it means, and what to do',
  orders: 'Trades', number: 'Number', goods: 'Goods', buyer: 'Buyer', payment: 'Paid (yuan)', state: 'State', created: 'Created', modified: 'Modified', action: 'Action',
  pay: 'Buyer pays', ship: 'Ship', finish: 'Buyer confirms', close: 'Close', newTrade: 'New trades', count: 'How many', place: 'Place', placed: 'Placed',
  sessions: 'Sessions (their beginnings only)', token: 'Session', seller: 'Seller', expires: 'Good until', never: 'for ever', expired: 'expired', expire: 'Let it expire', withdraw: 'Withdraw', revive: 'Make it good again',
  connections: 'Connections to the message channel', waiting: 'Waiting', unconfirmed: 'Handed out, not confirmed', confirmed: 'Confirmed', failed: 'Failed', sentByClient: 'Published by clients', topic: 'Topic', content: 'Content', group: 'Group', time: 'Time', deliveries: 'Handed out', reason: 'Reason',
  publish: 'Publish a message', jsonContent: 'Content (JSON)', send: 'Publish', published: 'Published', spi: 'Call your server (SPI)', url: 'Your address', method: 'Method', jsonParameters: "The method's parameters (a JSON object of texts)", jsonBody: 'Raw body (JSON; a form if empty)', age: 'Stamped so many seconds ago', forged: 'Change it after it is signed (your server should refuse)', call: 'Call', called: 'Called; the status of the answer: ', notJson: 'This is no JSON object: ',
  switches: 'Switches', switchesHint: 'Switched on, a fault applies to every request until it is switched off. For one method, a number of times or an error code, add a rule below.', rule: 'Add a rule', rules: 'Rules in force', operation: 'Method (pattern with *; empty: all)', times: 'Times (empty: always)', after: 'Skip the first', seconds: 'Seconds late', status: 'HTTP status', size: 'Bytes', code: 'Error code', subCode: 'sub_code', subMsg: 'sub_msg', executed: 'Execute first, then fail', byKind: 'as its kind does', yes: 'yes', no: 'no',
  add: 'Add', remove: 'Remove', clear: 'Remove all', scope: 'Strikes', limit: 'Times', settings: 'Settings', all: 'all',
  throttle: 'Limits and bans', bans: 'Bans', limits: 'Limits', until: 'until', ban: 'Ban', banSeconds: 'Seconds of the ban', calls: 'Calls that pass', within: 'within seconds', setLimit: 'Set a limit', lift: 'Lift all', oneMethod: 'For this method only (empty: for all)', banHint: 'While a ban lasts, calls are refused with code 7 and the seconds that remain; a call beyond a limit starts a ban.',
  closeLinks: 'Close', cutLinks: 'Cut', dropped: 'Connections dropped: ',
  clock: "The sandbox's clock", ahead: 'Ahead of the real time: ', moveBy: 'Seconds to set it ahead (back, if negative)', move: 'Move the clock', clockHint: 'Bans, sessions and the repetition of messages age with it; calls stamped more than 10 minutes off are refused with code 31.',
  secret: 'The key of taobao.top.secret.get', secretVersion: 'Version in use: ', rotate: 'Rotate the key', secretHint: 'A new version is handed out from then on; what an older one encrypted is opened with that one. The app_secret stays.',
  connect: 'Connect', connectHint: 'Point the gateway of a client here. The app_secret and the session are read from the environment, and shown when you press the button.', clients: 'In the terms of each client', show: 'Show', settingNames: { app_key: 'app_key', gateway: 'Gateway', app_secret: 'app_secret', session: 'session' },
  appGone: 'The app of that address is gone; this is the latest one. Gone is app_key ', trade: 'Trade', findTrade: 'Find a trade by its number (tid)', find: 'Find', history: 'History', stored: 'As the sandbox stores it', lastSteps: 'the last steps only',
  timeNames: { created: 'ordered', pay_time: 'paid by the buyer', consign_time: 'sent by the seller', end_time: 'ended', modified: 'modified' },
  checks: { verified: 'signature right', unsigned: 'needs no signature', stale: 'signature right, time stale', refused: 'signature right, refused otherwise', absent: 'no signature', wrong: 'wrong signature' },
  checkTexts: { stale: "The signature itself is right: it was refused because its timestamp is more than ten minutes off the sandbox's time." },
  kindTexts: {
    latency: 'answer some seconds late', reset: 'reset the connection before the answer', close: 'close the connection before the answer', half_body: 'close the connection after half of the answer', empty: '200 with nothing', html: 'answer a web page', truncated: 'half of the answer as if it were whole', control_characters: "control characters in the answer's strings", content_type: 'declare text/html', broken_gzip: 'announce gzip, send something else', huge: 'pad the answer with white space', redirect: '302 to another host', error: 'answer error_response',
    lost: 'a notification is lost', late: 'a notification arrives some seconds late', doubled: 'a notification arrives twice', out_of_order: 'a notification arrives behind the next one',
  },
  entryKinds: { call: 'call', item: 'item', batch: 'batch', oauth: 'OAuth', channel: 'frame', outbound: 'to you' },
  stateTexts: { WAIT_BUYER_PAY: 'not paid', WAIT_SELLER_SEND_GOODS: 'to be sent', WAIT_BUYER_CONFIRM_GOODS: 'on its way', TRADE_FINISHED: 'finished', TRADE_CLOSED: 'closed', TRADE_CLOSED_BY_TAOBAO: 'closed' },
  partNames: { 'secret before': 'secret, in front', 'secret behind': 'secret, at the end', body: 'raw body' },
  catalogueTexts: { 公共参数: 'Common parameters' },
};

teach({ zh, en });

// The official titles are Chinese; in English the method's own name says what it is.
export const entryTitle = ({ method, title }) => (language === 'zh' && title ? title : method || say('unknownMethod'));
