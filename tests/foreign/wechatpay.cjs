// wechatpay-axios-plugin against the sandbox: what it got of each call is printed as JSON.
const { Wechatpay, Rsa, Hash, Aes, Formatter, Multipart } = require('wechatpay-axios-plugin');

const settings = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const { mchid, appid, notify_url: notifyUrl } = settings;
const client = new Wechatpay({
  mchid,
  serial: settings.serial,
  privateKey: Rsa.from(settings.private_key, Rsa.KEY_TYPE_PRIVATE),
  certs: { [settings.public_key_id]: Rsa.from(settings.public_key, Rsa.KEY_TYPE_PUBLIC) },
  secret: settings.secret,
  merchant: { cert: settings.merchant_cert, key: settings.private_key },
  baseURL: settings.base_url,
  headers: { 'Wechatpay-Serial': settings.public_key_id },
});

const failed = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return error.response ? [error.response.status, error.response.data] : String(error);
  }
};

const order = (changes) => ({
  appid, mchid, description: '商品', out_trade_no: 'axios-0001', notify_url: notifyUrl, amount: { total: 100 }, ...changes,
});
const refund = { out_trade_no: 'axios-0001', out_refund_no: 'R1', amount: { refund: 30, total: 100, currency: 'CNY' } };

const parts = {
  async order() { return (await client.v3.pay.transactions.native.post(order())).data.code_url; },
  async unknown() { return failed(() => client.v3.pay.transactions.native.post(order({ foo: 1 }))); },
  async foreign() { return failed(() => client.v3.pay.transactions.native.post(order({ appid: 'wx0000000000000000' }))); },
  async query() {
    return (await client.v3.pay.transactions.outTradeNo._out_trade_no_.get({ params: { mchid }, out_trade_no: 'axios-0001' }))
      .data.trade_state;
  },
  async close() {
    await client.v3.pay.transactions.native.post(order({ out_trade_no: 'axios-0002' }));
    return (await client.v3.pay.transactions.outTradeNo._out_trade_no_.close
      .post({ mchid }, { out_trade_no: 'axios-0002' })).status;
  },
  async refund() { return (await client.v3.refund.domestic.refunds.post(refund)).data.status; },
  async certificates() {
    const { data } = (await client.v3.certificates.get()).data;
    return data.map(({ serial_no: serial, encrypt_certificate: sealed }) => [
      serial,
      Aes.AesGcm.decrypt(sealed.ciphertext, settings.apiv3_key, sealed.nonce, sealed.associated_data).slice(0, 27),
    ]);
  },
  async upload() {
    const file = Buffer.from('89504e470d0a1a0a', 'hex');
    const meta = { filename: 'a.png', sha256: Hash.sha256(file) };
    const form = new Multipart();
    form.append('meta', JSON.stringify(meta));
    form.append('file', file, 'a.png');
    // as bytes: newer axios writes the stream anew, without file names
    return (await client.v3.merchant.media.upload.post(form.getBuffer(), { meta, headers: form.getHeaders() })).data.media_id;
  },
  async v2() {
    return (await client.v2.pay.unifiedorder.post({
      appid, mch_id: mchid, body: '商品', out_trade_no: 'axios-v2', total_fee: 1, spbill_create_ip: '127.0.0.1',
      notify_url: notifyUrl, trade_type: 'NATIVE', product_id: '1', nonce_str: Formatter.nonce(),
    })).data.code_url;
  },
  async v2refund() {
    return (await client.v2.secapi.pay.refund.post({
      appid, mch_id: mchid, op_user_id: mchid, out_trade_no: 'axios-0001', out_refund_no: 'R2', total_fee: 100,
      refund_fee: 10, nonce_str: Formatter.nonce(),
    }, { security: true })).data.result_code;
  },
  async notification() {
    const { headers, body } = settings.notification;
    const told = JSON.parse(body).resource;
    const signed = Formatter.joinedByLineFeed(headers['Wechatpay-Timestamp'], headers['Wechatpay-Nonce'], body);
    return [
      Rsa.verify(signed, headers['Wechatpay-Signature'], Rsa.from(settings.public_key, Rsa.KEY_TYPE_PUBLIC)),
      JSON.parse(Aes.AesGcm.decrypt(told.ciphertext, settings.apiv3_key, told.nonce, told.associated_data)).trade_state,
    ];
  },
};

(async () => {
  const got = {};
  for (const name of settings.parts) {
    try {
      got[name] = await parts[name]();
    } catch (error) {
      console.error(name, error.message, error.response && [error.response.status, error.response.data]);
      process.exit(1);
    }
  }
  console.log(JSON.stringify(got));
})();
