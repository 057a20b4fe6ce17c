// Lambda@Edge, origin request: sends each request to the region that Route 53 chooses for this edge location.
//
// The name in settings.json has one CNAME record for each serving region. Route 53 answers with the name of one region, by the
// routing policy and the health checks of the records. `hosts` lists the names of the serving regions, the preferred one first.
'use strict';

const { Resolver } = require('node:dns').promises;
const { name, hosts } = require('./settings.json');

/** How long an answer is used, in milliseconds. The records have the same time to live. */
const CACHED_FOR = 30000;
/** How long a request waits for DNS, in milliseconds. */
const TIME_LIMIT = 1000;
/** How long requests do not wait for DNS again after it did not answer, in milliseconds. */
const RETRIED_AFTER = 5000;

const resolver = new Resolver({ timeout: TIME_LIMIT, tries: 1 });
// Lambda keeps these values between the requests of one execution environment.
let host = hosts[0];
let usableUntil = 0;

/** The name of the region that Route 53 chooses. */
async function ask() {
  // The resolver applies its own limit to each name server.
  const timer = setTimeout(() => resolver.cancel(), TIME_LIMIT);
  try {
    const [answer] = await resolver.resolveCname(name);
    const region = answer.toLowerCase().replace(/\.$/, '');
    if (!hosts.includes(region)) {
      throw new Error(`${name} leads to ${region}, which is not a serving region`);
    }
    return region;
  } finally {
    clearTimeout(timer);
  }
}

/** The name of the region for a request. Without an answer, it is the last one, or the preferred region. */
async function choose() {
  if (Date.now() >= usableUntil) {
    try {
      host = await ask();
      usableUntil = Date.now() + CACHED_FOR;
    } catch (error) {
      console.warn(`${error.code ?? error.message}: using ${host}`);
      usableUntil = Date.now() + RETRIED_AFTER;
    }
  }
  return host;
}

exports.handler = async (event) => {
  const { request } = event.Records[0].cf;
  const region = await choose();
  request.origin.custom.domainName = region;
  // API Gateway chooses the API by this header.
  request.headers.host = [{ key: 'Host', value: region }];
  return request;
};
