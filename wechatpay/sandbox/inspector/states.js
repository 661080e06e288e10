// What the platform's states, times and bookings are called, in both languages.
import { teach } from './language.js';

// State, Chinese, English.
const STATES = `
ACCEPTED|已受理|accepted
ACCOUNT_NEED_VERIFY|待账户验证|account to be verified
APPLYMENT_STATE_AUDITING|审核中|being reviewed
APPLYMENT_STATE_AUDIT_REJECTED|审核驳回|rejected
APPLYMENT_STATE_CANCELED|已作废|cancelled
APPLYMENT_STATE_EDITTING|编辑中|being edited
APPLYMENT_STATE_FINISH|已完成|finished
APPLYMENT_STATE_FINISHED|已完成|finished
APPLYMENT_STATE_FREEZED|已冻结|frozen
APPLYMENT_STATE_MODIFING|修改中|being modified
APPLYMENT_STATE_OPEN_ACCOUNT|开通中|being opened
APPLYMENT_STATE_PASSED|审核通过|approved
APPLYMENT_STATE_REJECTED|已驳回|rejected
APPLYMENT_STATE_SIGNING|开通权限中|being opened
APPLYMENT_STATE_TO_BE_CONFIRMED|待账户验证|account to be verified
APPLYMENT_STATE_TO_BE_SIGNED|待签约|to be signed
APPLYMENT_STATE_WAITING_AUDIT|待审核|to be reviewed
APPLYMENT_STATE_WAITING_AUTH|待授权确认|to be authorized
APPLYMENT_STATE_WAITTING_FOR_AUDIT|待审核|to be reviewed
APPLYMENT_STATE_WAITTING_FOR_CONFIRM_CONTACT|待确认联系信息|contact to confirm
APPLYMENT_STATE_WAITTING_FOR_CONFIRM_LEGALPERSON|待账户验证|legal person to confirm
AUDITING|审核中|being reviewed
AUDIT_FAIL|审核驳回|rejected
AUDIT_SUCCESS|审核成功|approved
AVAILABLE|可用|usable
BLOCKED|不可用|blocked
CANCELED|已取消|cancelled
CANCEL_SUCCESS|注销成功|closed
CHECKING|资料校验中|being checked
CLOSE|已关闭|closed
COMPLETE|已完成|completed
CREATE_ACT_STATUS|已创建|created
CREATE_SUCCESS|受理成功|accepted
DEACTIVATED|已失效|void
DELETED|已删除|deleted
DISCARDED|已作废|discarded
DISCARD_ACCEPTED|作废已受理|discard accepted
ESTABLISHED|已建立|established
EXPIRE|已过期|expired
EXPIRED|已过期|expired
FAILED|失败|failed
FINISH|完成|finished
FINISHED|已完成|finished
FROZEN|已冻结|frozen
FULL_RETURN|已全额回退|returned in full
HAS_BEEN_CANCELLED|已注销|closed
INSERTED|已插卡|in the card wallet
INSERT_ACCEPTED|插卡已受理|card accepted
INVITED|已邀请|invited
ISSUED|已开票|issued
ISSUE_ACCEPTED|开票已受理|issue accepted
ISSUE_FAILED|开票失败|issue failed
MCH_COMPLETE|商户已完结|completed by the merchant
NEED_SIGN|待签约|to be signed
NORMAL|正常|normal
ONGOING|进行中|going on
ONGOING_ACT_STATUS|进行中|going on
OUT_SERVICE|已停用|out of service
OVER_TIME_ACT_STATUS|已过期|over
PARTIAL_RETURN|已部分回退|returned in part
PASSED|已通过|passed
PAUSE|已暂停|paused
PAUSED|已暂停|paused
PREPARED|已预约|prepared
REJECTED|已驳回|rejected
RETURN_RECEIPT_ACCEPTED|回退已受理|return accepted
RETURN_RECEIPT_FAIL|回退失败|return failed
RETURN_RECEIPT_SUCCESS|回退成功|returned
REVERSED|已冲红|reversed
REVERSE_ACCEPTED|冲红已受理|reversal accepted
REVERSE_FAILED|冲红失败|reversal failed
REVIEWING|审核中|being reviewed
RUNNING|运营中|running
SENDED|可用|usable
SIGN_PLAN_CANCEL|已取消|cancelled
STOP|已终止|stopped
STOPED|已停止|stopped
STOP_ACT_STATUS|已暂停|paused
TERMINATE_ACT_STATUS|已终止|terminated
UNAVAILABLE|未授权|not allowed
UNBINDUSER|已解绑|unbound
UNFINISHED|未完成约定|not kept
USED|已核销|used
USER_CONFIRM|用户已确认|confirmed by the user
WAITING|待处理|waiting
paused|已暂停|paused
running|运营中|running
stoped|已停止|stopped
unactivated|未激活|not activated
`;

// Member of an object that holds a time.
const TIMES = `
accept_time|受理|accepted
authorization_success_time|授权|allowed
authorization_time|授权|allowed
available_begin_time|可用开始|usable from
available_end_time|可用结束|usable until
available_start_time|可用开始|usable from
build_time|建立合作|built
cancel_authorization_time|解除授权|permission withdrawn
cancel_sign_time|取消签约|signature cancelled
contract_expired_time|协议到期|agreement expires
contract_signed_time|签约|signed
contract_terminated_time|解约|ended
deactivate_time|失效|made void
delete_time|删除|deleted
end_time|结束|ends
expire_time|过期|expires
expired_time|过期|expires
fapiao_time|开票|invoiced
initiate_time|发起|begun
operate_time|操作|operated
paid_time|支付|paid
pause_time|暂停|paused
payment_time|支付|paid
plan_over_time|计划到期|plan is over
receive_time|领取|received
recovery_time|恢复|recovered
restart_time|重启|restarted
return_create_time|回退创建|return created
return_done_time|回退完成|returned
return_time|退回|returned
send_time|发放|sent
service_end_time|服务结束|service ends
service_open_time|服务开通|service opened
sign_time|签约|signed
signed_time|签约|signed
start_time|开始|starts
begin_time|开始|begins
stop_time|停止|stopped
terminate_time|终止|terminated
terminated_time|解约|ended
use_time|核销|used
verify_finish_time|审核完成|reviewed
`;

// 业务类型 of what is booked.
const BOOKED = `
交易|交易|payment
退款|退款|refund
退款关闭|退款关闭|refund closed
撤销|撤销|reversal
商家转账|商家转账|transfer
商家转账退回|商家转账退回|transfer back
现金红包|现金红包|red packet
充值|充值|deposit
提现|提现|withdrawal
提现退票|提现退票|withdrawal sent back
分账|分账|split
分账回退|分账回退|split returned
补差|补差|subsidy
补差回退|补差回退|subsidy returned
商家券营销补差|商家券营销补差|coupon subsidy
商家券营销补差回退|商家券营销补差回退|coupon subsidy returned
代金券预算|代金券预算|budget of a coupon stock
代金券预算退回|代金券预算退回|budget returned
`;

const columns = (text, column) => Object.fromEntries(text.trim().split('\n').map((line) => line.split('|')).map((words) => [words[0], words[column]]));
const words = (column) => ({ stateTexts: columns(STATES, column), timeNames: columns(TIMES, column), bookNames: columns(BOOKED, column) });

teach({ zh: words(1), en: words(2) });
