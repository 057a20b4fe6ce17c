// The script as Lambda runs it, after an index.js that chooses us-west-2. The expected signatures are those of another
// implementation. Run by `cargo test`, or with `node --test`.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test, mock } = require('node:test');
const vm = require('node:vm');

const SCRIPT = fs.readFileSync(path.join(__dirname, 'sign.js'), 'utf8');
const WEST = 'us-west-2.api.example.com';

/** The result for a request with these fields. */
async function run(fields) {
  const choose = async (event) => {
    const { request } = event.Records[0].cf;
    request.origin.custom.domainName = WEST;
    request.headers.host = [{ key: 'Host', value: WEST }];
    return request;
  };
  const modules = { 'node:crypto': require('node:crypto'), './index.js': { handler: choose } };
  const env = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' };
  const globals = { process: { env }, Buffer, Date, exports: {} };
  vm.runInNewContext(SCRIPT, { ...globals, require: (name) => modules[name] ?? assert.fail(name) });
  const origin = { custom: { domainName: 'us-east-1.api.example.com', path: '' } };
  const headers = { 'x-one': [{ key: 'X-One', value: '1' }], authorization: [{ key: 'Authorization', value: 'Bearer x' }] };
  const request = { method: 'GET', uri: '/', querystring: '', headers, origin, ...fields };
  return globals.exports.handler({ Records: [{ cf: { request } }] });
}

const signature = (request) => request.headers.authorization[0].value.split('Signature=')[1];
const body = (text) => ({ inputTruncated: false, action: 'read-only', encoding: 'base64', data: btoa(text) });

test.beforeEach(() => mock.timers.enable({ apis: ['Date'], now: 1_000_000 }));
test.afterEach(() => mock.timers.reset());

test('path and query string are signed as they are sent', async () => {
  const request = await run({ uri: '/items/a%20b', querystring: 'b=2+*&a-b=1&a=1%2f' });
  assert.equal(request.querystring, 'b=2%20%2A&a-b=1&a=1%2F', 'the order of the parameters stays');
  assert.equal(signature(request), '346adc00f41f266c0ec65d3fd0c61947f579695462c84a19b506d11cd7e47971');
  const [{ value }] = request.headers.authorization;
  assert.match(value, /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/19700101\/us-west-2\/execute-api\/aws4_request, /);
  assert.match(value, / SignedHeaders=host;x-amz-date;x-amz-security-token, /);
  assert.equal(request.headers['x-amz-security-token'][0].value, 'token');
  assert.equal(request.headers['x-one'][0].value, '1', 'other headers stay');
});

test('the body is signed and stays', async () => {
  const sent = body('{"n":1}');
  const request = await run({ method: 'POST', uri: '/a', body: sent });
  assert.equal(signature(request), '13cd0c2e09ee86b8c77f98de6fee1a926c0f36869d6635e933e85d49fe8cf4b6');
  assert.deepEqual(request.body, sent);
});

test('a body that the function does not receive as a whole is refused', async () => {
  const response = await run({ method: 'POST', body: { ...body('a'), inputTruncated: true } });
  assert.equal(response.status, '413');
});

test('a query string that is not encoded correctly is refused', async () => {
  assert.equal((await run({ querystring: 'a=%zz' })).status, '400');
});
