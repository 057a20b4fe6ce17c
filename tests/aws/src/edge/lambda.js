// Runs Lambda@Edge functions for the strict AWS. Each line of standard input is a request to run a function in a new execution
// environment. The function's DNS queries go to standard output, and their answers are read from standard input.
'use strict';

const path = require('node:path');
const readline = require('node:readline');
const vm = require('node:vm');
const zlib = require('node:zlib');

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const receive = async () => {
  const { value, done } = await lines.next();
  if (done) process.exit(0);
  return JSON.parse(value);
};

/** The files of a zip archive, by name. */
function unzip(archive) {
  const files = {};
  let at = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const count = archive.readUInt16LE(at + 10);
  at = archive.readUInt32LE(at + 16);
  for (let entry = 0; entry < count; entry += 1) {
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
    const [name, extra, comment] = [28, 30, 32].map((field) => archive.readUInt16LE(at + field));
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const data = archive.subarray(start, start + size);
    files[archive.toString('utf8', at + 46, at + 46 + name)] = method === 8 ? zlib.inflateRawSync(data) : data;
    at += 46 + name + extra + comment;
  }
  return files;
}

// One query at a time: the answers arrive in the order of the queries.
let queue = Promise.resolve();
function query(name, kind) {
  const answered = queue.then(async () => {
    send({ resolve: { name, kind } });
    const { answers } = await receive();
    if (answers.length > 0) return answers;
    throw Object.assign(new Error(`query${kind} ENOTFOUND ${name}`), { code: 'ENOTFOUND', hostname: name });
  });
  queue = answered.catch(() => {});
  return answered;
}

/** The part of node:dns that asks the strict AWS. Everything else is missing, so that a function that uses it fails. */
class Resolver {
  cancel() {}

  resolveCname(name) {
    return query(name, 'CNAME');
  }
}
const resolver = new Resolver();
const promises = { Resolver, resolveCname: (name) => resolver.resolveCname(name) };
const replaced = { dns: { promises }, 'dns/promises': promises };

/** Loads a module of the function. */
function load(files, name, loaded) {
  if (loaded[name]) return loaded[name].exports;
  const module = { exports: {} };
  loaded[name] = module;
  const text = files[name].toString('utf8');
  if (name.endsWith('.json')) {
    module.exports = JSON.parse(text);
    return module.exports;
  }
  const require_ = (wanted) => {
    if (wanted.startsWith('.')) {
      const file = path.posix.join(path.posix.dirname(name), wanted);
      const found = [file, `${file}.js`, `${file}.json`].find((candidate) => candidate in files);
      if (!found) throw new Error(`Cannot find module '${wanted}'`);
      return load(files, found, loaded);
    }
    return replaced[wanted.replace(/^node:/, '')] ?? require(wanted);
  };
  const body = vm.runInThisContext(`(function (exports, require, module) {${text}\n})`, { filename: name });
  body(module.exports, require_, module);
  return module.exports;
}

async function run({ zip, handler, event, timeout, environment }) {
  Object.assign(process.env, environment);
  const [file, name] = handler.split('.');
  const files = unzip(Buffer.from(zip, 'base64'));
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Task timed out after ${timeout / 1000} seconds`)), timeout);
  });
  try {
    const { [name]: called } = load(files, `${file}.js`, {});
    globalThis.call = () => called(event, {});
    return await Promise.race([vm.runInThisContext('call()', { timeout }), late]);
  } finally {
    clearTimeout(timer);
  }
}

// Standard output is for messages.
console.log = console.warn = console.info = console.debug = console.error;
(async () => {
  for (;;) {
    try {
      send({ result: (await run(await receive())) ?? null });
    } catch (error) {
      send({ error: String(error.message ?? error) });
    }
  }
})();
