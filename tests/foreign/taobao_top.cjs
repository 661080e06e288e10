// node-taobao-topclient against the sandbox: a call that is answered, and one that is refused.
const TopClient = require('node-taobao-topclient').default;

const settings = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const client = (secret) => new TopClient({ appkey: settings.app_key, appsecret: secret, REST_URL: settings.url });
const failed = (call) => call.then(() => null, (error) => error.code);

(async () => {
  console.log(JSON.stringify({
    time: await client(settings.app_secret).execute('taobao.time.get', {}),
    unknown: await failed(client(settings.app_secret).execute('taobao.no.such.method', {})),
    unsigned: await failed(client('another').execute('taobao.time.get', {})),
  }));
})();
