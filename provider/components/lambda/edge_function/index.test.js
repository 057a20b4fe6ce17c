// The script as Lambda runs it, with its own answers in place of node:dns. Run by `cargo test`, or with `node --test`.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test, mock } = require('node:test');
const vm = require('node:vm');

const SCRIPT = fs.readFileSync(path.join(__dirname, 'index.js'), 'utf8');
const NAME = 'origin.api.example.com';
const [EAST, WEST] = ['us-east-1.api.example.com', 'us-west-2.api.example.com'];

/** A new execution environment. `answer` returns the answer to the next query, throws, or returns a promise. */
function environment(answer) {
  const state = { answer, queries: 0, cancelled: 0 };
  class Resolver {
    cancel() {
      state.cancelled += 1;
      this.fail?.(Object.assign(new Error('cancelled'), { code: 'ECANCELLED' }));
    }

    async resolveCname(name) {
      assert.equal(name, NAME);
      state.queries += 1;
      const cancelled = new Promise((_, reject) => { this.fail = reject; });
      return Promise.race([state.answer(), cancelled]);
    }
  }
  const modules = { 'node:dns': { promises: { Resolver } }, './settings.json': { name: NAME, hosts: [EAST, WEST] } };
  const globals = { console: { warn: () => {} }, setTimeout, clearTimeout, Date, Error, exports: {} };
  vm.runInNewContext(SCRIPT, { ...globals, require: (name) => modules[name] ?? assert.fail(name) });
  return Object.assign(state, { handler: globals.exports.handler });
}

function event(method = 'GET') {
  const origin = {
    custom: { domainName: EAST, port: 443, protocol: 'https', path: '', customHeaders: { 'x-verify': [{ key: 'x', value: '1' }] } },
  };
  const headers = { host: [{ key: 'Host', value: EAST }], 'x-one': [{ key: 'X-One', value: '1' }] };
  const request = { clientIp: '192.0.2.1', method, uri: '/a', querystring: 'b=1', headers, origin };
  return { Records: [{ cf: { config: { eventType: 'origin-request' }, request } }] };
}

async function region(state) {
  const request = await state.handler(event());
  assert.equal(request.headers.host[0].value, request.origin.custom.domainName);
  return request.origin.custom.domainName;
}

test.beforeEach(() => mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 }));
test.afterEach(() => mock.timers.reset());

test('a request goes to the region of the answer, and nothing else of it changes', async () => {
  const state = environment(() => [`${WEST.toUpperCase()}.`]);
  const sent = event('POST');
  const request = await state.handler(sent);
  const expected = event('POST').Records[0].cf.request;
  expected.origin.custom.domainName = WEST;
  expected.headers.host = [{ key: 'Host', value: WEST }];
  assert.deepEqual(JSON.parse(JSON.stringify(request)), expected);
});

test('an answer is used for 30 seconds', async () => {
  const state = environment(() => [EAST]);
  assert.equal(await region(state), EAST);
  state.answer = () => [WEST];
  mock.timers.tick(29_999);
  assert.equal(await region(state), EAST);
  assert.equal(state.queries, 1);
  mock.timers.tick(1);
  assert.equal(await region(state), WEST);
  assert.equal(state.queries, 2);
});

test('without an answer, the preferred region is used, and then the last one', async () => {
  const fails = () => { throw Object.assign(new Error('no answer'), { code: 'ESERVFAIL' }); };
  const state = environment(fails);
  assert.equal(await region(state), EAST);
  assert.equal(await region(state), EAST);
  assert.equal(state.queries, 1, 'requests do not wait again for five seconds');
  state.answer = () => [WEST];
  mock.timers.tick(5_000);
  assert.equal(await region(state), WEST);
  state.answer = fails;
  mock.timers.tick(30_000);
  assert.equal(await region(state), WEST);
  assert.equal(state.queries, 3);
});

test('a request waits one second for DNS', async () => {
  const state = environment(() => new Promise(() => {}));
  const waiting = region(state);
  mock.timers.tick(999);
  await new Promise(setImmediate);
  assert.equal(state.cancelled, 0);
  mock.timers.tick(1);
  assert.equal(await waiting, EAST);
  assert.equal(state.cancelled, 1);
});

test('a region that is not listed receives no requests', async () => {
  for (const answer of [['eu-central-1.api.example.com'], ['example.net'], []]) {
    assert.equal(await region(environment(() => answer)), EAST, String(answer));
  }
});
