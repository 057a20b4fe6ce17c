// Runs CloudFront Functions: reads one JSON object a line from standard input, and writes one a line to standard output.
//
// A function has the globals of the language, `console`, and the module `cloudfront`: no timers, no network, no other
// modules, and no code from text.
'use strict';

const readline = require('node:readline');
const vm = require('node:vm');

const IMPORT = /^\s*import\s+(\w+)\s+from\s+['"]cloudfront['"];?[ \t]*$/m;
const FORBIDDEN = [/^\s*import\s/m, /\bimport\s*\(/, /\brequire\s*\(/];
// CloudFront stops functions much earlier, by their share of the compute time.
const TIMEOUT_MS = 1000;

// Runs inside of the context, so that the function gets no object of this process.
const MODULE = `(function (input) {
    const { store, edgeLocation } = JSON.parse(input);
    const origin = { kind: 'default', originIds: [], statusCodes: [] };
    const missing = (key) => { throw new Error('KeyNotFound: ' + key); };
    const read = (key, options) => {
        const value = Object.hasOwn(store, key) ? store[key] : missing(key);
        return options && options.format === 'json' ? JSON.parse(value) : value;
    };
    const cf = {
        edgeLocation,
        kvs: () => ({
            get: async (key, options) => read(key, options),
            exists: async (key) => Object.hasOwn(store, key),
            meta: async () => ({ keyCount: Object.keys(store).length }),
        }),
        selectRequestOriginById: (id) => {
            Object.assign(origin, { kind: 'selected', originIds: [id], statusCodes: [] });
        },
        createRequestOriginGroup: (group) => {
            const originIds = group.originIds.map((member) => member.originId);
            const statusCodes = group.failoverCriteria.statusCodes;
            if (originIds.length !== 2 || !Array.isArray(statusCodes)) {
                throw new Error('an origin group has two origins and status codes');
            }
            Object.assign(origin, { kind: 'group', originIds, statusCodes });
        },
    };
    return { cf, origin };
})`;

async function run({ code, store, edgeLocation, event }) {
    const name = (code.match(IMPORT) || [])[1];
    const script = name ? code.replace(IMPORT, '') : code;
    if (FORBIDDEN.some((pattern) => pattern.test(script))) {
        throw new Error('only the module cloudfront can be imported, in the first statement');
    }
    const context = vm.createContext(Object.create(null), {
        codeGeneration: { strings: false, wasm: false },
        microtaskMode: 'afterEvaluate',
    });
    const input = JSON.stringify({ store, edgeLocation });
    const inside = (text) => vm.runInContext(text, context, { timeout: TIMEOUT_MS });
    inside(`var __module = ${MODULE}(${JSON.stringify(input)}); var __logs = [];
        var console = { log: function () { __logs.push(Array.prototype.map.call(arguments, String).join(' ')); } };
        ${name ? `var ${name} = __module.cf;` : ''}`);
    const text = JSON.stringify(JSON.stringify(event));
    inside(`'use strict';\n${script}\n
        var __result = { state: 'pending' };
        Promise.resolve().then(() => handler(JSON.parse(${text})))
            .then((value) => { __result = { state: 'done', value }; },
                  (error) => { __result = { state: 'failed', error: String(error) }; });`);
    const result = JSON.parse(inside('JSON.stringify({ result: __result, origin: __module.origin, logs: __logs })'));
    if (result.result.state !== 'done') {
        throw new Error(result.result.error || 'the function did not end');
    }
    return { value: result.result.value, origin: result.origin, logs: result.logs };
}

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    let answer;
    try {
        answer = await run(JSON.parse(line));
    } catch (error) {
        answer = { error: String(error && error.message || error) };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
});
