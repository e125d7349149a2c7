// @wecom/crypto, behind the line protocol of ../../README.md. The package has no envelope: what reads and writes XML, JSON
// and queries here is this program's.
'use strict';

const readline = require('readline');
const { decrypt, encrypt, getSignature } = require('@wecom/crypto');

function element(xml, name) {
  const found = new RegExp(`<${name}>(?:<!\\[CDATA\\[([^\\]]*)\\]\\]>|([^<]*))</${name}>`).exec(xml);
  return found && (found[1] ?? found[2]);
}

function read(request) {
  const query = new URLSearchParams(request.query ?? '');
  if (request.body === undefined) {
    return [query.get('msg_signature'), query.get('timestamp'), query.get('nonce'), query.get('echostr')];
  }
  const body = Buffer.from(request.body, 'base64').toString();
  const json = body.startsWith('{') ? JSON.parse(body) : null;
  const field = (inJson, inXml) => (json ? String(json[inJson]) : element(body, inXml));
  const cipherText = field('encrypt', 'Encrypt');
  if (request.query !== undefined) {
    return [query.get('msg_signature'), query.get('timestamp'), query.get('nonce'), cipherText];
  }
  return [field('msgsignature', 'MsgSignature'), field('timestamp', 'TimeStamp'), field('nonce', 'Nonce'), cipherText];
}

const operations = {
  hello() {
    return { name: '@wecom/crypto', version: require('@wecom/crypto/package.json').version };
  },
  open(request) {
    const [signature, timestamp, nonce, cipherText] = read(request);
    if (getSignature(request.token, timestamp, nonce, cipherText) !== signature) {
      return { refused: 'signature' };
    }
    const { message, id } = decrypt(request.key, cipherText);
    return { text: Buffer.from(message).toString('base64'), id };
  },
  seal(request) {
    const { timestamp, nonce } = request;
    const cipherText = encrypt(request.key, Buffer.from(request.text, 'base64').toString(), request.id);
    const signature = getSignature(request.token, timestamp, nonce, cipherText);
    if (request.form === 'ciphertext') {
      return { encrypt: cipherText, signature };
    }
    return { query: new URLSearchParams({ msg_signature: signature, timestamp, nonce, echostr: cipherText }).toString() };
  },
  bench(request) {
    const [signature, timestamp, nonce, cipherText] = read(request);
    const once = () => {
      if (getSignature(request.token, timestamp, nonce, cipherText) !== signature) {
        throw new Error('signature');
      }
      return decrypt(request.key, cipherText);
    };
    for (let index = 0; index < request.count / 4; index += 1) {
      once();
    }
    const start = process.hrtime.bigint();
    for (let index = 0; index < request.count; index += 1) {
      once();
    }
    return { ns: Number(process.hrtime.bigint() - start) };
  },
};

readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', (line) => {
  let answer;
  try {
    const request = JSON.parse(line);
    answer = operations[request.op](request);
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
